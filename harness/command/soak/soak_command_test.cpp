// A soak as its users see it: a process that is begun, ended, killed and begun again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <thread>

#include "harness/command/options.hpp"
#include "harness/command/soak/canary.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/journal/summary.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::program_end;
using testing::run_by_shell;
using testing::run_pidmap_stress;
using testing::running_program;
using testing::scratch_folder;
using ::testing::SizeIs;
using testing::start_pidmap_stress;
using testing::text_of;

[[nodiscard]] std::vector<std::string> soak_words(const std::string& folder,
                                                  const std::string& duration) {
    return {"soak",      "--dir",      folder,         "--duration", duration,
            "--variant", "sound",      "--seed",       "5",          "--slice",
            "100ms",     "--scenario", "churn,lookup", "--threads",  "2"};
}

/// Runs a soak to its end. On a busy machine its time may be too short for what it is to show: then
/// it goes on for longer. \return how it ended.
[[nodiscard]] program_end soak_to_its_end(std::vector<std::string> words, unsigned seconds) {
    program_end end;
    auto& duration = *std::next(std::ranges::find(words, "--duration"));
    for (unsigned factor = 1; factor <= 8; factor *= 2) {
        duration = std::to_string(seconds * factor) + "s";
        end = run_pidmap_stress(words);
        if (end.code != exit_inconclusive) break;
    }
    return end;
}

/// Waits until the journal has this many slices.
[[nodiscard]] bool has_slices(running_program& run, const std::string& folder, std::size_t slices) {
    return run.wait_until([&] {
        try {
            const auto text = journal::read_journal(folder);
            return text && text->slices.size() >= slices;
        } catch (const std::runtime_error&) {
            return false;
        }
    });
}

/// Every planted bug that a soak may draw exists, and is found well within its time.
TEST(Canary, IsFoundWhicheverIsDrawn) {
    ASSERT_GE(canaries().size(), 12U) << "a mutant of the list is gone, or shows in no scenario";
    for (const cell& planted : canaries()) {
        const journal::canary_record record =
            look_for(planted,
                     {.workers = 4,
                      // Debian's oneTBB is not instrumented.
                      .pool = under_tsan ? pool_kind::jthread : pool_kind::tbb,
                      .key = 11},
                     {.budget = std::chrono::minutes(1), .stall_after = std::chrono::minutes(1)});
        EXPECT_TRUE(record.found) << journal::to_string(record.name);
    }
}

// The campaign's seed and a number decide which one is drawn, and every one is drawn at some time.
TEST(Canary, IsDrawnByTheSeed) {
    std::set<std::string_view> drawn;
    for (std::uint64_t n = 0; n < 200; ++n) {
        const cell one = draw_canary(3, n);
        EXPECT_EQ(one.variant, draw_canary(3, n).variant);
        drawn.insert(one.variant->info->name);
    }
    EXPECT_THAT(drawn, SizeIs(canaries().size()));
}

// A canary has its fifth of a campaign, and not so little that a busy machine would hide it.
TEST(Canary, HasTimeInAShortCampaignToo) {
    const auto least = time_for_canary(std::chrono::milliseconds(100));
    EXPECT_GE(least, std::chrono::seconds(3));
    EXPECT_EQ(time_for_canary(least * 5 + std::chrono::seconds(5)),
              least + std::chrono::seconds(1));
    EXPECT_LE(time_for_canary(std::chrono::hours(8)), std::chrono::seconds(30));
}

// Killed at any moment, it loses the slice that was running and no other; the same command
// continues, and in the end all of the time is accounted for.
TEST(SoakCommand, LosesNothingWhenItIsKilled) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    const unsigned seconds = under_sanitizer ? 20 : 4;
    const std::string duration = std::to_string(seconds) + "s";
    std::string so_far;
    for (const std::size_t slices : {2U, 7U, 12U}) {
        running_program run = start_pidmap_stress(soak_words(dir, duration));
        ASSERT_TRUE(has_slices(run, dir, slices)) << run.wait().err;
        run.send(SIGKILL);
        (void)run.wait();
        const std::string now = text_of(dir + "/journal.jsonl");
        EXPECT_TRUE(now.starts_with(so_far)) << "a line that was there is gone";
        so_far = now.substr(0, now.rfind('\n') + 1);
    }
    const program_end last = soak_to_its_end(soak_words(dir, ""), seconds);
    EXPECT_EQ(last.code, exit_as_expected) << last.out << last.err;
    EXPECT_THAT(last.out, HasSubstr("goes on with the campaign"));
    const auto text = journal::read_journal(dir);
    ASSERT_TRUE(text);
    EXPECT_THAT(text->attempts, SizeIs(4));
    std::set<std::pair<unsigned, std::uint64_t>> seen;
    double spent = 0;
    for (const journal::slice_record& slice : text->slices) {
        EXPECT_TRUE(seen.emplace(slice.cell, slice.number).second) << "a slice was run twice";
        spent += slice.spent_seconds;
    }
    EXPECT_GT(spent, under_sanitizer ? 10 : 2);
    EXPECT_EQ(text->ends.back().reason, "done");
    // A finished soak stays finished.
    const program_end again = run_pidmap_stress(soak_words(dir, duration));
    EXPECT_EQ(again.code, exit_as_expected) << again.out << again.err;
    EXPECT_EQ(journal::read_journal(dir)->slices.size(), text->slices.size());
}

// Asked to end, it saves what it has and says that it is incomplete, with a code of its own.
TEST(SoakCommand, EndsInGoodOrder) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    running_program run = start_pidmap_stress(soak_words(dir, "10m"));
    ASSERT_TRUE(has_slices(run, dir, 3)) << run.wait().err;
    run.send(SIGTERM);
    const program_end end = run.wait();
    EXPECT_EQ(end.code, exit_cut_short) << end.out << end.err;
    EXPECT_THAT(end.out, HasSubstr("cut short: all is saved in " + dir));
    EXPECT_EQ(journal::read_journal(dir)->ends.back().reason, "asked to end");
}

// Asked for its progress, it prints that and continues; `status` prints the same for any soak.
TEST(SoakCommand, SaysHowFarItIs) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    running_program run = start_pidmap_stress(soak_words(dir, "10m"));
    ASSERT_TRUE(has_slices(run, dir, 1)) << run.wait().err;
    const program_end outside = run_pidmap_stress({"status", dir});
    EXPECT_EQ(outside.code, exit_as_expected);
    EXPECT_THAT(outside.out, HasSubstr("running, process "));
    const auto before = journal::read_journal(dir)->slices.size();
    run.send(SIGUSR1);
    ASSERT_TRUE(has_slices(run, dir, before + 3)) << "it did not go on";
    run.send(SIGTERM);
    const program_end end = run.wait();
    EXPECT_THAT(end.err, HasSubstr("status: "));
    EXPECT_THAT(end.err, HasSubstr("worker 0:"));
    EXPECT_THAT(run_pidmap_stress({"status", dir}).out, HasSubstr("not running, and not done"));
}

// Only one soak at a time has a folder; a second one is told which process has it.
TEST(SoakCommand, HasItsFolderForItself) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    running_program run = start_pidmap_stress(soak_words(dir, "10m"));
    ASSERT_TRUE(has_slices(run, dir, 1)) << run.wait().err;
    const program_end other = run_pidmap_stress(soak_words(dir, "10m"));
    EXPECT_EQ(other.code, exit_usage);
    EXPECT_THAT(other.err, HasSubstr("is in use by process "));
    run.send(SIGTERM);
    (void)run.wait();
}

// Where no room is left, that is one line, and what was recorded is intact.
TEST(SoakCommand, KeepsWhatItHasWhereThereIsNoRoom) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    std::string words = testing::pidmap_stress_path();
    for (const std::string& word : soak_words(dir, "1m")) words += " " + word;
    const program_end end = run_by_shell("ulimit -f 4; exec " + words);  // KiB, or half of it.
    EXPECT_EQ(end.code, exit_no_resources) << end.out << end.err;
    EXPECT_THAT(end.err, HasSubstr("cannot be written"));
    EXPECT_THAT(end.err, HasSubstr("what was recorded before is intact"));
    const auto text = journal::read_journal(dir);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->left_out, "");
    EXPECT_GT(text->slices.size(), 0U);
}

/// Runs shell commands with a small file system mounted at `folder`, in a namespace of their own.
/// \return nothing where a user may not mount one.
[[nodiscard]] std::optional<program_end> run_on_small_disk(const std::string& folder,
                                                           const std::string& size,
                                                           const std::string& commands) {
    std::filesystem::create_directories(folder);
    const std::string mounted =
        "unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=" + size + " none " +
        folder + " && ";
    if (run_by_shell(mounted + "true'").code != 0) return std::nullopt;
    return run_by_shell(mounted + "{ " + commands + "; }'");
}

// A disk that fills up, and is full when it is asked to go on: no slice that was told of is lost,
// and with room again the same command goes on.
TEST(SoakCommand, SurvivesAFullDisk) {
    const scratch_folder folder;
    const std::string disk = folder.path("disk");
    std::string words = testing::pidmap_stress_path();
    for (const std::string& word : soak_words(disk + "/d", "1m")) words += " " + word;
    const std::string status = testing::pidmap_stress_path() + " status " + disk + "/d";
    const std::string kept = folder.path("kept");
    const auto end = run_on_small_disk(
        disk, "16k",
        words + "; echo first $?; cp " + disk + "/d/journal.jsonl " + kept + "; " + words +
            "; echo second $?; cmp " + disk + "/d/journal.jsonl " + kept + " && echo the same; " +
            status + " | tail -n 3; mount -o remount,size=8m " + disk +
            " && timeout --preserve-status 3 " + words + "; echo third $?; cp " + disk +
            "/d/journal.jsonl " + kept + ".more");
    if (!end) GTEST_SKIP() << "this user may not mount a file system";
    EXPECT_THAT(end->out, HasSubstr("first " + std::to_string(exit_no_resources))) << end->err;
    EXPECT_THAT(end->err, HasSubstr("what was recorded before is intact"));
    EXPECT_THAT(end->out, HasSubstr("second " + std::to_string(exit_no_resources))) << end->err;
    EXPECT_THAT(end->out, HasSubstr("the same")) << "what was there has changed";
    EXPECT_THAT(end->out, HasSubstr("third " + std::to_string(exit_cut_short))) << end->err;
    const std::string before = text_of(kept);
    const std::string after = text_of(kept + ".more");
    // A last line that found no room is cut off, and no other.
    const std::string whole = before.substr(0, before.rfind('\n') + 1);
    EXPECT_GT(std::ranges::count(whole, '\n'), 5);
    EXPECT_TRUE(after.starts_with(whole));
    EXPECT_GT(std::ranges::count(after, '\n'), std::ranges::count(whole, '\n') + 3);
}

/// Refused in one line that has this text.
void expect_refusal(std::vector<std::string> words, const std::string& text) {
    const program_end end = run_pidmap_stress(words);
    EXPECT_EQ(end.code, exit_usage) << end.out;
    EXPECT_THAT(end.err, HasSubstr(text));
    EXPECT_EQ(std::ranges::count(end.err, '\n'), 1) << end.err;
}

// Another campaign's folder, a file, a damaged journal, a wrong word: one line each, nothing lost.
TEST(SoakCommand, RefusesWhatItCannotGoOnWith) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    ASSERT_EQ(soak_to_its_end(soak_words(dir, ""), under_sanitizer ? 9 : 1).code, 0);
    const std::string before = text_of(dir + "/journal.jsonl");
    auto other = soak_words(dir, "10s");
    other.back() = "3";
    expect_refusal(other, "--threads was 2 and is now 3");
    other = soak_words(dir, "10s");
    other[8] = "6";
    expect_refusal(other, "the seed was 5 and is now 6");
    EXPECT_EQ(text_of(dir + "/journal.jsonl"), before);
    std::ofstream(folder.path("f")) << "text";
    expect_refusal(soak_words(folder.path("f"), "1s"), "is a file; it must be a folder");
    expect_refusal({"soak", "--duration", "1s"}, "soak needs --dir");
    expect_refusal(soak_words(dir, "0s"), "--duration");
    expect_refusal({"soak", "--dir", dir, "--shard", "3/2"}, "--shard '3/2'");
    expect_refusal({"soak", "--dir", dir, "--world", "mars"}, "--world 'mars'");
    expect_refusal({"status", folder.path("nowhere")}, "has no journal");
}

// A finding is in the report with its interleaving and the command that runs its slice again, which
// finds it again.
TEST(SoakCommand, ReportsWhatItFound) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    const program_end end = soak_to_its_end(
        {"soak", "--dir", dir, "--duration", "", "--variant", "page_zero_uncorrected", "--scenario",
         "page_zero", "--discipline", "reference", "--seed", "5", "--slice", "500ms"},
        under_sanitizer ? 15 : 3);
    EXPECT_EQ(end.code, exit_as_expected) << end.out << end.err;
    const std::string html = folder.path("page.html");
    const std::string ledger = folder.path("ledger.json");
    const program_end first = run_pidmap_stress(
        {"report", dir, "--html", html, "--json", folder.path("r.json"), "--junit",
         folder.path("r.xml"), "--markdown", folder.path("r.md"), "--ledger", ledger});
    EXPECT_EQ(first.code, exit_as_expected) << first.out << first.err;
    for (const char* const name : {"page.html", "r.json", "r.xml", "r.md", "ledger.json"})
        EXPECT_GT(std::filesystem::file_size(folder.path(name)), 100U) << name;
    const auto text = journal::read_journal(dir);
    ASSERT_FALSE(text->slices.empty());
    const auto found = std::ranges::find_if(
        text->slices, [](const journal::slice_record& one) { return !one.findings.empty(); });
    ASSERT_NE(found, text->slices.end());
    if (!under_sanitizer) {
        ASSERT_TRUE(found->again);
        EXPECT_GT(found->again->with_findings, 0U);
    }
    if (!under_sanitizer) {
        ASSERT_TRUE(found->findings.at(0).explained);
        EXPECT_THAT(text_of(dir + "/" + found->findings[0].explained->test_file),
                    HasSubstr("TEST(Regression, PageZeroUncorrectedReference"));
    }
    ASSERT_THAT(found->command, HasSubstr(" run --variant page_zero_uncorrected"));
    const program_end again = run_by_shell(found->command);
    EXPECT_EQ(again.code, exit_violated) << again.out << again.err;
    // The second night reports nothing as new.
    const program_end second = run_pidmap_stress({"report", dir, "--ledger", ledger});
    EXPECT_THAT(second.out, HasSubstr("what changed"));
    EXPECT_THAT(second.out, Not(HasSubstr(": new")));
}

// A report of nothing is not a pass.
TEST(SoakCommand, ReportsNothingAsNoPass) {
    const scratch_folder folder;
    std::filesystem::create_directory(folder.path("empty"));
    const program_end end = run_pidmap_stress({"report", folder.path("empty")});
    EXPECT_EQ(end.code, exit_inconclusive);
    EXPECT_THAT(end.out, HasSubstr("nothing was run"));
}

// A baseline that is missing, or of another version, is reported, and so is everything else.
TEST(SoakCommand, ReportsWithoutABaselineThatCannotBeRead) {
    const scratch_folder folder;
    const std::string dir = folder.path("d");
    ASSERT_EQ(soak_to_its_end(soak_words(dir, ""), under_sanitizer ? 9 : 1).code, 0);
    const program_end none =
        run_pidmap_stress({"report", dir, "--baseline", folder.path("none.json")});
    EXPECT_EQ(none.code, exit_as_expected) << none.out;
    EXPECT_THAT(none.out, HasSubstr("is not there: nothing to compare with"));
    std::ofstream(folder.path("other.json")) << "{\"ledger_schema\":99}";
    const program_end other =
        run_pidmap_stress({"report", dir, "--ledger", folder.path("other.json")});
    EXPECT_THAT(other.out, HasSubstr("has ledger_schema 99"));
    EXPECT_THAT(other.err, HasSubstr("--ledger is left as it is"));
    EXPECT_EQ(text_of(folder.path("other.json")), "{\"ledger_schema\":99}");
}

}  // namespace
}  // namespace pidmap_stress
