// explore and replay as their users see them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

#include "harness/command/options.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/explorer/model/model.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::program_end;
using testing::run_by_shell;
using testing::run_pidmap_stress;
using testing::scratch_folder;
using ::testing::StartsWith;
using testing::text_of;
using words = std::vector<std::string>;

const words late_get{"explore", "--variant",  "symmetric", "--discipline",
                     "lookup",  "--scenario", "page_zero"};

[[nodiscard]] words with(words all, const words& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}
/// Each token that an exploration printed.
[[nodiscard]] words tokens_in(const std::string& out) {
    const std::regex pattern("replay ([^ \n]+:[^ \n]+)");
    words tokens;
    for (std::sregex_iterator it(out.begin(), out.end(), pattern), end; it != end; ++it)
        tokens.push_back((*it)[1]);
    return tokens;
}
[[nodiscard]] const std::string& a_token() {
    static const std::string token = tokens_in(run_pidmap_stress(late_get).out).at(0);
    return token;
}
void expect_one_line(const program_end& end, const std::string& words_in_it) {
    EXPECT_EQ(end.code, exit_usage);
    EXPECT_EQ(end.out, "");
    EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
    EXPECT_THAT(end.err, AllOf(StartsWith("pidmap-stress: "), HasSubstr(words_in_it)));
}

// The output has what the program was built from; where and when it ran is printed apart.
TEST(ExploreCommand, SaysWhereItComesFrom) {
    const program_end explored = run_pidmap_stress(late_get);
    EXPECT_THAT(explored.out, HasSubstr("\n" + describe_build() + "\n"));
    EXPECT_THAT(explored.err, StartsWith("on "));
    for (const std::string format : {"table", "text", "mermaid"})
        EXPECT_THAT(run_pidmap_stress({"replay", a_token(), "--format", format}).out,
                    EndsWith(describe_build() + "\n"));
}

// The same options print the same, byte for byte, however many jobs share the work.
TEST(ExploreCommand, JobsChangeNoByte) {
    for (const std::string& strategy : {std::string("exhaustive"), std::string("portfolio")}) {
        const words options =
            with(late_get, {"--strategy", strategy, "--seed", "3", "--budget", "3000"});
        const program_end alone = run_pidmap_stress(with(options, {"--jobs", "1"}));
        const program_end together = run_pidmap_stress(with(options, {"--jobs", "2"}));
        EXPECT_EQ(alone.code, exit_as_expected) << alone.out << alone.err;
        EXPECT_EQ(alone.out, together.out);
        EXPECT_FALSE(tokens_in(alone.out).empty()) << alone.out;
    }
}

// Each token that is printed breaks its invariant again, with exit code 2, the same each time.
TEST(ExploreCommand, EachTokenReplays) {
    const program_end explored = run_pidmap_stress(late_get);
    const words tokens = tokens_in(explored.out);
    EXPECT_GE(tokens.size(), 3U) << explored.out;
    for (const std::string& token : tokens) {
        const program_end first = run_pidmap_stress({"replay", token});
        EXPECT_EQ(first.code, exit_violated) << first.out << first.err;
        EXPECT_EQ(first.err, "");
        EXPECT_THAT(first.out, HasSubstr("BROKEN"));
        EXPECT_EQ(first.out, run_pidmap_stress({"replay", token}).out);
    }
}

// A token names the model it was found under, and a replay runs under that one.
TEST(ExploreCommand, EachModelHasTokensOfItsOwn) {
    for (const std::string_view model : explore::model_names) {
        const std::string name(model);
        const program_end explored = run_pidmap_stress(with(late_get, {"--model", name}));
        EXPECT_EQ(explored.code, exit_as_expected) << explored.err;
        EXPECT_THAT(explored.out, HasSubstr("--model " + name));
        const words tokens = tokens_in(explored.out);
        ASSERT_FALSE(tokens.empty()) << explored.out;
        EXPECT_THAT(tokens[0], HasSubstr("/" + name + "/"));
        EXPECT_EQ(run_pidmap_stress({"replay", tokens[0]}).code, exit_violated) << tokens[0];
    }
}

// The commands that a replay prints do the same again, by whatever name the program was called.
TEST(ExploreCommand, TheCommandThatIsPrintedWorks) {
    const std::string called = shell_quoted(testing::pidmap_stress_path());
    const program_end first =
        run_by_shell("PIDMAP_STRESS_WRAPPER=" + called + " " + called + " replay " + a_token());
    const std::string before = "again: ";
    const std::size_t at = first.out.find(before);
    ASSERT_NE(at, std::string::npos) << first.out;
    const std::size_t from = at + before.size();
    const std::string command = first.out.substr(from, first.out.find('\n', from) - from);
    const program_end again = run_by_shell("PIDMAP_STRESS_WRAPPER=" + called + " " + command);
    EXPECT_EQ(again.out, first.out) << command;
    EXPECT_EQ(again.code, exit_violated);
}

TEST(ExploreCommand, TheCommandBelowAFindingWorks) {
    const std::string called = shell_quoted(testing::pidmap_stress_path()) + " replay ";
    for (const std::string wrapper : {"", "./wrapper"}) {
        const std::string as = wrapper.empty() ? called : wrapper + " replay ";
        const program_end explored = run_by_shell(
            "PIDMAP_STRESS_WRAPPER=" + wrapper + " " + shell_quoted(testing::pidmap_stress_path()) +
            " explore --variant symmetric --discipline lookup --scenario page_zero");
        const std::size_t at = explored.out.find("\n        " + as);
        ASSERT_NE(at, std::string::npos) << explored.out;
        const std::size_t from = at + 9 + as.size();
        const std::string token = explored.out.substr(from, explored.out.find('\n', from) - from);
        EXPECT_EQ(run_by_shell(called + token).code, exit_violated) << token;
    }
}

// A breakage that is expected is exit code 0; under --strict it is 2.
TEST(ExploreCommand, StrictIsExitCode2) {
    EXPECT_EQ(run_pidmap_stress(late_get).code, exit_as_expected);
    EXPECT_EQ(run_pidmap_stress(with(late_get, {"--strict"})).code, exit_violated);
    const program_end holds =
        run_pidmap_stress({"explore", "--variant", "sound", "--scenario", "page_zero", "--strict"});
    EXPECT_EQ(holds.code, exit_as_expected) << holds.out;
    EXPECT_THAT(holds.out, HasSubstr("holds, complete"));
    EXPECT_THAT(holds.out, HasSubstr("3 cells: 3 hold, 0 fail"));
}

// What was not explored to its end is not shown to hold.
TEST(ExploreCommand, TruncatedIsUnbroken) {
    const program_end cut = run_pidmap_stress(
        {"explore", "--variant", "sound", "--scenario", "page_zero", "--budget", "100"});
    EXPECT_EQ(cut.code, exit_as_expected) << cut.out;
    EXPECT_THAT(cut.out, HasSubstr("unbroken, truncated"));
    EXPECT_THAT(cut.out, HasSubstr("3 cells: 0 hold, 3 unbroken as far as explored, 0 fail"));
}

// The same execution in each format, on standard output or in a file.
TEST(ExploreCommand, FormatsAndFiles) {
    const scratch_folder folder;
    const std::string path = folder.path("trace.json");
    const program_end written =
        run_pidmap_stress({"replay", a_token(), "--format", "perfetto", "--output", path});
    EXPECT_EQ(written.code, exit_violated);
    EXPECT_EQ(written.out, "");
    const auto file = nlohmann::json::parse(text_of(path), nullptr, false);
    ASSERT_TRUE(file.is_object());
    EXPECT_TRUE(file["traceEvents"].is_array());
    EXPECT_TRUE(file["otherData"]["build"]["commit"].is_string());
    EXPECT_TRUE(file["otherData"]["host"].is_string());
    EXPECT_TRUE(file["otherData"]["command"].is_string());
    EXPECT_EQ(run_pidmap_stress({"replay", a_token(), "--output", "-"}).out,
              run_pidmap_stress({"replay", a_token()}).out);
    EXPECT_THAT(run_pidmap_stress({"replay", a_token(), "--format", "mermaid"}).out,
                StartsWith("sequenceDiagram\n"));
    EXPECT_THAT(run_pidmap_stress({"replay", a_token(), "--format", "text"}).out,
                HasSubstr(". thread 1, "));
    const std::string table = run_pidmap_stress({"replay", a_token()}).out;
    const std::string full = run_pidmap_stress({"replay", a_token(), "--full"}).out;
    EXPECT_GT(full.size(), table.size());
    EXPECT_THAT(full, Not(HasSubstr("not shown")));
}

// A token of another build is refused in one line, and tried on request.
TEST(ExploreCommand, ATokenOfAnotherBuild) {
    // As another build would have printed it: the hash of the build is in the schedule's part.
    const std::string of_another =
        "symmetric/lookup/page_zero/2x1/2x8/rc11:x126T3qJZX1.71.41.61.A1";
    expect_one_line(run_pidmap_stress({"replay", of_another}), "--best-effort");
    const program_end tried = run_pidmap_stress({"replay", of_another, "--best-effort"});
    EXPECT_TRUE(tried.code == exit_violated || tried.code == exit_as_expected) << tried.err;
    EXPECT_THAT(tried.out, HasSubstr("step | thread 1"));
}

// For programs: every step, and what it broke.
TEST(ExploreCommand, AReplayAsJson) {
    const std::string token = a_token();
    const program_end end = run_pidmap_stress({"replay", token, "--json", "-"});
    EXPECT_EQ(end.code, exit_violated);
    const auto file = nlohmann::json::parse(end.out, nullptr, false);
    ASSERT_TRUE(file.is_object()) << end.out;
    EXPECT_EQ(file["schema"], 1);
    EXPECT_EQ(file["token"], token);
    EXPECT_EQ(file["exit_code"], static_cast<int>(exit_violated));
    EXPECT_EQ(file["exact"], true);
    EXPECT_TRUE(file["departed_at"].is_null());
    std::size_t broken = 0;
    for (std::size_t n = 0; n < file["steps"].size(); ++n) {
        EXPECT_EQ(file["steps"][n]["step"], n);
        broken += file["steps"][n]["broken"].size();
    }
    EXPECT_GT(broken + file["broken_at_last"].size(), 0U);
    // In a file, beside what a reader is shown.
    const scratch_folder folder;
    const std::string path = folder.path("replay.json");
    const program_end both = run_pidmap_stress({"replay", token, "--json", path});
    EXPECT_EQ(both.out, run_pidmap_stress({"replay", token}).out);
    EXPECT_TRUE(nlohmann::json::parse(text_of(path), nullptr, false).is_object());
    expect_one_line(run_pidmap_stress({"replay", token, "--json", "/nowhere/replay.json"}),
                    "--json");
}

/// Too much for any test to wait for: one cell explores tens of thousands of executions a second,
/// and has millions of them.
const words endless{"explore",    "--variant",    "sound",           "--threads", "3",
                    "--scenario", "page_zero",    "--budget",        "0",         "--strategy",
                    "exhaustive", "--discipline", "member,reference"};

// When asked to end, it prints and keeps what it has, and says that it is incomplete.
TEST(ExploreCommand, IsCutShortByASignal) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const scratch_folder folder;
        const std::string path = folder.path("results.json");
        auto running = testing::start_pidmap_stress(with(endless, {"--json", path}));
        ASSERT_TRUE(running.wait_until(
            [&] { return running.out_so_far().find("explore --threads") != std::string::npos; }));
        running.send(signal);
        const program_end end = running.wait();
        EXPECT_EQ(end.code, exit_cut_short) << end.out << end.err;
        EXPECT_THAT(end.out, HasSubstr("cut short: 0 of 2 cells"));
        EXPECT_THAT(end.out, Not(HasSubstr("holds")));
        const auto file = nlohmann::json::parse(text_of(path), nullptr, false);
        ASSERT_TRUE(file.is_object());
        EXPECT_EQ(file["complete"], false);
        EXPECT_EQ(file["exit_code"], static_cast<int>(exit_cut_short));
    }
}

// When time is up, nothing that was not explored to its end is said to hold.
TEST(ExploreCommand, EndsWhenItsTimeIsUp) {
    const program_end end = run_pidmap_stress(with(endless, {"--for", "50ms"}));
    EXPECT_TRUE(end.code == exit_as_expected || end.code == exit_inconclusive) << end.out;
    EXPECT_THAT(end.out, AllOf(HasSubstr(", for 50 ms; build"), HasSubstr("time is up: 0 of 2")));
    EXPECT_THAT(end.out, Not(HasSubstr("holds")));
    const program_end enough =
        run_pidmap_stress({"explore", "--variant", "sound", "--discipline", "lookup", "--for", "1h",
                           "--scenario", "page_zero"});
    EXPECT_EQ(enough.code, exit_as_expected);
    EXPECT_THAT(enough.out, AllOf(HasSubstr("holds, complete"), Not(HasSubstr("time is up"))));
    expect_one_line(run_pidmap_stress({"explore", "--for", "5x"}), "--for '5x'");
    expect_one_line(run_pidmap_stress({"explore", "--for", "0s"}), "--for 0s is out of range");
}

// The results file has each cell, with tokens that replay, and its own origin.
TEST(ExploreCommand, KeepsResults) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    const program_end end = run_pidmap_stress(with(late_get, {"--json", path}));
    EXPECT_EQ(end.code, exit_as_expected) << end.err;
    const auto file = nlohmann::json::parse(text_of(path), nullptr, false);
    ASSERT_TRUE(file.is_object());
    EXPECT_EQ(file["schema"], 1);
    EXPECT_EQ(file["complete"], true);
    EXPECT_TRUE(file["build"]["commit"].is_string());
    EXPECT_TRUE(file["host"].is_string());
    EXPECT_EQ(file["configuration"]["strategy"], "portfolio");
    ASSERT_EQ(file["cells"].size(), 1U);
    const auto& cell = file["cells"][0];
    EXPECT_EQ(cell["variant"], "symmetric");
    EXPECT_EQ(cell["scenario"], "page_zero");
    EXPECT_EQ(cell["discipline"], "lookup");
    EXPECT_EQ(cell["model"], "rc11");
    EXPECT_EQ(cell["verdict"], "violated");
    EXPECT_EQ(cell["as_expected"], true);
    EXPECT_EQ(cell["complete"], true);
    EXPECT_EQ(cell["executions"], 19);
    EXPECT_GE(cell["samples"], 2000);
    words tokens;
    for (const auto& one : cell["findings"]) {
        EXPECT_TRUE(parse_invariant(one["invariant"].get<std::string>())) << one;
        EXPECT_FALSE(one["what"].get<std::string>().empty());
        tokens.push_back(one["token"]);
    }
    EXPECT_EQ(tokens, tokens_in(end.out));
    // Alone on standard output, if it goes there.
    const program_end piped = run_pidmap_stress(with(late_get, {"--json", "-"}));
    EXPECT_TRUE(nlohmann::json::parse(piped.out, nullptr, false).is_object()) << piped.out;
    EXPECT_THAT(piped.err, HasSubstr("1 cell: 0 hold"));
    expect_one_line(run_pidmap_stress(with(late_get, {"--json", "/nowhere/at/all"})),
                    "cannot write --json");
}

// Any fault of a real token, or of the place for its trace, is reported in one line. All other
// refusals are in refusals_test.cpp.
TEST(ExploreCommand, BadInputIsOneLine) {
    const std::string& token = a_token();
    const auto replay = [](const words& more) { return run_pidmap_stress(with({"replay"}, more)); };
    expect_one_line(replay({token.substr(0, token.size() - 1)}),
                    "is damaged: its checksum does not match");
    expect_one_line(replay({"nobody" + token}), "the token's variant 'nobodysymmetric' is unknown");
    expect_one_line(replay({token, "--output", "/nowhere/at/all"}), "cannot write --output");
}

// --- Clients ------------------------------------------------------------------------------------

program_end run_clients(const std::vector<std::string>& options) {
    std::vector<std::string> all{"explore"};
    all.insert(all.end(), options.begin(), options.end());
    return run_pidmap_stress(all);
}

TEST(ExploreClientsCommand, SaysHowManyThereAreAndWhatIsProved) {
    const program_end run = run_clients(
        {"--variant", "sound", "--discipline", "reference", "--clients", "2", "--json", "-"});
    EXPECT_EQ(run.code, exit_as_expected) << run.err;
    EXPECT_THAT(run.err, HasSubstr("of at most 2 calls on 1 and 2 threads, and 2 on 3; with "
                                   "children and objects, 2 and 2: "));
    EXPECT_THAT(run.err,
                HasSubstr("holds for every client of at most 2 calls on 1 thread, 2 calls on 2"));
    const auto results = nlohmann::json::parse(run.out, nullptr, false);
    ASSERT_TRUE(results.is_object()) << run.out;
    EXPECT_EQ(results["command"], "explore --clients");
    EXPECT_EQ(results["cells"][0]["verdict"], "holds");
    EXPECT_TRUE(results.contains("build"));
}

TEST(ExploreClientsCommand, WhatIsFoundReplays) {
    const program_end run =
        run_clients({"--variant", "symmetric", "--discipline", "lookup", "--clients", "4"});
    EXPECT_EQ(run.code, exit_as_expected) << run.err;
    EXPECT_THAT(run.out, HasSubstr("reference_covers_pages"));
    const std::size_t at = run.out.find("replay ") + 7;
    const program_end again =
        run_pidmap_stress({"replay", run.out.substr(at, run.out.find('\n', at) - at)});
    EXPECT_EQ(again.code, exit_violated) << again.err;
    EXPECT_EQ(run_clients({"--variant", "symmetric", "--discipline", "lookup", "--clients", "4",
                           "--strict"})
                  .code,
              exit_violated);
}

TEST(ExploreClientsCommand, WhatIsNotFinishedIsNoPass) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    const program_end run = run_clients({"--variant", "sound", "--discipline", "lookup",
                                         "--clients", "5", "--for", "200ms", "--json", path});
    EXPECT_EQ(run.code, exit_inconclusive) << run.out;
    const auto results = nlohmann::json::parse(text_of(path), nullptr, false);
    ASSERT_TRUE(results.is_object());
    EXPECT_EQ(results["complete"], false);
    EXPECT_EQ(results["cells"][0]["verdict"], "unbroken");
    EXPECT_THAT(run.out, HasSubstr("1 unbroken as far as explored"));
}

TEST(ExploreClientsCommand, RefusesWhatMakesNoSense) {
    for (const char* const wrong : {"0", "9", "five", "", "2x"}) {
        const program_end run = run_clients({"--variant", "sound", "--clients", wrong});
        EXPECT_EQ(run.code, exit_usage);
        EXPECT_THAT(run.err, HasSubstr("is neither a number of calls, 1 to 8, nor random"));
    }
    const program_end both =
        run_clients({"--variant", "sound", "--clients", "2", "--scenario", "page_zero"});
    EXPECT_EQ(both.code, exit_usage);
    EXPECT_THAT(both.err, AllOf(HasSubstr("does not go with"), HasSubstr("--clients"),
                                HasSubstr("--scenario")));
}

// A finding is written as the source of a test: by explore, and by replay of its token. Where all
// holds, no test is written.
TEST(ExploreCommand, AFindingBecomesATest) {
    const testing::scratch_folder folder;
    const testing::program_end found = testing::run_pidmap_stress(
        {"explore", "--variant", "as_posted", "--discipline", "lookup", "--scenario", "page_zero",
         "--emit-test", folder.path("a.cpp")});
    EXPECT_EQ(found.code, exit_as_expected) << found.err;
    EXPECT_THAT(found.err, HasSubstr("the finding as a test: "));
    EXPECT_THAT(testing::text_of(folder.path("a.cpp")),
                HasSubstr("TEST(Regression, AsPostedLookup"));
    const std::size_t at = found.out.find(" replay ") + 8;
    const std::string token = found.out.substr(at, found.out.find('\n', at) - at);
    const testing::program_end again =
        testing::run_pidmap_stress({"replay", token, "--emit-test", folder.path("b.cpp")});
    EXPECT_THAT(testing::text_of(folder.path("b.cpp")), HasSubstr("what_breaks(")) << again.err;
    const testing::program_end none = testing::run_pidmap_stress(
        {"explore", "--variant", "sound", "--discipline", "lookup", "--scenario", "page_zero",
         "--emit-test", folder.path("c.cpp")});
    EXPECT_THAT(none.err, HasSubstr("nothing broke, so there is nothing to make a test of"));
    EXPECT_EQ(testing::text_of(folder.path("c.cpp")), "");
    const testing::program_end nowhere = testing::run_pidmap_stress(
        {"explore", "--variant", "as_posted", "--discipline", "lookup", "--scenario", "page_zero",
         "--emit-test", folder.path("no/such/folder.cpp")});
    EXPECT_EQ(nowhere.code, exit_usage);
    EXPECT_THAT(nowhere.err, HasSubstr("cannot write --emit-test"));
}

}  // namespace
}  // namespace pidmap_stress
