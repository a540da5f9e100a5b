#include "harness/journal/reports/outline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/testing/sample_night.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::AllOf;
using testing::bad_night;
using ::testing::ElementsAre;
using testing::good_night;
using ::testing::HasSubstr;
using testing::night;
using ::testing::Not;
using ::testing::StartsWith;

// Any number is a time, so that no journal can break a report.
TEST(Outline, TellsAnyTime) {
    EXPECT_EQ(duration_text(3900), "1 h 05 m");
    EXPECT_EQ(duration_text(-1), "0 s");
    EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "centuries");
    EXPECT_EQ(duration_text(std::numeric_limits<double>::quiet_NaN()), "centuries");
}

// New findings come first, then those that came back; known breakages are not among them.
TEST(Outline, PutsNewFindingsFirst) {
    night all = bad_night();
    const auto ids = [&all] {
        std::vector<std::string> list;
        for (const finding_group* group : unexpected_findings(all.input()))
            list.push_back(group->id);
        return list;
    };
    EXPECT_THAT(ids(), ElementsAre("00000000000c", "00000000000b"));
    all.changes.findings[0].what = finding_change::kind::still_there;
    EXPECT_THAT(ids(), ElementsAre("00000000000b", "00000000000c"));
}

// Nothing is called new where there is nothing to compare with.
TEST(Outline, CallsNothingNewWithoutABaseline) {
    const night all = good_night();
    EXPECT_EQ(change_of(all.sum.findings[0], all.changes), nullptr);
    EXPECT_THAT(occurrence_text(all.sum.findings[0], all.changes), Not(HasSubstr("new")));
    EXPECT_THAT(changes_to_tell(all.changes).compared_with, HasSubstr("nothing is called new"));
}

// What is not known is said, and what is known has an interval.
TEST(Outline, TellsHowOftenAFindingComesAgain) {
    EXPECT_EQ(recurrence_text({.runs = 20, .with_findings = 7}), "7 of 20, 95 % CI 15-59 %, runs");
    EXPECT_THAT(recurrence_text({}), HasSubstr("not known"));
}

// Each change is a sentence, in the order of importance; known breakages that stay are counted.
TEST(Outline, TellsEachChangeOnce) {
    const told_changes told = changes_to_tell(bad_night().changes);
    EXPECT_THAT(
        told.sentences,
        ElementsAre(
            StartsWith("unique_pid of sound under lookup: new"),
            AllOf(StartsWith("stall of sound under lookup: came back"), HasSubstr("2025-12-24")),
            AllOf(StartsWith("no_use_after_release of"), HasSubstr("fixed")),
            AllOf(StartsWith("pid_in_range of"), HasSubstr("not seen"),
                  HasSubstr("2 h 00 m of CPU time")),
            AllOf(HasSubstr("slower: sound under member in churn"), HasSubstr("(-50 %)"))));
    EXPECT_EQ(told.known_still_there, 1U);
}

// All that one needs to go on with a finding, and nothing that a terminal or XML would choke on.
TEST(Outline, GivesAnAccountOfAFinding) {
    const night all = bad_night();
    const finding_group& group = all.sum.findings[1];
    const std::string text = account_text(group, group.sightings[0], all.changes, {});
    for (const char* part :
         {"<script>alert(1)</script> & ", "finding 00000000000c: 36 times in 1 slice", "; new",
          "run it again with\n  ./run_stress.sh run --variant sound --seed 9\n",
          "it came again in 7 of 20", "an interleaving that shows it:\nthread 2 finds a bit",
          "step | thread 1 | thread 2\n", "\n  ./run_stress.sh replay 'sound/lookup/calls=abc'\n",
          "as a test: unique_pid_test.cpp", "last events, newest last:\nworker 2:"})
        EXPECT_THAT(text, HasSubstr(part));
    EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xff"))));
    EXPECT_THAT(account_text(group, group.sightings[0], all.changes, {.events_and_stacks = false}),
                Not(HasSubstr("last events")));
}

// What has no finding is a problem of its own, so that no cause of a bad exit code is untold.
TEST(Outline, TellsWhatIsWrongWithoutAFinding) {
    std::vector<std::string> titles;
    for (const problem& one : other_problems(bad_night().sum)) titles.push_back(one.title);
    EXPECT_THAT(titles, ElementsAre("no living canary", "memory grows", "missing",
                                    "symmetric under member in churn (tsan)",
                                    "per_pid under member in churn (tsan)"));
    EXPECT_TRUE(other_problems(good_night().sum).empty());
    night untold = bad_night();
    untold.sum.findings.clear();
    EXPECT_EQ(other_problems(untold.sum).size(), titles.size() + 2)
        << "a cell broke what should hold, and no text says how";
}

// A night that was cut short can leave hundreds of cells: they must not hide what was found.
TEST(Outline, TellsOfAllCellsThatWereNotRunAtOnce) {
    night all = good_night();
    for (cell_total& cell : all.sum.cells) {
        cell.slices = 0;
        cell.as_expected = false;
    }
    const std::vector<problem> problems = other_problems(all.sum);
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].title, "2 cells not run");
    EXPECT_THAT(problems[0].sentence, HasSubstr("sound under member in churn (native)"));
}

// An entry has the worst of its cells.
TEST(Outline, SaysTheWorstOfEachEntryOfTheMatrix) {
    const safety_matrix all = matrix_of(bad_night().sum);
    EXPECT_THAT(all.variants, ElementsAre("as_posted", "sound", "symmetric", "per_pid"));
    EXPECT_THAT(all.disciplines, ElementsAre("lookup", "member"));
    const auto word = [&all](const char* variant, const char* discipline) {
        return entry_text(all.entries.at({variant, discipline}));
    };
    EXPECT_EQ(word("as_posted", "lookup"), "fails (known)");
    EXPECT_EQ(word("sound", "lookup"), "fails (!)");
    EXPECT_EQ(word("sound", "member"), "stall (!)") << "though it holds in another world";
    EXPECT_EQ(word("symmetric", "member"), "holds (!)");
    EXPECT_EQ(word("per_pid", "member"), "inconclusive");
    EXPECT_EQ(entry_text(matrix_of(good_night().sum).entries.at({"sound", "member"})), "holds");
}

}  // namespace
}  // namespace pidmap_stress::journal
