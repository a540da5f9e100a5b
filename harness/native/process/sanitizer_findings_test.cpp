#include "harness/native/process/sanitizer_findings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Two places in the source, as addresses of code.
int first_place() {
    return 1;
}
int second_place() {
    return 2;
}
int third_place() {
    return 3;
}

struct report_by_hand {
    const char* kind = "data-race";
    invariant broken = invariant::reuse_happens_after;
    int (*first)() = first_place;
    int (*second)() = second_place;
    int first_thread = 11;
    int second_thread = 12;
};

/// Adds a report as the callback does.
void add(board& to, const report_by_hand& what) {
    board_sanitizer_report& entry = to.sanitizer_reports[to.sanitizer_reports_made++];
    std::strncpy(entry.kind.data(), what.kind, entry.kind.size() - 1);
    entry.broken = what.broken;
    // Frames are return addresses, which lie behind the call.
    entry.sides[0] = {.frames = {reinterpret_cast<std::uintptr_t>(what.first) + 1},
                      .thread = what.first_thread,
                      .size = 2,
                      .write = true};
    entry.sides[1] = {.frames = {reinterpret_cast<std::uintptr_t>(what.second) + 1},
                      .thread = what.second_thread,
                      .size = 2,
                      .atomic = true};
    entry.ready.store(true);
}

const std::map<pid_t, std::string> names{{11, "worker 0"}, {12, "worker 1"}};

// Goal: show what a reader gets: kind, both sides with worker and place, and what is missing.
TEST(SanitizerFindings, SayWhoDidWhatWhere) {
    const board_ptr seen = map_board();
    ASSERT_NE(seen, nullptr);
    add(*seen, {});
    const auto all = sanitizer_findings(*seen, names);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].broken, invariant::reuse_happens_after);
    EXPECT_THAT(all[0].text, AllOf(HasSubstr("data-race"), HasSubstr("worker 0: write of 2 bytes"),
                                   HasSubstr("worker 1: atomic read of 2 bytes"),
                                   HasSubstr("(F1), must happen before"), HasSubstr("(A1)")));
}

// Places are remembered, and forgotten when there are too many; those of the present reports stay.
TEST(SanitizerFindings, StayKnownHoweverManyThereWere) {
    for (std::uintptr_t round = 1; round <= 40; ++round) {
        const board_ptr seen = map_board();
        ASSERT_NE(seen, nullptr);
        add(*seen, {});
        for (std::uintptr_t n = 1; n < seen->sanitizer_reports.size(); ++n) {
            add(*seen, {});
            auto& sides = seen->sanitizer_reports[n].sides;
            sides[0].frames[1] = 1000 * round + n;  // Code of nobody's.
            sides[1].frames[1] = 1000 * round + n;
        }
        const auto all = sanitizer_findings(*seen, names);
        ASSERT_THAT(all, SizeIs(1)) << "round " << round;
        EXPECT_EQ(all[0].times, seen->sanitizer_reports.size());
        EXPECT_THAT(all[0].text, HasSubstr("worker 0: write of 2 bytes"));
    }
}

// Which of the two accesses came first is chance, and so is who made them.
TEST(SanitizerFindings, OfOneCauseAreOne) {
    const board_ptr seen = map_board();
    ASSERT_NE(seen, nullptr);
    add(*seen, {});
    add(*seen, {.first_thread = 12, .second_thread = 11});
    const auto all = sanitizer_findings(*seen, names);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].times, 2U);
}

// Grouping too much would hide a bug behind another one. This program has no lines, and without
// them places are told apart by their addresses.
TEST(SanitizerFindings, OfOtherKindsOrAtOtherPlacesStayApart) {
    const board_ptr seen = map_board();
    ASSERT_NE(seen, nullptr);
    add(*seen, {});
    add(*seen, {.kind = "heap-use-after-free", .broken = invariant::no_use_after_release});
    add(*seen, {.second = third_place});
    EXPECT_THAT(sanitizer_findings(*seen, names), SizeIs(3));
    std::vector<sanitizer_finding> all{{.text = "one", .cause = "a"}};
    const auto fresh = add_to(all, {{.text = "two", .cause = "b"}, {.text = "more", .cause = "a"}});
    EXPECT_THAT(fresh, ElementsAre(::testing::Field(&sanitizer_finding::cause, "b")));
    EXPECT_THAT(all, ElementsAre(::testing::Field(&sanitizer_finding::times, 2U),
                                 ::testing::Field(&sanitizer_finding::times, 1U)));
}

// A process that died in the middle of a report left half of it.
TEST(SanitizerFindings, ThatWereNotCompleteAreLeftOut) {
    const board_ptr seen = map_board();
    ASSERT_NE(seen, nullptr);
    add(*seen, {});
    seen->sanitizer_reports[0].ready.store(false);
    EXPECT_THAT(sanitizer_findings(*seen, names), SizeIs(0));
    seen->sanitizer_reports_made = 1'000;  // More than there is room for.
    EXPECT_THAT(sanitizer_findings(*seen, names), SizeIs(0));
}

[[nodiscard]] std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Each process writes a file of its own; a reader gets one file, and the line to look at.
TEST(RawText, OfAllProcessesIsOneFile) {
    const testing::scratch_folder folder;
    const std::string path = folder.path("raw.txt");
    std::ofstream(path + ".7") << "first\nreport\n";
    std::ofstream(path + ".8") << "second\n";
    EXPECT_EQ(collect_raw_text(path, 7), path + ":1");
    EXPECT_EQ(collect_raw_text(path, 8), path + ":3");
    EXPECT_EQ(collect_raw_text(path, 9), "") << "it wrote nothing";
    EXPECT_EQ(content_of(path), "first\nreport\nsecond\n");
    EXPECT_FALSE(std::filesystem::exists(path + ".7"));
}

// Where nothing can be written, what is there stays.
TEST(RawText, IsNotLostWhenItCannotBeCopied) {
    const testing::scratch_folder folder;
    const std::string path = folder.path("raw.txt");
    std::ofstream(path + ".7") << "report\n";
    std::filesystem::create_directory(path);
    EXPECT_EQ(collect_raw_text(path, 7), path + ".7");
    EXPECT_EQ(content_of(path + ".7"), "report\n");
}

}  // namespace
}  // namespace pidmap_stress
