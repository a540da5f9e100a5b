#include "harness/journal/journal_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "harness/journal/testing/journals.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress::journal {
namespace {

using pidmap_stress::testing::scratch_folder;
using pidmap_stress::testing::text_of;
using ::testing::HasSubstr;

/// Why a folder's journal cannot be opened; "" if it can.
[[nodiscard]] std::string refusal(const std::string& folder) {
    try {
        const journal_file file(folder);
    } catch (const append_failure& failure) {
        return failure.what;
    }
    return "";
}

/// A folder with a journal of a campaign, an attempt and this many slices.
void write_journal(const std::string& folder, std::uint64_t slices) {
    journal_file file(folder);
    ASSERT_FALSE(file.append(testing::some_campaign()));
    ASSERT_FALSE(file.append(testing::some_attempt("2026-01-01T00:00:00Z")));
    for (std::uint64_t n = 0; n < slices; ++n)
        ASSERT_FALSE(file.append(testing::some_slice(n, "2026-01-01T00:00:10Z")));
}

// What was appended is there for the next process, in its order.
TEST(JournalFile, KeepsWhatIsAppended) {
    const scratch_folder folder;
    const std::string path = folder.path("a/new/folder");
    write_journal(path, 3);
    const journal_file again(path);
    ASSERT_TRUE(again.before());
    EXPECT_EQ(again.before()->campaign.seed, 7U);
    EXPECT_EQ(again.before()->attempts.size(), 1U);
    ASSERT_EQ(again.before()->slices.size(), 3U);
    EXPECT_EQ(again.before()->slices[2].number, 2U);
    EXPECT_EQ(again.before()->left_out, "");
}

// A process that was killed while it wrote leaves half a line. Wherever it is torn, all lines
// before it are there, it is said, and the next record stands on a line of its own.
TEST(JournalFile, LeavesOutALastLineThatIsTornAtAnyByte) {
    const scratch_folder folder;
    write_journal(folder.path("d"), 2);
    const std::string whole = text_of(folder.path("d/journal.jsonl"));
    const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t bytes = last + 1; bytes < whole.size(); ++bytes) {
        std::ofstream(folder.path("d/journal.jsonl"), std::ios::trunc) << whole.substr(0, bytes);
        {
            journal_file file(folder.path("d"));
            ASSERT_TRUE(file.before()) << bytes;
            ASSERT_EQ(file.before()->slices.size(), 1U) << bytes;
            ASSERT_THAT(file.before()->left_out, HasSubstr("was not written to its end"));
            ASSERT_FALSE(file.append(testing::some_slice(5, "2026-01-01T00:00:10Z")));
        }
        const auto text = read_journal(folder.path("d"));
        ASSERT_TRUE(text);
        ASSERT_EQ(text->slices.size(), 2U) << bytes;
        ASSERT_EQ(text->slices[1].number, 5U);
        ASSERT_EQ(text->left_out, "");
    }
}

// Of a first line that is torn nothing is left: the campaign begins.
TEST(JournalFile, BeginsWhereTheFirstLineIsTorn) {
    const scratch_folder folder;
    std::filesystem::create_directory(folder.path("d"));
    std::ofstream(folder.path("d/journal.jsonl")) << R"({"type":"campa)";
    EXPECT_FALSE(journal_file(folder.path("d")).before());
}

// A damaged line in the middle is no accident of writing: nothing is guessed, and nothing lost.
TEST(JournalFile, RefusesALineInTheMiddleThatIsNoRecord) {
    const scratch_folder folder;
    write_journal(folder.path("d"), 2);
    std::string text = text_of(folder.path("d/journal.jsonl"));
    text.replace(text.find('\n') + 1, 1, "#");
    std::ofstream(folder.path("d/journal.jsonl"), std::ios::trunc) << text;
    EXPECT_THAT(refusal(folder.path("d")), HasSubstr("journal.jsonl:2: a line is not a JSON"));
    EXPECT_EQ(text_of(folder.path("d/journal.jsonl")), text);
}

// Another version's journal is refused by its schema, and left as it is.
TEST(JournalFile, RefusesAnotherSchema) {
    const scratch_folder folder;
    std::filesystem::create_directory(folder.path("d"));
    const std::string text = "{\"type\":\"campaign\",\"schema\":2}\n";
    std::ofstream(folder.path("d/journal.jsonl")) << text;
    EXPECT_THAT(refusal(folder.path("d")), HasSubstr("schema 2"));
    EXPECT_EQ(text_of(folder.path("d/journal.jsonl")), text);
}

// One process at a time, and the other one is named.
TEST(JournalFile, IsWrittenByOneProcess) {
    const scratch_folder folder;
    const std::string path = folder.path("d");
    EXPECT_FALSE(writer_of(path));
    const journal_file mine(path);
    const pid_t child = ::fork();
    if (child == 0) {
        const bool good = refusal(path).find("in use by process " + std::to_string(::getppid())) !=
                              std::string::npos &&
                          writer_of(path) == ::getppid();
        ::_exit(good ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

// A path that is a file, or that cannot be written, is refused in one line.
TEST(JournalFile, RefusesWhatIsNoFolder) {
    const scratch_folder folder;
    std::ofstream(folder.path("f")) << "text";
    EXPECT_THAT(refusal(folder.path("f")), HasSubstr("is a file; it must be a folder"));
    EXPECT_THAT(refusal("/proc/nowhere"), HasSubstr("cannot be made"));
}

// Where there is no room, the record is refused whole, and what was there is as it was.
TEST(JournalFile, IsAsItWasWhereThereIsNoRoom) {
    const scratch_folder folder;
    write_journal(folder.path("d"), 1);
    const std::string before = text_of(folder.path("d/journal.jsonl"));
    const pid_t child = ::fork();
    if (child == 0) {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{.rlim_cur = before.size() + 10, .rlim_max = RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        journal_file file(folder.path("d"));
        const auto failure = file.append(testing::some_slice(1, "2026-01-01T00:00:20Z"));
        ::_exit(failure && failure->no_room ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(text_of(folder.path("d/journal.jsonl")), before);
}

// Another campaign is told by the first thing in which it differs.
TEST(JournalFile, NamesWhatDiffers) {
    const campaign_record mine = testing::some_campaign();
    EXPECT_EQ(difference(mine, testing::some_campaign()), "");
    campaign_record other = mine;
    other.configuration["threads"] = "8";
    EXPECT_EQ(difference(mine, other), "--threads was 4 and is now 8");
    other = mine;
    other.configuration["pid-max"] = "500";
    EXPECT_EQ(difference(mine, other), "--pid-max was not set and is now 500");
    other = mine;
    other.seed = 8;
    EXPECT_EQ(difference(mine, other), "the seed was 7 and is now 8");
    other = mine;
    other.world = "tsan";
    EXPECT_EQ(difference(mine, other), "the world was native and is now tsan");
    other = mine;
    other.part = {.index = 1, .count = 4};
    EXPECT_EQ(difference(mine, other), "the shard was 1/1 and is now 2/4");
    other = mine;
    other.cells.pop_back();
    EXPECT_EQ(difference(mine, other), "the number of cells was 2 and is now 1");
    other = mine;
    other.cells[0].name.scenario = "lookup";
    EXPECT_THAT(difference(mine, other), HasSubstr("cell 0 was sound under member in churn"));
    other = mine;
    other.cells[1].permitted.clear();
    EXPECT_EQ(difference(mine, other),
              "what as_posted under lookup in page_zero declares has changed");
    // How often canaries are due is no part of what a slice means.
    other = mine;
    other.canary_every_seconds = 5;
    EXPECT_EQ(difference(mine, other), "");
}

}  // namespace
}  // namespace pidmap_stress::journal
