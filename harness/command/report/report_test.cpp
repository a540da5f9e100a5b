#include "harness/command/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::scratch_folder;
using testing::text_of;
using namespace std::chrono_literals;

/// As if `as_posted` had broken in page_zero.
[[nodiscard]] cell_result a_broken_cell() {
    cell_result result{.what = {.variant = find_subject("as_posted"),
                                .workload = find_scenario("page_zero"),
                                .how = discipline::reference},
                       .last_events = "worker 0: alloc@1=5\nsetup: create@1\n",
                       .ending = "ended by signal 11 (Segmentation fault)",
                       .rounds = 40,
                       .trials = 6,
                       .trials_with_findings = 5,
                       .seconds = 1.5};
    result.seen.operations = 12'345;
    result.seen.cpu_seconds = 2.25;
    result.seen.unhit_marks = {"a mark"};
    for (int n = 0; n < 3; ++n)
        result.seen.add({.broken = invariant::no_underflow, .what = "from 0 to -1"});
    result.judged = assess(result.seen, *result.what.variant->info, result.what.how, "page_zero");
    return result;
}
[[nodiscard]] cell_result a_cell_that_holds() {
    cell_result result{.what = {.variant = find_subject("sound"),
                                .workload = find_scenario("churn"),
                                .how = discipline::member}};
    result.seen.operations = 1'000'000;
    result.judged = assess(result.seen, *result.what.variant->info, result.what.how, "churn");
    return result;
}
[[nodiscard]] options parsed(const std::string& command) {
    std::istringstream in(command);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    return parse_options(static_cast<int>(argv.size()), argv.data());
}
[[nodiscard]] run_options some_run() {
    return parsed(
               "program run --threads 3 --pool jthread --seed 77 --pid-max 400 --jitter 9 --pin "
               "--duration 5m --ops 900")
        .run;
}
[[nodiscard]] std::string row_of(const cell_result& result, bool colours) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* const out = ::open_memstream(&text, &size);
    const table_report table(out, colours, {result.what});
    table.print_head();
    table.print_row(result);
    std::fclose(out);
    std::string row(text, size);
    std::free(text);
    return row;
}

// A row has the cell, its verdict, its cost and what broke; known breakages are marked as such.
TEST(ReportTest, ARowTellsTheCellAndItsVerdict) {
    const std::string row = row_of(a_broken_cell(), false);
    for (const char* part : {"variant", "discipline", "scenario", "verdict", "operations", "CPU s",
                             "invariants", "as_posted", "reference", "page_zero",
                             "violated (known)", "12.3 k", "2.25", "no_underflow"})
        EXPECT_THAT(row, HasSubstr(part));
    EXPECT_THAT(row, Not(HasSubstr("\033")));
    EXPECT_THAT(row_of(a_cell_that_holds(), false), AllOf(HasSubstr("holds"), HasSubstr("1.00 M")));
}

// Unexpected results stand out, on a terminal by colour too.
TEST(ReportTest, WhatIsNotExpectedStandsOut) {
    cell_result result = a_cell_that_holds();
    EXPECT_THAT(row_of(result, true), HasSubstr("\033[32mholds"));
    EXPECT_THAT(row_of(a_broken_cell(), true), HasSubstr("\033[33mviolated (known)"));
    result.seen.add({.broken = invariant::unique_pid, .what = "x"});
    result.judged = assess(result.seen, *result.what.variant->info, result.what.how, "churn");
    EXPECT_THAT(row_of(result, true), AllOf(HasSubstr("\033[31mviolated (!)"), HasSubstr("\033[0m"),
                                            HasSubstr("unique_pid")));
}

// The row names what did not happen: marks, and breakages that had to show.
TEST(ReportTest, ARowTellsWhatDidNotHappen) {
    cell_result result = a_cell_that_holds();
    result.seen.unhit_marks = {"a pid was freed after others"};
    result.judged = assess(result.seen, *result.what.variant->info, result.what.how, "churn");
    EXPECT_THAT(row_of(result, false), AllOf(HasSubstr("inconclusive"),
                                             HasSubstr("never happened: a pid was freed after")));
    cell_result blind = a_broken_cell();
    blind.seen = {.operations = 5};
    blind.judged = assess(blind.seen, *blind.what.variant->info, blind.what.how, "page_zero");
    EXPECT_THAT(row_of(blind, false), HasSubstr("had to break and did not: "));
    blind.out_of_resources = true;
    EXPECT_THAT(row_of(blind, false), HasSubstr("out of memory"));
}

// Each invariant is reported once, with the events that led there and how to run it again.
TEST(ReportTest, FindingsAreToldInFull) {
    const std::string text = describe_findings(a_broken_cell(), "the command");
    EXPECT_THAT(text, HasSubstr("as_posted under reference in page_zero"));
    EXPECT_THAT(text, HasSubstr("no_underflow: from 0 to -1 (seen 3 times)"));
    EXPECT_THAT(text, HasSubstr("ended by signal 11"));
    EXPECT_THAT(text, HasSubstr("    worker 0: alloc@1=5\n"));
    EXPECT_THAT(text, HasSubstr("5 of 6 trials"));
    EXPECT_THAT(text, HasSubstr("\n    the command\n"));
}

// After one use of what was released each line that follows is another cause: a few are shown, the
// others counted, and what a checker saw of the same invariant is not hidden by them.
TEST(ReportTest, ReportsOfASanitizerAreToldOnce) {
    cell_result result = a_broken_cell();
    for (int n = 1; n <= 6; ++n) {
        const sanitizer_finding one{.broken = invariant::no_use_after_release,
                                    .text = fmt::format("use {}", n),
                                    .cause = std::to_string(n),
                                    .times = n == 1 ? 7U : 1U,
                                    .raw_text = "raw:1"};
        result.by_sanitizer.push_back(one);
        result.seen.add({.broken = one.broken, .what = to_string(one)});
    }
    result.seen.add({.broken = invariant::no_use_after_release, .what = "seen by a checker"});
    const std::string text = describe_findings(result, "the command");
    EXPECT_THAT(text, HasSubstr("no_use_after_release: use 1\n      the sanitizer's own text is in "
                                "raw:1 (reported 7 times)\n"));
    EXPECT_THAT(text, HasSubstr("use 4\n"));
    EXPECT_THAT(text, Not(HasSubstr("use 5\n")));
    EXPECT_THAT(text, HasSubstr("and 2 more causes"));
    EXPECT_THAT(text, HasSubstr("no_use_after_release: seen by a checker"));
    EXPECT_THAT(describe_sanitizer_findings({result, result}),
                HasSubstr("use 1\n      the sanitizer's own text is in raw:1 (reported 14 times)"));
    EXPECT_EQ(describe_sanitizer_findings({a_broken_cell()}), "");
}

// Trials end when enough of them failed, so only repeated runs give a rate.
TEST(ReportTest, ARepeatedRunIsToldWithItsInterval) {
    cell_result result = a_broken_cell();
    result.repeated = 20;
    result.repeated_with_findings = 7;
    EXPECT_THAT(describe_findings(result, "the command"),
                HasSubstr("found in 7 of 20, 95 % CI 15-59 %, runs;"));
}

TEST(ReportTest, ACleanRunSaysWhatItExcludes) {
    EXPECT_EQ(describe_clean(3600, 1'000'000),
              "0 violations in 1 CPU hours and 1.00 M operations: rate below 3 per CPU hour "
              "and 3e-06 per operation at 95 % confidence");
}

// The command that runs a cell again is one that the program accepts, and it means the same.
TEST(ReportTest, TheReproductionMeansTheSame) {
    const cell_result broken = a_broken_cell();
    const run_options how = some_run();
    const options again = parsed(reproduction(broken.what, how, "program run"));
    ASSERT_EQ(again.what, command::run) << again.message;
    ASSERT_EQ(again.run.cells.size(), 1U);
    EXPECT_EQ(again.run.cells[0].variant, broken.what.variant);
    EXPECT_EQ(again.run.cells[0].workload, broken.what.workload);
    EXPECT_EQ(again.run.cells[0].how, broken.what.how);
    EXPECT_EQ(again.run.seed, 77U);
    EXPECT_EQ(again.run.trial.workers, how.trial.workers);
    EXPECT_EQ(again.run.trial.pool, how.trial.pool);
    EXPECT_EQ(again.run.trial.pin, how.trial.pin);
    EXPECT_EQ(again.run.trial.jitter_one_in, how.trial.jitter_one_in);
    EXPECT_EQ(again.run.trial.pid_max, how.trial.pid_max);
    EXPECT_EQ(again.run.trial.operations, how.trial.operations);
    EXPECT_GT(again.run.duration, 0s);
    EXPECT_TRUE(again.run.strict) << "what is known to break is to show";
}

// Where operations were the limit, they are the limit again, and no duration is.
TEST(ReportTest, TheReproductionOfACountedRunIsCounted) {
    const run_options how = parsed("program run --ops 900 --seed 5").run;
    const options again = parsed(reproduction(a_broken_cell().what, how, "program run"));
    EXPECT_EQ(again.run.trial.operations, 900U);
    EXPECT_EQ(again.run.duration, 0s);
    EXPECT_EQ(again.run.trial.workers, how.trial.workers) << "the default is the machine's";
}

// The results file has all fields of its schema, with the values of the run.
TEST(ReportTest, TheResultsFileIsComplete) {
    const nlohmann::json file =
        to_json({a_broken_cell(), a_cell_that_holds()}, some_run(), "program run", 3.5, true, 2);
    const auto keys = [](const nlohmann::json& object) {
        std::vector<std::string> names;
        for (const auto& item : object.items()) names.push_back(item.key());
        return names;  // Sorted, as the library keeps them so.
    };
    using ::testing::ElementsAre;
    EXPECT_THAT(keys(file), ElementsAre("cells", "complete", "configuration", "exit_code",
                                        "program", "schema", "seconds", "seed"));
    EXPECT_EQ(file["schema"], 2);
    EXPECT_EQ(file["program"], "pidmap-stress");
    EXPECT_EQ(file["seed"], 77);
    EXPECT_EQ(file["complete"], true);
    EXPECT_EQ(file["exit_code"], 2);
    EXPECT_EQ(file["seconds"], 3.5);
    const nlohmann::json& configuration = file["configuration"];
    EXPECT_THAT(keys(configuration),
                ElementsAre("duration_seconds", "jitter_one_in", "operations", "pid_max", "pin",
                            "pool", "sanitizer", "strict", "threads"));
    EXPECT_EQ(configuration["threads"], 3);
    EXPECT_EQ(configuration["pool"], "jthread");
    EXPECT_EQ(configuration["duration_seconds"], 300);
    ASSERT_EQ(file["cells"].size(), 2U);
    const nlohmann::json& broken = file["cells"][0];
    EXPECT_THAT(keys(broken),
                ElementsAre("as_expected", "broken", "cpu_seconds", "cut_short", "discipline",
                            "ending", "findings", "last_events", "missing", "model", "operations",
                            "repeated", "repeated_with_findings", "reproduce", "reproduction",
                            "rounds", "scenario", "seconds", "trials", "trials_with_findings",
                            "tried_again", "unhit_marks", "variant", "verdict"));
    EXPECT_EQ(broken["verdict"], "violated");
    EXPECT_EQ(broken["as_expected"], true);
    EXPECT_EQ(broken["broken"], nlohmann::json({{"no_underflow", 3}}));
    EXPECT_EQ(broken["findings"].size(), 3U);
    EXPECT_EQ(broken["findings"][0]["invariant"], "no_underflow");
    EXPECT_EQ(broken["findings"][0]["what"], "from 0 to -1");
    EXPECT_EQ(broken["unhit_marks"][0], "a mark");
    EXPECT_THAT(broken["reproduce"].get<std::string>(), HasSubstr("--scenario page_zero"));
    EXPECT_EQ(file["cells"][1]["verdict"], "holds");
    EXPECT_EQ(nlohmann::json::parse(file.dump(2)), file);
}

}  // namespace
}  // namespace pidmap_stress
