#include "harness/journal/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

#include "harness/journal/testing/journals.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using kind = finding_change::kind;

/// A night whose second cell got `slices` slices, of which one broke `invariant`, if that is given.
[[nodiscard]] summary night(const std::string& invariant, unsigned slices = 1) {
    journal_text journal = testing::some_journal();
    journal.slices.pop_back();
    for (unsigned n = 0; n < slices; ++n) {
        journal.slices.push_back(testing::some_finding(n, "2026-01-01T00:01:00Z", invariant));
        if (n == 0 && !invariant.empty()) continue;
        journal.slices.back().broken.clear();
        journal.slices.back().findings.clear();
    }
    return summarize({journal});
}

// Where nothing is known, nothing is new: there is no comparison.
TEST(Ledger, CallsNothingNewAtFirst) {
    const comparison changes = compare(std::nullopt, night("no_underflow"));
    EXPECT_FALSE(changes.has_baseline);
    EXPECT_THAT(changes.findings, IsEmpty());
}

// The second night calls the same finding old, with its nights; another invariant is new, and only
// that.
TEST(Ledger, CallsNewWhatIsNew) {
    const ledger first = with_night(std::nullopt, night("no_underflow"));
    const comparison same = compare(first, night("no_underflow"));
    ASSERT_THAT(same.findings, SizeIs(1));
    EXPECT_EQ(same.findings[0].what, kind::still_there);
    EXPECT_EQ(same.findings[0].known.nights, 1U);
    const ledger second = with_night(first, night("no_underflow"));
    EXPECT_EQ(second.nights, 2U);
    EXPECT_EQ(second.findings.begin()->second.nights, 2U);

    const comparison other = compare(second, night("unique_pid"));
    ASSERT_THAT(other.findings, SizeIs(2));
    EXPECT_EQ(other.findings[0].what, kind::is_new);
    EXPECT_EQ(other.findings[0].known.invariant, "unique_pid");
    EXPECT_FALSE(other.findings[0].known.expected);
    EXPECT_EQ(other.findings[1].what, kind::not_seen);
}

// The same invariant by another program is of the same family: chance decides which one is met.
TEST(Ledger, KnowsAFamilyByWhateverProgram) {
    const ledger first = with_night(std::nullopt, night("no_underflow"));
    journal_text journal = testing::some_journal();
    journal.slices[2].findings[0].explained->program = "another one";
    const comparison changes = compare(first, summarize({journal}));
    ASSERT_THAT(changes.findings, SizeIs(1));
    EXPECT_EQ(changes.findings[0].what, kind::still_there);
}

// What is not seen is not fixed until so much was run that chance would have shown it; then it is;
// and if it shows again, it came back.
TEST(Ledger, CallsFixedOnlyWhatChanceDoesNotHide) {
    ledger known = with_night(std::nullopt, night("no_underflow", 2));  // Once in 20 CPU seconds.
    const comparison one = compare(known, night("", 2));
    ASSERT_THAT(one.findings, SizeIs(1));
    EXPECT_EQ(one.findings[0].what, kind::not_seen);
    EXPECT_NEAR(one.findings[0].chance_of_luck, 0.37, 0.01) << "e to the -1";
    EXPECT_NEAR(one.findings[0].seconds_to_confirm, 40, 1) << "three times as long in all";
    known = with_night(known, night("", 2));
    EXPECT_FALSE(known.findings.begin()->second.fixed);
    const comparison two = compare(known, night("", 5));
    ASSERT_THAT(two.findings, SizeIs(1));
    EXPECT_EQ(two.findings[0].what, kind::fixed);
    known = with_night(known, night("", 5));
    EXPECT_TRUE(known.findings.begin()->second.fixed);
    EXPECT_THAT(compare(known, night("", 5)).findings, IsEmpty()) << "old news";
    const comparison back = compare(known, night("no_underflow"));
    ASSERT_THAT(back.findings, SizeIs(1));
    EXPECT_EQ(back.findings[0].what, kind::came_back);
}

// A night that did not run the cell says nothing of what the cell showed.
TEST(Ledger, SaysNothingOfWhatWasNotRun) {
    const ledger known = with_night(std::nullopt, night("no_underflow"));
    EXPECT_THAT(compare(known, night("", 0)).findings, IsEmpty());
}

// A cell that does far fewer operations in a CPU second than last time is told.
TEST(Ledger, TellsWhatIsSlower) {
    const ledger known = with_night(std::nullopt, night("no_underflow"));
    EXPECT_THAT(compare(known, night("no_underflow")).slower, IsEmpty());
    journal_text slow = testing::some_journal();
    for (slice_record& slice : slow.slices)
        if (slice.cell == 0) slice.operations /= 2;
    const comparison changes = compare(known, summarize({slow}));
    ASSERT_THAT(changes.slower, SizeIs(1));
    EXPECT_EQ(changes.slower[0].cell.variant, "sound");
    EXPECT_NEAR(changes.slower[0].now / changes.slower[0].before, 0.5, 0.01);
}

// It comes back from its file as it was; what is no ledger of this version is refused.
TEST(Ledger, IsKeptInAFile) {
    const pidmap_stress::testing::scratch_folder folder;
    const std::string path = folder.path("ledger.json");
    EXPECT_FALSE(read_ledger(path));
    const ledger known = with_night(std::nullopt, night("no_underflow", 2));
    std::ofstream(path) << to_text(known);
    const auto again = read_ledger(path);
    ASSERT_TRUE(again);
    EXPECT_EQ(to_text(*again), to_text(known));
    for (const std::string text : {"", "[]", "{\"ledger_schema\":2}", "{\"nights\":1}"}) {
        std::ofstream(path, std::ios::trunc) << text;
        EXPECT_THROW((void)read_ledger(path), std::runtime_error) << text;
    }
}

}  // namespace
}  // namespace pidmap_stress::journal
