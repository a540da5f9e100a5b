#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/sample_night.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// The whole of a night that is as expected.
constexpr const char* good_text =
    R"(as expected: 1 cell holds, 1 breaks as known
safety matrix, all scenarios and worlds together; (!): not as declared
  as_posted  lookup     fails (known): no_underflow
  sound      member     holds: 1 scenario, 2.00 M operations
exercised:
  native: 2 of 2 cells as expected, 20 slices, 4.00 M operations, 3 m 20 s of CPU time
of the cells that hold: 0 violations in 0.0278 CPU hours and 2.00 M operations: rate below 108 per CPU hour and 1.5e-06 per operation at 95 % confidence
planted bugs: found in 1 of 1 journal
memory: no growth in 1 of 1 journal
exit code 0
)";
TEST(PlainText, OfAGoodNightIsShort) {
    EXPECT_EQ(to_plain_text(testing::good_night().input()), good_text);
}

// First the verdict, then what changed, findings, the rest; last the exit code.
TEST(PlainText, HasTheVerdictFirst) {
    const std::string text = to_plain_text(testing::bad_night().input());
    EXPECT_THAT(text, StartsWith("not as expected: 1 cell broke what should hold\nwhat changed: "));
    EXPECT_THAT(text, EndsWith("\nexit code 2\n"));
    std::size_t at = 0;
    for (const char* part :
         {"what changed: compared with 12 nights", "  unique_pid of sound under lookup: new",
          "1 known breakage still there",
          "2 unexpected findings:", "not as it should be:", "safety matrix",
          "exercised:", "of the cells that hold: ", "planted bugs: found in 1 of 2",
          "memory: no growth in 1 of 2", "remarks:"}) {
        const std::size_t here = text.find(part, at);
        ASSERT_NE(here, std::string::npos) << part << " is not where it should be in\n" << text;
        at = here;
    }
}

// A finding can be run again from what the terminal shows.
TEST(PlainText, HasCommandRateAndInterleavingOfAFinding) {
    const std::string text = to_plain_text(testing::bad_night().input());
    EXPECT_THAT(
        text,
        AllOf(HasSubstr("run it again with\n      ./run_stress.sh run --variant sound --seed 9"),
              HasSubstr("it came again in 7 of 20, 95 % CI 15-59 %, runs"),
              HasSubstr("\n    step | thread 1 | thread 2\n"),
              HasSubstr("./run_stress.sh replay 'sound/lookup/calls=abc'")));
}

// What is wrong without a finding is told with its reason.
TEST(PlainText, TellsWhatHasNoFinding) {
    const std::string text = to_plain_text(testing::bad_night().input());
    EXPECT_THAT(text, AllOf(HasSubstr("missing: native: shard 3 of 8 is missing"),
                            HasSubstr("had to break and did not: reuse_happens_after"),
                            HasSubstr("never happened: a namespace died between"),
                            HasSubstr("memory grew from 20000 KiB")));
}

// A journal must not be able to move the cursor of a terminal.
TEST(PlainText, HasNoControlCharacters) {
    EXPECT_THAT(to_plain_text(testing::bad_night().input()),
                AllOf(HasSubstr("<script>"), Not(HasSubstr("\x1b")), Not(HasSubstr("\x01"))));
}

// Whatever else a night has, it fits a screen or two while nothing unexpected was found.
TEST(PlainText, HasAtMost60LinesWithoutUnexpectedFindings) {
    testing::night all = testing::bad_night();
    all.sum.findings.clear();
    for (int n = 0; n < 100; ++n) {
        const std::string name = fmt::format("name_{}", n);
        all.sum.cells.push_back(testing::some_cell(
            name, {.variant = name, .discipline = "member", .scenario = "churn"}));
        all.sum.missing.push_back({.what = name + "\n\n"});
        all.sum.remarks.push_back(name + "\n\n");
        all.sum.canaries.push_back(all.sum.canaries[1]);
        all.sum.memory.push_back(all.sum.memory[1]);
        all.changes.slower.push_back(all.changes.slower[0]);
    }
    const std::string text = to_plain_text(all.input());
    EXPECT_LE(std::ranges::count(text, '\n'), 60) << text;
    EXPECT_THAT(text, ContainsRegex("and [0-9]+ more, see the report"));
}

TEST(PlainText, OfNothingSaysSo) {
    const std::string text = to_plain_text({.night = summarize({}), .changes = {}});
    EXPECT_THAT(text, StartsWith("nothing was run, so nothing was shown\n"));
    EXPECT_THAT(text, EndsWith("exit code 7\n"));
}

}  // namespace
}  // namespace pidmap_stress::journal
