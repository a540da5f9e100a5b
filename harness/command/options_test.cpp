#include "harness/command/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

[[nodiscard]] options parsed(const std::vector<std::string>& words) {
    std::vector<const char*> argv{"pidmap-stress"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    return parse_options(static_cast<int>(argv.size()), argv.data());
}
/// `words` after "run", which must be right.
[[nodiscard]] run_options run_of(std::vector<std::string> words) {
    words.insert(words.begin(), "run");
    options all = parsed(words);
    EXPECT_EQ(all.what, command::run) << all.message;
    return std::move(all.run);
}
[[nodiscard]] std::string names_of(const std::vector<cell>& cells) {
    std::string names;
    for (const cell& one : cells)
        names += std::string(one.variant->info->name) + "/" + std::string(to_string(one.how)) +
                 "/" + std::string(one.workload->info->name) + " ";
    return names;
}

// Without any option, a run is a minute of everything that makes sense, under a new seed.
TEST(OptionsTest, TheDefaultIsAMinuteOfEverything) {
    const run_options run = run_of({});
    std::size_t sensible = 0;
    for (const subject_entry& variant : variant_subjects())
        for (const scenario_entry& one : scenarios())
            for (int how = 0; how < discipline_count; ++how)
                sensible += fits(*one.info, static_cast<discipline>(how), variant.nests) ? 1 : 0;
    EXPECT_EQ(run.cells.size(), sensible);
    EXPECT_EQ(run.duration, 60s);
    EXPECT_EQ(run.trial.operations, 0U);
    EXPECT_GE(run.trial.workers, 4U);
    EXPECT_EQ(run.trial.pool, under_tsan ? pool_kind::jthread : pool_kind::tbb);
    EXPECT_EQ(run.trial.jitter_one_in, 0U);
    EXPECT_EQ(run.trial.pid_max, 0);
    EXPECT_FALSE(run.trial.pin);
    EXPECT_FALSE(run.strict);
    EXPECT_EQ(run.json_path, "");
    std::set<std::uint64_t> seeds;
    for (int n = 0; n < 10; ++n) seeds.insert(run_of({}).seed);
    EXPECT_GT(seeds.size(), 1U);
}

// What is not named is everything that fits the rest.
TEST(OptionsTest, OneNameChoosesWhatFitsIt) {
    for (const scenario_entry& one : scenarios()) {
        const run_options run =
            run_of({"--variant", "sound", "--scenario", std::string(one.info->name)});
        std::size_t sensible = 0;
        for (int how = 0; how < discipline_count; ++how)
            sensible += fits(*one.info, static_cast<discipline>(how), true) ? 1 : 0;
        EXPECT_EQ(run.cells.size(), sensible) << one.info->name;
    }
    for (const std::string how : {"member", "reference", "lookup"})
        EXPECT_GT(run_of({"--variant", "sound", "--discipline", how}).cells.size(), 5U) << how;
}

// Every option is read.
TEST(OptionsTest, ReadsEveryOption) {
    const run_options run =
        run_of({"--variant",    "sound",   "--scenario",   "churn",
                "--discipline", "member",  "--threads",    "7",
                "--pool",       "jthread", "--duration",   "90s",
                "--ops",        "5000",    "--seed",       "18446744073709551615",
                "--pid-max",    "4194304", "--jitter",     "100",
                "--pin",        "--json",  "results.json", "--strict"});
    EXPECT_EQ(names_of(run.cells), "sound/member/churn ");
    EXPECT_EQ(run.trial.workers, 7U);
    EXPECT_EQ(run.trial.pool, pool_kind::jthread);
    EXPECT_EQ(run.duration, 90s);
    EXPECT_EQ(run.trial.operations, 5000U);
    EXPECT_EQ(run.seed, UINT64_MAX);
    EXPECT_EQ(run.trial.pid_max, 4194304);
    EXPECT_EQ(run.trial.jitter_one_in, 100U);
    EXPECT_TRUE(run.trial.pin);
    EXPECT_EQ(run.json_path, "results.json");
    EXPECT_TRUE(run.strict);
}

TEST(OptionsTest, ReadsHowOftenToRunAndWhatToExclude) {
    const run_options run = run_of({"--repeat", "20", "--confirm-fix", "3/h"});
    EXPECT_EQ(run.repeat, 20U);
    ASSERT_TRUE(run.confirm);
    EXPECT_EQ(run.confirm->per, bug_rate::unit::cpu_hour);
    EXPECT_EQ(run_of({}).repeat, 0U);
    EXPECT_FALSE(run_of({}).confirm);
}

// A mutant is run if it is named; `all` is what a user might want to use.
TEST(OptionsTest, MutantsAreKnownByNameOnly) {
    EXPECT_EQ(
        names_of(run_of({"--variant", "lost_put", "--scenario", "churn", "--discipline", "member"})
                     .cells),
        "lost_put/member/churn ");
    EXPECT_EQ(names_of(run_of({}).cells).find("lost_put"), std::string::npos);
}

// With operations and no duration, operations are the only limit.
TEST(OptionsTest, OperationsAloneAreTheOnlyLimit) {
    const run_options run = run_of({"--ops", "10"});
    EXPECT_EQ(run.trial.operations, 10U);
    EXPECT_EQ(run.duration, 0s);
}

// --jitter alone has a value of its own, wherever it stands.
TEST(OptionsTest, JitterHasAValueOfItsOwn) {
    EXPECT_EQ(run_of({"--jitter"}).trial.jitter_one_in, 64U);
    EXPECT_EQ(run_of({"--jitter", "--pin"}).trial.jitter_one_in, 64U);
    EXPECT_THAT(run_of({"--jitter"}).common_arguments, HasSubstr("--jitter 64"));
}

// Lists select, in the order given, each name once; `all` is all, and "list=x" works too.
TEST(OptionsTest, ListsSelect) {
    EXPECT_EQ(names_of(run_of({"--variant", "sound,per_pid,sound", "--scenario=churn",
                               "--discipline", "reference,member"})
                           .cells),
              "sound/reference/churn sound/member/churn per_pid/reference/churn "
              "per_pid/member/churn ");
    EXPECT_EQ(names_of(run_of({"--variant", "all", "--scenario", "all"}).cells),
              names_of(run_of({}).cells));
    EXPECT_EQ(names_of(run_of({"--variant", "sound", "--scenario", "lookup,lifecycle"}).cells),
              "sound/member/lifecycle sound/reference/lifecycle sound/lookup/lookup ");
}

// The bounds themselves are fine.
TEST(OptionsTest, BoundsAreIncluded) {
    EXPECT_EQ(run_of({"--threads", "1"}).trial.workers, 1U);
    EXPECT_EQ(run_of({"--threads", "256"}).trial.workers, 256U);
    EXPECT_EQ(run_of({"--pid-max", "301"}).trial.pid_max, 301);
    EXPECT_EQ(run_of({"--jitter", "1"}).trial.jitter_one_in, 1U);
    EXPECT_EQ(run_of({"--jitter", "1000000"}).trial.jitter_one_in, 1'000'000U);
    EXPECT_EQ(run_of({"--ops", "1"}).trial.operations, 1U);
    EXPECT_EQ(run_of({"--seed", "0"}).seed, 0U);
}

// Numbers are decimal, with zeros in front of them too.
TEST(OptionsTest, NumbersAreDecimal) {
    EXPECT_EQ(run_of({"--threads", "010"}).trial.workers, 10U);
    EXPECT_EQ(parsed({"explore", "--seed", "010"}).explore.seed, 10U);
    EXPECT_EQ(parsed({"explore", "--budget", "0100"}).explore.budget, 100U);
    EXPECT_EQ(parsed({"mutants", "--seeds", "010"}).mutants.seeds, 10U);
}

struct bad_input {
    const char* name;
    std::vector<std::string> words;
    /// What is wrong, and what would be right.
    const char* wrong;
    const char* right;

    friend void PrintTo(const bad_input& what, std::ostream* out) { *out << what.name; }
};

class BadInputTest : public ::testing::TestWithParam<bad_input> {};

// Bad input of any kind gives exactly one line, which says what is wrong and what would be right,
// and exit code 1; nothing is run.
TEST_P(BadInputTest, IsAnsweredInOneLine) {
    const options all = parsed(GetParam().words);
    EXPECT_NE(all.what, command::run);
    EXPECT_EQ(all.exit_code, exit_usage);
    EXPECT_EQ(std::ranges::count(all.message, '\n'), 1);
    EXPECT_EQ(all.message.back(), '\n');
    EXPECT_THAT(all.message, AllOf(StartsWith("pidmap-stress: "), HasSubstr(GetParam().wrong),
                                   HasSubstr(GetParam().right)));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadInputTest,
    ::testing::Values(
        bad_input{"NoCommand",
                  {},
                  "command",
                  "run, soak, report, status, explore, replay, mutants, list, self-test"},
        bad_input{"UnknownCommand", {"walk"}, "'walk'", "mutants, list, self-test"},
        bad_input{"NoRepetition", {"run", "--repeat", "0"}, "--repeat 0", "1 to 10000"},
        bad_input{"NoRate", {"run", "--confirm-fix", "often"}, "'often'", "7/20"},
        bad_input{"UnknownOption", {"run", "--frobnicate"}, "--frobnicate", "--strict"},
        bad_input{"UnknownOptionOfList", {"list", "--all"}, "--all", "--json"},
        bad_input{"StrayWord", {"run", "sound"}, "sound", "--help"},
        bad_input{"UnknownVariant", {"run", "--variant", "nope"}, "--variant 'nope'", "per_pid"},
        bad_input{"UnknownAmongKnown", {"run", "--variant", "sound,nope"}, "'nope'", "per_pid"},
        bad_input{"UnknownBesideAll", {"run", "--variant", "all,nope"}, "'nope'", "per_pid"},
        bad_input{"EmptyVariant", {"run", "--variant", ""}, "--variant", "per_pid"},
        bad_input{"NoVariant", {"run", "--variant"}, "--variant", "--help"},
        bad_input{"UnknownScenario", {"run", "--scenario", "x"}, "--scenario 'x'", "churn"},
        bad_input{"UnknownDiscipline", {"run", "--discipline", "x"}, "--discipline 'x'", "lookup"},
        bad_input{"UnknownPool", {"run", "--pool", "omp"}, "--pool 'omp'", "tbb, jthread"},
        bad_input{"NoThreads", {"run", "--threads", "0"}, "--threads 0", "1 to 256"},
        bad_input{"NegativeThreads", {"run", "--threads", "-1"}, "--threads -1", "1 to 256"},
        bad_input{"TooManyThreads", {"run", "--threads", "257"}, "--threads 257", "1 to 256"},
        bad_input{"ThreadsInWords", {"run", "--threads", "two"}, "--threads 'two'", "1 to 256"},
        bad_input{"HalfAThread", {"run", "--threads", "1.5"}, "--threads '1.5'", "1 to 256"},
        bad_input{"HexThreads", {"run", "--threads", "0x10"}, "--threads '0x10'", "1 to 256"},
        bad_input{"EmptyThreads", {"run", "--threads", ""}, "--threads ''", "1 to 256"},
        bad_input{"MissingThreads", {"run", "--threads"}, "--threads", "--help"},
        bad_input{"ThreadsTwice", {"run", "--threads", "1", "--threads", "2"}, "--threads", "once"},
        bad_input{"NegativeBudget", {"explore", "--budget", "-1"}, "--budget -1", "0 to"},
        bad_input{"BudgetOverflows",
                  {"explore", "--budget", "99999999999999999999"},
                  "--budget 99999999999999999999",
                  "0 to 18446744073709551615"},
        bad_input{"SeedOfExploreInWords", {"explore", "--seed", "abc"}, "--seed 'abc'", "0 to"},
        bad_input{"NegativeFirstSeed", {"mutants", "--seed", "-1"}, "--seed -1", "0 to"},
        bad_input{"NoJobs", {"explore", "--jobs", "0"}, "--jobs 0", "1 to 256"},
        bad_input{"TooManyTurns", {"explore", "--turns", "9"}, "--turns 9", "1 to 8"},
        bad_input{"OnePage", {"explore", "--pages", "1"}, "--pages 1", "2 to 3"},
        bad_input{"NoSeeds", {"mutants", "--seeds", "0"}, "--seeds 0", "1 to 1000"},
        bad_input{"PidMaxTooLow", {"run", "--pid-max", "300"}, "--pid-max 300", "301 to 4194304"},
        bad_input{"PidMaxTooHigh",
                  {"run", "--pid-max", "4194305"},
                  "--pid-max 4194305",
                  "301 to 4194304"},
        bad_input{
            "PidMaxInWords", {"run", "--pid-max", "many"}, "--pid-max 'many'", "301 to 4194304"},
        bad_input{"PidMaxOverflows",
                  {"run", "--pid-max", "99999999999999999999"},
                  "--pid-max",
                  "301 to 4194304"},
        bad_input{"DurationWithoutUnit", {"run", "--duration", "5"}, "--duration '5'", "45s"},
        bad_input{"NoDuration", {"run", "--duration", "0s"}, "--duration 0s", "1ms to 365d"},
        bad_input{"NegativeDuration", {"run", "--duration=-5s"}, "--duration -5s", "1ms to 365d"},
        bad_input{"EmptyDuration", {"run", "--duration", ""}, "--duration ''", "45s"},
        bad_input{
            "DurationBesideOps", {"run", "--ops", "5", "--duration", "x"}, "--duration 'x'", "45s"},
        bad_input{"NoOps", {"run", "--ops", "0"}, "--ops 0", "1 to 1000000000000"},
        bad_input{"NegativeOps", {"run", "--ops", "-5"}, "--ops -5", "1 to 1000000000000"},
        bad_input{"OpsInWords", {"run", "--ops", "10k"}, "--ops '10k'", "1 to 1000000000000"},
        bad_input{"NoJitter", {"run", "--jitter", "0"}, "--jitter 0", "1 to 1000000"},
        bad_input{
            "TooRareJitter", {"run", "--jitter", "1000001"}, "--jitter 1000001", "1 to 1000000"},
        bad_input{"JitterInWords", {"run", "--jitter", "much"}, "--jitter 'much'", "1 to 1000000"},
        bad_input{"NegativeSeed", {"run", "--seed", "-1"}, "--seed", "0 to 18446744073709551615"},
        bad_input{"SeedOverflows",
                  {"run", "--seed", "18446744073709551616"},
                  "--seed",
                  "0 to 18446744073709551615"},
        bad_input{
            "SeedInWords", {"run", "--seed", "abc"}, "--seed 'abc'", "0 to 18446744073709551615"},
        bad_input{"EmptyJson", {"run", "--json", ""}, "--json", "path"},
        bad_input{"ImpossibleCombination",
                  {"run", "--scenario", "lookup", "--discipline", "member"},
                  "--scenario lookup",
                  "runs under lookup"},
        bad_input{"ImpossibleAmongPossible",
                  {"run", "--scenario", "churn,lookup", "--discipline", "member"},
                  "--scenario lookup",
                  "runs under lookup"},
        bad_input{"ImpossibleDiscipline",
                  {"run", "--scenario", "lifecycle", "--discipline", "member,lookup"},
                  "--discipline lookup",
                  "runs under member, reference"}),
    [](const auto& one) { return std::string(one.param.name); });

// The other commands are read, and asking for help is not an error.
TEST(OptionsTest, ReadsTheOtherCommands) {
    EXPECT_EQ(parsed({"list"}).what, command::list);
    EXPECT_EQ(parsed({"list"}).list_json, "");
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"list", "--json"}, {"list", "--json", "-"}, {"list", "--json=-"}})
        EXPECT_EQ(parsed(words).list_json, "-");
    EXPECT_EQ(parsed({"list", "--json", "file"}).list_json, "file");
    EXPECT_EQ(parsed({"self-test"}).what, command::self_test);
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"--help"}, {"-h"}, {"run", "--help"}}) {
        const options all = parsed(words);
        EXPECT_EQ(all.what, command::help);
        EXPECT_EQ(all.exit_code, exit_as_expected);
        EXPECT_THAT(all.message, HasSubstr("--help"));
    }
    EXPECT_THAT(parsed({"--help"}).message, AllOf(HasSubstr("run"), HasSubstr("exit codes")));
    for (const char* option :
         {"--variant", "--scenario", "--discipline", "--threads", "--pool", "--duration", "--ops",
          "--seed", "--pid-max", "--jitter", "--pin", "--json", "--strict"})
        EXPECT_THAT(parsed({"run", "--help"}).message, HasSubstr(option));
}

// A word is quoted where a shell would not read it as one word, and only there.
TEST(OptionsTest, QuotesForTheShell) {
    EXPECT_EQ(shell_quoted("build/pidmap-stress"), "build/pidmap-stress");
    EXPECT_EQ(shell_quoted(""), "''");
    EXPECT_EQ(shell_quoted("a b"), "'a b'");
    EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
    for (const char* text : {"$HOME", "a;b", "a&b", "*", "~", "a\"b", "(", "a\nb", "#"})
        EXPECT_EQ(shell_quoted(text), "'" + std::string(text) + "'");
}

}  // namespace
}  // namespace pidmap_stress
