// The program as its users see it: what it prints, and how it ends.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/command/options.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/subject.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::pidmap_stress_path;
using testing::program_end;
using testing::run_by_shell;
using testing::run_pidmap_stress;
using testing::running_program;
using testing::scratch_folder;
using testing::start_pidmap_stress;
using ::testing::StartsWith;
using testing::text_of;

/// The line after the one that says how to run a finding again.
[[nodiscard]] std::string command_in(const std::string& out) {
    const std::string before = "run it again with\n    ";
    const std::size_t at = out.find(before);
    if (at == std::string::npos) return {};
    const std::size_t from = at + before.size();
    return out.substr(from, out.find('\n', from) - from);
}
/// A results file without its times, which no seed fixes.
[[nodiscard]] json without_times(const std::string& path) {
    json file = json::parse(text_of(path));
    file.erase("seconds");
    file.erase("date");
    for (json& one : file["cells"]) {
        one.erase("seconds");
        one.erase("cpu_seconds");
    }
    return file;
}
[[nodiscard]] json parsed_or_null(const std::string& path) {
    return json::parse(text_of(path), nullptr, false);
}

/// Whether the head of the table is there: the first cell is being run, or about to be.
[[nodiscard]] bool has_begun(const running_program& program) {
    return program.out_so_far().find("verdict") != std::string::npos;
}

// A run in which all is as expected ends with 0, shows its seed, its table and its sum.
TEST(ProgramTest, AsExpectedIsExitCode0) {
    const program_end end =
        run_pidmap_stress({"run", "--variant", "sound", "--scenario", "churn,page_zero",
                           "--discipline", "reference", "--ops", "50000", "--seed", "5"});
    EXPECT_EQ(end.code, exit_as_expected) << end.out << end.err;
    EXPECT_THAT(end.out, StartsWith("seed 5, "));
    EXPECT_THAT(end.out, HasSubstr("2 cells: 2 hold, 0 break as known, 0 not as expected"));
    EXPECT_THAT(end.out, Not(HasSubstr("\033"))) << "this is no terminal";
}

// A known breakage is as expected, and is reported all the same.
TEST(ProgramTest, AKnownBreakageIsAsExpected) {
    const program_end end =
        run_pidmap_stress({"run", "--variant", "as_posted", "--scenario", "page_zero",
                           "--discipline", "reference", "--ops", "50000"});
    EXPECT_EQ(end.code, exit_as_expected) << end.out << end.err;
    EXPECT_THAT(end.out, AllOf(HasSubstr("violated (known)"), HasSubstr("1 break as known")));
}

/// The tokens of the interleavings that a results file has for its findings.
[[nodiscard]] std::vector<std::string> tokens_in(const json& file) {
    std::vector<std::string> tokens;
    for (const json& cell : file.value("cells", json::array()))
        for (const json& one : cell["model"])
            if (const std::string token = one["token"]; !token.empty()) tokens.push_back(token);
    return tokens;
}

// What breaks natively also breaks in the model, and is reported with a token that replays. The
// last calls before a finding need not be those that led to it, so a run without a token is
// possible; but not run after run.
TEST(ProgramTest, AFindingCarriesAnInterleaving) {
    const std::vector<std::vector<std::string>> cells{{"as_posted", "page_zero", "member"},
                                                      {"symmetric", "lookup", "lookup"},
                                                      {"as_posted", "nested", "reference"},
                                                      {"as_posted", "outliving_pid", "member"}};
    for (const std::vector<std::string>& cell : cells) {
        const scratch_folder folder;
        const std::string path = folder.path("results.json");
        program_end end;
        std::vector<std::string> tokens;
        for (int seed = 1; seed <= 6 && tokens.empty(); ++seed) {
            end = run_pidmap_stress({"run", "--variant", cell[0], "--scenario", cell[1],
                                     "--discipline", cell[2], "--ops", "500000", "--seed",
                                     std::to_string(seed), "--json", path});
            EXPECT_EQ(end.code, exit_as_expected) << end.out << end.err;
            tokens = tokens_in(parsed_or_null(path));
        }
        EXPECT_FALSE(tokens.empty()) << end.out;
        for (const std::string& token : tokens) {
            EXPECT_THAT(end.out, HasSubstr("the explorer breaks it too"));
            EXPECT_THAT(end.out, HasSubstr("replay " + token));
            EXPECT_EQ(run_pidmap_stress({"replay", token}).code, exit_violated) << token;
        }
    }
}

// Under --strict it is exit code 2, and the printed command runs it again, unchanged.
TEST(ProgramTest, StrictIsExitCode2AndTheCommandReproducesIt) {
    const program_end end =
        run_pidmap_stress({"run", "--variant", "as_posted", "--scenario", "page_zero",
                           "--discipline", "reference", "--ops", "50000", "--strict"});
    EXPECT_EQ(end.code, exit_violated) << end.out << end.err;
    const std::string command = command_in(end.out);
    ASSERT_NE(command, "") << end.out;
    const program_end again = run_by_shell(command);
    EXPECT_EQ(again.code, exit_violated) << command << again.out << again.err;
    EXPECT_EQ(command_in(again.out), command);
}

// A wrapper passes on how it was called, and the printed commands use that.
TEST(ProgramTest, AWrapperIsNamedInTheCommand) {
    const program_end end = run_by_shell(
        "PIDMAP_STRESS_COMMAND='./wrapper run' " + shell_quoted(testing::pidmap_stress_path()) +
        " run --variant as_posted --scenario page_zero --discipline reference --ops 50000");
    EXPECT_THAT(command_in(end.out), StartsWith("./wrapper run --variant as_posted "));
}

// Bad input is one line on the error stream and exit code 1, and nothing on the other one.
TEST(ProgramTest, BadInputIsExitCode1) {
    const std::vector<std::vector<std::string>> bad{
        {}, {"walk"}, {"run", "--variant", "x"}, {"run", "--threads", "0"}, {"list", "x"}};
    for (const std::vector<std::string>& words : bad) {
        const program_end end = run_pidmap_stress(words);
        EXPECT_EQ(end.code, exit_usage);
        EXPECT_EQ(end.out, "");
        EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
        EXPECT_THAT(end.err, StartsWith("pidmap-stress: "));
    }
}

// A results file that cannot be written is refused before any work is done.
TEST(ProgramTest, UnwritableResultsAreRefusedBeforeAnyWork) {
    const scratch_folder folder;
    for (const std::string& path :
         {folder.path("missing/results.json"), std::string("/dev/full"), folder.path("")}) {
        const program_end end = run_pidmap_stress({"run", "--json", path});
        EXPECT_EQ(end.code, path == "/dev/full" ? exit_no_resources : exit_usage);
        EXPECT_EQ(end.out, "");
        EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
        EXPECT_THAT(end.err, HasSubstr("cannot write --json " + path));
    }
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

// A results file that cannot be written any more is a missing resource: exit code 3.
TEST(ProgramTest, ResultsThatCannotBeKeptAreExitCode3) {
    const scratch_folder folder;
    const std::string inside = folder.path("inside");
    program_end end;
    for (int attempt = 0; attempt < 10; ++attempt) {
        std::filesystem::create_directory(inside);
        running_program program = start_pidmap_stress(
            {"run", "--variant", "sound", "--scenario", "churn", "--discipline", "reference",
             "--ops", "50000", "--json", inside + "/results.json"});
        ASSERT_TRUE(program.wait_until([&] { return has_begun(program); }));
        std::filesystem::remove_all(inside);
        end = program.wait();
        if (end.code != exit_as_expected) break;  // Otherwise the run was too fast for us.
    }
    EXPECT_EQ(end.code, exit_no_resources) << end.out << end.err;
    EXPECT_THAT(end.err, HasSubstr("cannot write --json"));
}

// A limit on the size of files is a missing resource too: one line, exit code 3, the results so far
// intact, and no draft beside them.
TEST(ProgramTest, AFileSizeLimitIsExitCode3AndLeavesNoDraft) {
    const scratch_folder folder;
    const std::string results = folder.path("results.json");
    // In units of 512 bytes: room for the first document, which has no cells, and not for the last.
    const auto run = [&](const std::string& limit, const std::string& arguments) {
        return run_by_shell("ulimit -f " + limit + "; exec " + pidmap_stress_path() + " " +
                            arguments + " --json " + results + " >/dev/null");
    };
    const std::string cells =
        "run --variant sound,per_pid --scenario churn,page_zero --discipline reference --ops 50000";
    const program_end late = run("5", cells);
    EXPECT_EQ(late.code, exit_no_resources) << late.err;
    EXPECT_THAT(late.err, EndsWith("pidmap-stress: cannot write --json " + results +
                                   ": File too large; the limit on the size of files is too low, "
                                   "see ulimit -f\n"));
    const json kept = parsed_or_null(results);
    ASSERT_TRUE(kept.is_object());
    EXPECT_EQ(kept["complete"], false);
    EXPECT_FALSE(std::filesystem::exists(results + ".part"));

    std::filesystem::remove(results);
    for (const std::string& command :
         {cells, std::string("mutants --short --mutant sound"), std::string("list")}) {
        const program_end at_once = run("0", command);
        EXPECT_EQ(at_once.code, exit_no_resources) << at_once.err;
        EXPECT_FALSE(std::filesystem::exists(results));
        EXPECT_FALSE(std::filesystem::exists(results + ".part"));
    }
}

// `--json -`: standard output has the results and nothing else; the text for people goes to the
// other stream.
TEST(ProgramTest, ResultsOnStandardOutputAreJson) {
    const program_end run =
        run_pidmap_stress({"run", "--variant", "as_posted", "--scenario", "page_zero",
                           "--discipline", "reference", "--ops", "50000", "--json", "-"});
    EXPECT_EQ(run.code, exit_as_expected) << run.err;
    const json results = json::parse(run.out, nullptr, false);
    ASSERT_TRUE(results.is_object()) << run.out;
    EXPECT_EQ(results["complete"], true);
    EXPECT_EQ(results["cells"].size(), 1U);
    EXPECT_THAT(run.err, AllOf(HasSubstr("violated (known)"), HasSubstr("1 break as known")));

    const program_end mutants = run_pidmap_stress({"mutants", "--mutant", "sound", "--strategy",
                                                   "pct", "--seeds", "1", "--part", "--json", "-"});
    EXPECT_EQ(mutants.code, exit_as_expected) << mutants.err;
    const json study = json::parse(mutants.out, nullptr, false);
    ASSERT_TRUE(study.is_object()) << mutants.out;
    EXPECT_EQ(study["command"], "mutants");
    EXPECT_THAT(mutants.err, HasSubstr("false alarms: 0"));

    const scratch_folder folder;
    const std::string file = folder.path("out");
    EXPECT_EQ(run_by_shell(pidmap_stress_path() +
                           " run --variant sound --scenario churn --discipline member --ops 20000 "
                           "--json /dev/stdout >" +
                           file)
                  .code,
              exit_as_expected);
    EXPECT_TRUE(parsed_or_null(file).is_object()) << text_of(file);
}

// Results on standard output that cannot be written are lost, and that is not a pass.
TEST(ProgramTest, ResultsThatStandardOutputDoesNotTakeAreExitCode3) {
    const program_end end = run_by_shell(pidmap_stress_path() +
                                         " run --variant sound --scenario churn --discipline "
                                         "member --ops 20000 --json - >/dev/full");
    EXPECT_EQ(end.code, exit_no_resources);
    EXPECT_THAT(end.err, HasSubstr("cannot write --json -: No space left on device"));
}

// A report that nobody can read is not a pass; and a violation stays a violation.
TEST(ProgramTest, AReportThatCannotBeWrittenIsExitCode3) {
    const auto code_of = [](const std::string& arguments) {
        const program_end end =
            run_by_shell(pidmap_stress_path() + " " + arguments + " >/dev/full");
        // Before it, there may be lines of progress.
        EXPECT_THAT(end.err, AllOf(HasSubstr("pidmap-stress: standard output cannot be written"),
                                   EndsWith("room\n")));
        return end.code;
    };
    EXPECT_EQ(code_of("list"), exit_no_resources);
    EXPECT_EQ(code_of("--help"), exit_no_resources);
    EXPECT_EQ(code_of("run --variant sound --scenario churn --discipline member --ops 50000"),
              exit_no_resources);
    const scratch_folder folder;
    const std::string results = folder.path("results.json");
    EXPECT_EQ(code_of("run --variant as_posted --scenario page_zero,churn --discipline reference "
                      "--ops 50000 --strict --json " +
                      results),
              exit_violated);
    const json file = parsed_or_null(results);
    ASSERT_TRUE(file.is_object());
    EXPECT_TRUE(file["complete"]);
    EXPECT_EQ(file["cells"].size(), 2U);
}

// The self-test proves the sanitizer of this build, and is unsupported where there is none.
TEST(ProgramTest, TheSelfTestNeedsASanitizer) {
    const program_end end = run_pidmap_stress({"self-test"});
    EXPECT_EQ(end.code, under_sanitizer ? exit_as_expected : exit_unsupported)
        << end.out << end.err;
    if (under_sanitizer) {
        EXPECT_THAT(end.out, HasSubstr("not reported"));
    }
}

// Marks that a single call cannot hit are not ignored: exit code 7, and the mark is named.
TEST(ProgramTest, AnUnhitMarkIsExitCode7) {
    const program_end end = run_pidmap_stress({"run", "--variant", "sound", "--scenario", "churn",
                                               "--discipline", "reference", "--ops", "1"});
    EXPECT_EQ(end.code, exit_inconclusive) << end.out << end.err;
    EXPECT_THAT(end.out, HasSubstr("never happened: a pid was freed after others"));
}

// The results file of a run is complete, and says what the table says.
TEST(ProgramTest, TheResultsFileIsComplete) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    const program_end end =
        run_pidmap_stress({"run", "--variant", "sound,as_posted", "--scenario", "page_zero",
                           "--ops", "50000", "--seed", "9", "--json", path});
    const json file = parsed_or_null(path);
    ASSERT_TRUE(file.is_object());
    EXPECT_EQ(file["schema"], 2);
    EXPECT_EQ(file["complete"], true);
    EXPECT_EQ(file["exit_code"], end.code);
    EXPECT_EQ(file["seed"], 9);
    ASSERT_EQ(file["cells"].size(), 6U);
    for (const json& one : file["cells"]) {
        EXPECT_EQ(one["scenario"], "page_zero");
        EXPECT_GT(one["trials"], 0);
        EXPECT_THAT(one["reproduce"].get<std::string>(), HasSubstr(" run --variant "));
    }
    EXPECT_EQ(file["build"]["commit"], provenance()["build"]["commit"]);
    EXPECT_EQ(file["host"], provenance()["host"]);
    EXPECT_TRUE(file["date"].is_string());
    EXPECT_EQ(file["cells"][0]["variant"], "sound");
    EXPECT_EQ(file["cells"][0]["verdict"], "holds");
    EXPECT_EQ(file["cells"][4]["variant"], "as_posted");
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

// A seed fixes the cells and, with one worker, every call: two runs differ only in their times.
TEST(ProgramTest, ASeedFixesTheRun) {
    const scratch_folder folder;
    const auto run = [&folder](const std::string& seed) {
        const std::string path = folder.path("results.json");
        (void)run_pidmap_stress({"run", "--variant", "sound,symmetric", "--scenario",
                                 "churn,page_zero", "--discipline", "reference,lookup", "--threads",
                                 "1", "--ops", "5000", "--seed", seed, "--json", path});
        return without_times(path);
    };
    const json first = run("1");
    EXPECT_EQ(first["cells"].size(), 8U);
    EXPECT_EQ(run("1"), first);
    EXPECT_NE(run("2")["cells"], first["cells"]);
}

// An interrupted run stops, audits and reports what it has, and says that it was cut short.
TEST(ProgramTest, AnInterruptedRunReportsWhatItHas) {
    const scratch_folder folder;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const std::string path = folder.path("results.json");
        running_program program =
            start_pidmap_stress({"run", "--variant", "sound", "--scenario", "churn", "--duration",
                                 "1h", "--json", path});
        ASSERT_TRUE(program.wait_until([&] { return has_begun(program); }));
        program.send(signal);
        const program_end end = program.wait();
        EXPECT_THAT(end.out, HasSubstr("cut short: 0 of 3 cells were run to their end"));
        // The signal may come before the first cell does.
        EXPECT_THAT(end.out, ContainsRegex("(0 cells|1 cell): "));
        EXPECT_EQ(end.code, exit_cut_short) << end.out;
        const json file = parsed_or_null(path);
        ASSERT_TRUE(file.is_object());
        EXPECT_EQ(file["complete"], false);
        EXPECT_EQ(file["exit_code"], end.code);
        EXPECT_LE(file["cells"].size(), 1U);
    }
}

// Findings before an interruption keep their exit code.
TEST(ProgramTest, AnInterruptedRunKeepsTheCodeOfWhatItSaw) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    running_program program =
        start_pidmap_stress({"run", "--variant", "as_posted", "--scenario", "page_zero,churn",
                             "--strict", "--duration", "1h", "--json", path});
    ASSERT_TRUE(program.wait_until([&] {
        const json file = parsed_or_null(path);
        return file.is_object() && !file["cells"].empty();
    }));
    program.send(SIGTERM);
    const program_end end = program.wait();
    EXPECT_EQ(end.code, exit_violated) << end.out;
    EXPECT_THAT(end.out, HasSubstr("cut short: "));
}

// timeout(1) sends its signal twice, to the process and to its group: that is one request.
TEST(ProgramTest, TimeoutCutsARunShort) {
    const program_end end =
        run_by_shell("timeout 2 " + shell_quoted(pidmap_stress_path()) +
                     " run --variant sound --scenario churn --discipline member --duration 1h; "
                     "echo $?");
    EXPECT_THAT(end.out, HasSubstr("cut short: 0 of 1 cells were run to their end"));
}

// A signal that is ignored when the program starts, as by nohup, stays ignored.
TEST(ProgramTest, WhatNohupIgnoresStaysIgnored) {
    const program_end end =
        run_by_shell("trap '' HUP; " + shell_quoted(pidmap_stress_path()) +
                     " run --variant sound --scenario churn --discipline member --duration 1s & "
                     "sleep 0.3; kill -HUP $!; wait $!");
    EXPECT_EQ(end.code, exit_as_expected) << end.out << end.err;
}

// Whatever kills the program, the results so far are there, and valid.
TEST(ProgramTest, ResultsSurviveASuddenDeath) {
    const scratch_folder folder;
    const std::string path = folder.path("results.json");
    running_program program = start_pidmap_stress(
        {"run", "--variant", "sound", "--ops", "50000", "--duration", "1h", "--json", path});
    ASSERT_TRUE(program.wait_until([&] {
        const json file = parsed_or_null(path);
        return file.is_object() && file["cells"].size() >= 2;
    }));
    program.send(SIGKILL);
    EXPECT_EQ(program.wait().code, -1);
    const json file = parsed_or_null(path);
    ASSERT_TRUE(file.is_object());
    EXPECT_EQ(file["complete"], false);
    EXPECT_GE(file["cells"].size(), 2U);
    EXPECT_EQ(file["cells"][0]["verdict"], "holds");
}

// The list has every variant, scenario and discipline.
TEST(ProgramTest, TheListHasEverything) {
    const program_end end = run_pidmap_stress({"list"});
    EXPECT_EQ(end.code, exit_as_expected);
    EXPECT_EQ(end.err, "");
    for (const subject_entry& one : variant_subjects())
        EXPECT_THAT(end.out, HasSubstr("  " + std::string(one.info->name) + " "));
    for (const scenario_entry& one : scenarios())
        EXPECT_THAT(end.out, HasSubstr("  " + std::string(one.info->name) + " "));
    for (int how = 0; how < discipline_count; ++how)
        EXPECT_THAT(end.out,
                    HasSubstr("  " + std::string(to_string(static_cast<discipline>(how))) + " "));
}

// Help goes to the output stream, and is not an error.
TEST(ProgramTest, HelpIsNoError) {
    const program_end end = run_pidmap_stress({"--help"});
    EXPECT_EQ(end.code, exit_as_expected);
    EXPECT_EQ(end.err, "");
    EXPECT_THAT(end.out, AllOf(HasSubstr("run"), HasSubstr("list"), HasSubstr("exit codes")));
}

}  // namespace
}  // namespace pidmap_stress
