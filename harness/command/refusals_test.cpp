// Goal: show that a refusal says why. Each wrong command line is answered by one sentence, which
// names the wrong word and what would be right; by exit code 1; and by nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/command/explore/explore_command.hpp"
#include "harness/command/options.hpp"
#include "harness/command/selection.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/subject.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using testing::program_end;
using testing::run_pidmap_stress;

struct refusal {
    const char* words;  ///< Separated by spaces; '' is an empty one.
    /// The whole answer, without "pidmap-stress: ". {variants} and the like stand for all names of
    /// that kind: a new one needs no change here.
    const char* answer;
};

[[nodiscard]] std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find(' ', from), text.size());
        const std::string word = text.substr(from, end - from);
        words.push_back(word == "''" ? "" : word);
        from = end + 1;
    }
    return words;
}

[[nodiscard]] std::string names_of(const std::vector<cell_catalogue::scenario>& scenarios) {
    std::vector<std::string_view> names;
    for (const cell_catalogue::scenario& one : scenarios) names.push_back(one.name);
    return fmt::format("{}", fmt::join(names, ", "));
}

[[nodiscard]] std::string or_a_mutant() {
    return native_catalogue().mutants.empty() ? "; mutants are in pidmap-stress-mutants"
                                              : ", or a mutant (see pidmap-stress list)";
}

/// The options of a command, as its help has them.
[[nodiscard]] std::string options_of(const std::string& command) {
    const std::string help = run_pidmap_stress({command, "--help"}).out;
    const std::regex option("\n  (--[a-z-]+)");
    std::vector<std::string> names;
    for (std::sregex_iterator it(help.begin(), help.end(), option), end; it != end; ++it)
        names.push_back((*it)[1]);
    return fmt::format("{}", fmt::join(names, ", "));
}

[[nodiscard]] std::string filled_in(std::string text) {
    const cell_catalogue native = native_catalogue();
    const cell_catalogue explored = explored_catalogue();
    std::vector<std::string_view> holding;
    for (const subject_entry& one : variant_subjects())
        if (one.info->breaks.empty()) holding.push_back(one.info->name);
    const std::pair<std::string, std::string> all[] = {
        {"{variants}", fmt::format("{}, all{}", fmt::join(native.variants, ", "), or_a_mutant())},
        {"{scenarios}", names_of(native.scenarios) + ", all"},
        {"{explored}", names_of(explored.scenarios) + ", all"},
        {"{of token's variant}",
         fmt::format("{}{}", fmt::join(native.variants, ", "), or_a_mutant())},
        {"{of token's scenario}", "calls, " + names_of(explored.scenarios)},
        {"{candidates}", fmt::format("{}, all{}", fmt::join(holding, ", "), or_a_mutant())},
        {"{strategies}", fmt::format("{}", fmt::join(names_of(explore_strategies), ", "))},
        {"{models}", fmt::format("{}", fmt::join(names_of(explore_models), ", "))},
        {"{commands}",
         "commands are: run, soak, report, status, explore, replay, mutants, list, self-test; see "
         "pidmap-stress --help"},
    };
    for (const auto& [name, names] : all)
        if (const std::size_t at = text.find(name); at != std::string::npos)
            text.replace(at, name.size(), names);
    constexpr std::string_view options = "{options of ";
    if (const std::size_t at = text.find(options); at != std::string::npos) {
        const std::size_t from = at + options.size();
        const std::size_t end = text.find('}', from);
        text.replace(at, end + 1 - at, options_of(text.substr(from, end - from)));
    }
    return text;
}

void expect_refusal(const refusal& one) {
    const program_end end = run_pidmap_stress(split(one.words));
    EXPECT_EQ(end.err, "pidmap-stress: " + filled_in(one.answer) + "\n") << one.words;
    EXPECT_EQ(end.out, "") << one.words;
    EXPECT_EQ(end.code, exit_usage) << one.words;
}

constexpr refusal of_every_command[] = {
    {"", "a command is missing; the {commands}"},
    {"walk", "'walk' is not a command; the {commands}"},
    {"rum", "'rum' is not a command; did you mean run? The {commands}"},
    {"--variant sound",
     "--variant belongs behind a command that takes it: run, soak, explore; see pidmap-stress "
     "--help"},
    {"--frobnicate", "--frobnicate stands where a command should be; the {commands}"},
    {"-x", "-x stands where a command should be; the {commands}"},
    {"''", "'' is not a command; the {commands}"},
    {"run list", "run does not take the word 'list'; see pidmap-stress run --help"},
    {"run sound",
     "run does not take the word 'sound'; did you mean --variant sound? See "
     "pidmap-stress run --help"},
    {"run page_zero",
     "run does not take the word 'page_zero'; did you mean --scenario page_zero? See "
     "pidmap-stress run --help"},
    {"run member",
     "run does not take the word 'member'; did you mean --discipline member? See "
     "pidmap-stress run --help"},
    {"run blah", "run does not take the word 'blah'; see pidmap-stress run --help"},
    {"run -- blah", "run does not take the word 'blah'; see pidmap-stress run --help"},
    {"run --frobnicate", "--frobnicate is not an option of run; it takes: {options of run}"},
    {"run --thread 3",
     "--thread is not an option of run; did you mean --threads? It takes: {options of run}"},
    {"run --matrix", "--matrix is an option of explore, not of run; run takes: {options of run}"},
    {"run --version", "--version stands alone, without a command: pidmap-stress --version"},
    {"run --pin=maybe", "--pin is a flag, which takes no value"},
    {"run --strict=false", "--strict is a flag, which takes no value"},
    {"run --threads",
     "--threads needs a value: workers, 1 to 256 [twice the cores, at least 4]; see "
     "pidmap-stress run --help"},
    {"run --threads=",
     "--threads needs a value: workers, 1 to 256 [twice the cores, at least 4]; see "
     "pidmap-stress run --help"},
    {"run --threads ''", "--threads '' is not a whole number; it must be 1 to 256"},
    {"run --threads 1 --threads 2", "--threads is given 2 times; give it once"},
    {"run --threads 0", "--threads 0 is out of range; it must be 1 to 256"},
    {"run --threads 257", "--threads 257 is out of range; it must be 1 to 256"},
    {"run --threads -1", "--threads -1 is out of range; it must be 1 to 256"},
    {"run --threads two", "--threads 'two' is not a whole number; it must be 1 to 256"},
    {"run --threads 1.5", "--threads '1.5' is not a whole number; it must be 1 to 256"},
    {"run --threads 0x10", "--threads '0x10' is not a whole number; it must be 1 to 256"},
    {"run --threads 99999999999999999999999",
     "--threads 99999999999999999999999 is out of range; it must be 1 to 256"},
    {"run --seed -1", "--seed -1 is out of range; it must be 0 to 18446744073709551615"},
    {"run --seed abc", "--seed 'abc' is not a whole number; it must be 0 to 18446744073709551615"},
    {"run --seed 18446744073709551616",
     "--seed 18446744073709551616 is out of range; it must be 0 to 18446744073709551615"},
    {"run --ops 0", "--ops 0 is out of range; it must be 1 to 1000000000000"},
    {"run --ops 10k", "--ops '10k' is not a whole number; it must be 1 to 1000000000000"},
    {"run --ops 1000000000001",
     "--ops 1000000000001 is out of range; it must be 1 to 1000000000000"},
    {"run --pid-max 300", "--pid-max 300 is out of range; it must be 301 to 4194304"},
    {"run --pid-max 4194305", "--pid-max 4194305 is out of range; it must be 301 to 4194304"},
    {"run --jitter 0", "--jitter 0 is out of range; it must be 1 to 1000000"},
    {"run --jitter=much", "--jitter 'much' is not a whole number; it must be 1 to 1000000"},
    {"run --jitter 1000001", "--jitter 1000001 is out of range; it must be 1 to 1000000"},
    {"run --repeat 10001", "--repeat 10001 is out of range; it must be 1 to 10000"},
    {"run --confirm-fix often",
     "--confirm-fix 'often' is not a rate; it must be like 0.35, 35% or 7/20 of runs, "
     "3/h of CPU hours or 2e-7/op of operations"},
    {"run --confirm-fix 21/20",
     "--confirm-fix '21/20' is not a rate; it must be like 0.35, 35% or 7/20 of runs, "
     "3/h of CPU hours or 2e-7/op of operations"},
    {"run --pool omp", "--pool 'omp' is unknown; choose from: tbb, jthread"},
    {"run --pool TBB", "--pool 'TBB' is unknown; did you mean tbb? Choose from: tbb, jthread"},
    {"run --duration 1000000d", "--duration 1000000d is out of range; it must be 1ms to 365d"},
    {"run --duration 0s", "--duration 0s is out of range; it must be 1ms to 365d"},
    {"run --duration 5",
     "--duration '5' has no unit; it must have one, like 500ms, 45s, 5m, 3h or 2d"},
    {"run --duration 5sec",
     "--duration '5sec': 'sec' is not a unit; it must be ms, s, m, h or d, like 500ms, "
     "45s, 5m, 3h or 2d"},
    {"run --duration five",
     "--duration 'five' is not a duration; it must be a whole number and a unit, like "
     "500ms, 45s, 5m, 3h or 2d"},
    {"run --duration=-5s", "--duration -5s is out of range; it must be 1ms to 365d"},
    {"run --duration ''",
     "--duration '' is not a duration; it must be a whole number and a unit, like "
     "500ms, 45s, 5m, 3h or 2d"},
    {"run --ops 5 --duration x",
     "--duration 'x' is not a duration; it must be a whole number and a unit, like "
     "500ms, 45s, 5m, 3h or 2d"},
    {"run --variant soudn",
     "--variant 'soudn' is unknown; did you mean sound? Choose from: {variants}"},
    {"run --variant ''", "--variant '' is unknown; choose from: {variants}"},
    {"run --variant ,",
     "--variant needs a value: variants, or all (see list); see pidmap-stress run --help"},
    {"run --variant sound,nope", "--variant 'nope' is unknown; choose from: {variants}"},
    {"run --variant all,nope", "--variant 'nope' is unknown; choose from: {variants}"},
    {"run --variant sound churn",
     "--variant 'churn' is unknown; it is a scenario: --scenario churn; choose from: "
     "{variants}"},
    {"run --scenario page-zero",
     "--scenario 'page-zero' is unknown; did you mean page_zero? Choose from: {scenarios}"},
    {"run --scenario outliving",
     "--scenario 'outliving' is unknown; did you mean outliving_pid? Choose from: "
     "{scenarios}"},
    {"run --scenario x", "--scenario 'x' is unknown; choose from: {scenarios}"},
    {"run --scenario member",
     "--scenario 'member' is unknown; it is a discipline: --discipline member; choose "
     "from: {scenarios}"},
    {"run --scenario sound",
     "--scenario 'sound' is unknown; it is a variant: --variant sound; choose from: "
     "{scenarios}"},
    {"run --discipline looup",
     "--discipline 'looup' is unknown; did you mean lookup? Choose from: member, "
     "reference, lookup, all"},
    {"run --discipline x",
     "--discipline 'x' is unknown; choose from: member, reference, lookup, all"},
    {"run --scenario lookup --discipline member",
     "--scenario lookup does not run under --discipline member: it runs under lookup"},
    {"run --scenario churn,lookup --discipline member,reference",
     "--scenario lookup does not run under --discipline member, reference: it runs "
     "under lookup"},
    {"run --scenario lifecycle,churn --discipline lookup",
     "--scenario lifecycle does not run under --discipline lookup: it runs under "
     "member, reference"},
    {"run --scenario lifecycle --discipline member,lookup",
     "--discipline lookup does not go with --scenario lifecycle: lifecycle runs under "
     "member, reference"},
    {"run --json ''",
     "--json '' is not a path; it must be that of a file to write, or - for standard "
     "output"},
    {"run --json",
     "--json needs a value: a file for the results, or - for standard output; see "
     "pidmap-stress run --help"},
    {"run --json /nowhere/x.json",
     "cannot write --json /nowhere/x.json: No such file or directory; give a path that "
     "can be written"},
    {"run --json /dev",
     "cannot write --json /dev: Is a directory; give a path that can be written"},
    {"explore --threads 9", "--threads 9 is out of range; it must be 1 to 4"},
    {"explore --threads 0", "--threads 0 is out of range; it must be 1 to 4"},
    {"explore --turns 9", "--turns 9 is out of range; it must be 1 to 8"},
    {"explore --pages 4", "--pages 4 is out of range; it must be 2 to 3"},
    {"explore --bits 9", "--bits 9 is out of range; it must be 4 or 8"},
    {"explore --seed abc",
     "--seed 'abc' is not a whole number; it must be 0 to 18446744073709551615"},
    {"explore --budget -1", "--budget -1 is out of range; it must be 0 to 18446744073709551615"},
    {"explore --budget 99999999999999999999",
     "--budget 99999999999999999999 is out of range; it must be 0 to 18446744073709551615"},
    {"explore --jobs 0", "--jobs 0 is out of range; it must be 1 to 256"},
    {"explore --strategy luck", "--strategy 'luck' is unknown; choose from: {strategies}"},
    {"explore --strategy Random",
     "--strategy 'Random' is unknown; did you mean random? Choose from: {strategies}"},
    {"explore --strategy native",
     "--strategy 'native' is unknown; it is a strategy of mutants: mutants --strategy "
     "native; choose from: {strategies}"},
    {"explore --model rc12", "--model 'rc12' is unknown; did you mean rc11? Choose from: {models}"},
    {"explore --progress sometimes",
     "--progress 'sometimes' is unknown; choose from: auto, always, never"},
    {"explore --variation ''", "--variation '' is not a name; see pidmap-stress list"},
    {"explore --duration 5s",
     "--duration is an option of run, soak, not of explore; explore takes: {options of explore}"},
    {"explore --for 5", "--for '5' has no unit; it must have one, like 500ms, 45s, 5m, 3h or 2d"},
    {"explore page_zero",
     "explore does not take the word 'page_zero'; did you mean --scenario page_zero? "
     "See pidmap-stress explore --help"},
    {"explore --strict=no", "--strict is a flag, which takes no value"},
    {"replay", "replay needs a token, as explore prints it: pidmap-stress replay TOKEN"},
    {"replay ''", "replay needs a token, as explore prints it: pidmap-stress replay TOKEN"},
    {"replay a b", "replay does not take the word 'b'; see pidmap-stress replay --help"},
    {"replay x --format pdf",
     "--format 'pdf' is unknown; choose from: table, text, mermaid, perfetto"},
    {"replay x --output",
     "--output needs a value: a file for it, or - for standard output; see "
     "pidmap-stress replay --help"},
    {"replay x --output ''",
     "--output '' is not a path; it must be that of a file to write, or - for standard "
     "output"},
    {"mutants --seeds 0", "--seeds 0 is out of range; it must be 1 to 1000"},
    {"mutants --seeds 1001", "--seeds 1001 is out of range; it must be 1 to 1000"},
    {"mutants --seed -1", "--seed -1 is out of range; it must be 0 to 18446744073709551615"},
    {"mutants --jobs 257", "--jobs 257 is out of range; it must be 1 to 256"},
    {"mutants --variant sound",
     "--variant is an option of run, soak, explore, not of mutants; mutants takes: {options "
     "of mutants}"},
    {"mutants --json ''",
     "--json '' is not a path; it must be that of a file to write, or - for standard "
     "output"},
    {"mutants --strategy luck",
     "--strategy 'luck' is unknown; choose from: native, jitter, tsan, asan, random, "
     "pct, pos, surw, bounded, exhaustive, clients, random-clients, all"},
    {"mutants --strategy stateful",
     "--strategy 'stateful' is unknown; it is a strategy of explore: explore --strategy "
     "stateful; choose from: native, jitter, tsan, asan, random, pct, pos, surw, bounded, "
     "exhaustive, clients, random-clients, all"},
    {"mutants --merge /nowhere",
     "--merge '/nowhere' cannot be read; give a file that mutants --json wrote"},
    {"mutants --merge /dev/null", "--merge '/dev/null' is not a file that mutants --json wrote"},
    {"mutants --short --seeds 20", "--seeds 20 does not go with --short, which takes one seed"},
    {"mutants --json /nowhere/x",
     "cannot write --json /nowhere/x: No such file or directory; give a path that can "
     "be written"},
    {"list x", "list does not take the word 'x'; see pidmap-stress list --help"},
    {"list --all", "--all is not an option of list; it takes: --json"},
    {"list --json /nowhere/x",
     "cannot write --json /nowhere/x: No such file or directory; give a path that can "
     "be written"},
    {"self-test x", "self-test does not take the word 'x'; see pidmap-stress self-test --help"},
    {"self-test --x",
     "--x is not an option of self-test; it takes none; see pidmap-stress self-test "
     "--help"}};

TEST(Refusal, SaysWhy) {
    for (const refusal& one : of_every_command) expect_refusal(one);
}

/// Commands that need the explored programs, or all strategies.
constexpr refusal of_the_explorer[] = {
    {"explore --variant nobody", "--variant 'nobody' is unknown; choose from: {variants}"},
    {"explore --variant page_zero",
     "--variant 'page_zero' is unknown; it is a scenario: --scenario page_zero; choose "
     "from: {variants}"},
    {"explore --scenario churn",
     "--scenario 'churn' is unknown; it is hammered, and not explored: run --scenario "
     "churn; choose from: {explored}"},
    {"explore --scenario moon", "--scenario 'moon' is unknown; choose from: {explored}"},
    {"explore --scenario outliving_pid --discipline lookup",
     "--scenario outliving_pid does not run under --discipline lookup: it runs under "
     "member, reference"},
    {"explore --scenario outliving_pid,page_zero --discipline lookup",
     "--scenario outliving_pid does not run under --discipline lookup: it runs under "
     "member, reference"},
    {"explore --scenario nested,outliving_pid --discipline lookup,member",
     "--discipline lookup does not go with --scenario nested, outliving_pid: nested "
     "runs under member, reference; outliving_pid runs under member, reference"},
    {"explore --discipline lookup --scenario page_zero --variation holders_stay",
     "--scenario page_zero does not run under --discipline lookup: it runs under "
     "member, reference with --variation holders_stay"},
    {"explore --discipline lookup --variation holders_stay",
     "--discipline lookup does not go with --variation holders_stay: page_boundary runs "
     "under member, reference with --variation holders_stay; page_zero runs under "
     "member, reference with --variation holders_stay"},
    {"explore --discipline reference --variation strangers",
     "--discipline reference does not go with --variation strangers: outliving_pid runs "
     "under member with --variation strangers"},
    {"explore --scenario page_zero --variation failing",
     "--variation failing is of --scenario nested, and not of page_zero"},
    {"explore --scenario page_zero,nested --variation failing",
     "--variation failing does not go with --scenario page_zero: it has no variation "
     "failing; it has usual, resident_last, holders_stay"},
    {"explore --scenario page_zero --variation holderstay",
     "--variation 'holderstay' is unknown; did you mean holders_stay? Choose from: "
     "usual, resident_last, holders_stay"},
    {"explore --scenario page_install --variation x",
     "--variation 'x' is unknown: page_install has none"},
    {"explore --scenario nested --threads 4",
     "--threads 4 is out of range for --scenario nested; it must be 1 to 3"},
    {"explore --scenario page_boundary --threads 4 --turns 4",
     "--threads 4 --turns 4 use 17 pids behind page 0, and there are 8; it must be "
     "--threads 1, or --turns 1"},
    {"explore --scenario page_boundary --threads 3 --turns 3",
     "--threads 3 --turns 3 use 10 pids behind page 0, and there are 8; it must be "
     "--threads 1 to 2, or --turns 1 to 2, or --pages 3"},
    {"explore --scenario wraparound --threads 3 --bits 4",
     "--threads 3 need a larger page than --bits 4; it must be --threads 1, or --bits 8"},
    {"explore --scenario page_zero --bits 7", "--bits 7 is not built; it must be --bits 4 or 8"},
    {"explore --variant lost_put --pages 3",
     "--pages 3 --bits 8 is not built for --variant lost_put, a mutant; it must be "
     "--pages 2 --bits 8"},
    {"replay nonsense",
     "'nonsense' is not a token; a token is like "
     "sound/lookup/page_zero/2x1/2x8/rc11:x1..., as explore prints it"},
    {"replay sound/lookup/page_zero/2x1/2x8/rc11:x1abc",
     "'sound/lookup/page_zero/2x1/2x8/rc11:x1abc' is damaged: its checksum does not "
     "match; copy all of it"},
    {"replay nobody/lookup/page_zero/2x1/2x8/rc11:x1abc",
     "the token's variant 'nobody' is unknown; choose from: {of token's variant}"},
    {"replay sound/owner/page_zero/2x1/2x8/rc11:x1abc",
     "the token's discipline 'owner' is unknown; choose from: member, reference, lookup"},
    {"replay sound/lookup/moon/2x1/2x8/rc11:x1abc",
     "the token's scenario 'moon' is unknown; choose from: {of token's scenario}"},
    {"replay symmetric/lookup/page_zero/2x1/2x8/rc11:x126T3qJZX1.71.41.61.A1",
     "the token is of another build or configuration, so its schedule may mean "
     "something else here; --best-effort tries it"},
    {"mutants --mutant as_posted",
     "--mutant 'as_posted' is unknown; it is a variant that is known to break, not a "
     "mutant: run --variant as_posted; choose from: {candidates}"},
    {"mutants --mutant lostput",
     "--mutant 'lostput' is unknown; did you mean lost_put? Choose from: {candidates}"},
    {"mutants --mutant page_zero",
     "--mutant 'page_zero' is unknown; it is a scenario: run --scenario page_zero; "
     "choose from: {candidates}"},
    {"mutants --strategy tsan",
     "--strategy tsan needs the build of the preset tsan, which run_stress.sh mutants "
     "makes; this one has: native, jitter, random, pct, pos, surw, bounded, exhaustive, clients, "
     "random-clients"},
    {"mutants --strategy native,asan",
     "--strategy asan needs the build of the preset asan-ubsan, which run_stress.sh mutants "
     "makes; this one has: native, jitter, random, pct, pos, surw, bounded, exhaustive, clients, "
     "random-clients"}};

TEST(Refusal, OfWhatIsExploredSaysWhy) {
    if (under_sanitizer) GTEST_SKIP() << "a build with a sanitizer explores nothing";
    for (const refusal& one : of_the_explorer) expect_refusal(one);
}

// A build that explores nothing says so, and that is not an error of usage.
TEST(Refusal, OfExploringUnderASanitizerIsExitCode4) {
    if (!under_sanitizer) GTEST_SKIP() << "this build explores";
    const program_end end = run_pidmap_stress({"explore"});
    EXPECT_EQ(end.code, exit_unsupported);
    EXPECT_EQ(end.err,
              "pidmap-stress: a build with a sanitizer cannot explore; use the preset "
              "release, or run_stress.sh explore\n");
}

// A user may type anything: the answer is one line all the same.
TEST(Refusal, IsOneLineWhateverWasTyped) {
    const program_end end = run_pidmap_stress({"run", "--variant", "a\nb\x1b[31m"});
    EXPECT_EQ(end.err.find("pidmap-stress: --variant 'a\\x0ab\\x1b[31m' is unknown; "), 0U);
    EXPECT_EQ(std::ranges::count(end.err, '\n'), 1);
}

}  // namespace
}  // namespace pidmap_stress
