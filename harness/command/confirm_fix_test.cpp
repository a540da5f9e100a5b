// What it takes to call a bug fixed, against numbers worked out by hand.

#include "harness/command/confirm_fix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pidmap_stress {
namespace {

using ::testing::HasSubstr;
using unit = bug_rate::unit;

TEST(ConfirmFix, ReadsARateOfRunsHoursOrOperations) {
    EXPECT_DOUBLE_EQ(parse_bug_rate("0.35")->rate, 0.35);
    EXPECT_DOUBLE_EQ(parse_bug_rate("35%")->rate, 0.35);
    EXPECT_EQ(parse_bug_rate("35%")->per, unit::run);
    EXPECT_EQ(parse_bug_rate("3/h")->per, unit::cpu_hour);
    EXPECT_DOUBLE_EQ(parse_bug_rate("3/h")->rate, 3);
    EXPECT_EQ(parse_bug_rate("2e-7/op")->per, unit::operation);
    EXPECT_DOUBLE_EQ(parse_bug_rate("2e-7/op")->rate, 2e-7);
}

TEST(ConfirmFix, CountsWhatWasSeenFromTheLowerEndOfItsInterval) {
    EXPECT_NEAR(parse_bug_rate("7/20")->rate, 0.1539, 1e-4);
}

TEST(ConfirmFix, TakesNothingElseForARate) {
    for (const char* wrong : {"", "0", "-1", "1.5", "101%", "x", "3/", "/h", "0/20", "21/20", "3/d",
                              "nan", "inf", "1e999/op", "0/h"})
        EXPECT_FALSE(parse_bug_rate(wrong)) << wrong;
}

TEST(ConfirmFix, PlansAsLongAsTheRuleOfThreeSays) {
    EXPECT_THAT(describe_plan(*parse_bug_rate("50%"), 4), HasSubstr("5 clean runs (--repeat 5)"));
    EXPECT_THAT(describe_plan(*parse_bug_rate("7/20"), 4), HasSubstr("18 clean runs"));
    EXPECT_THAT(describe_plan(*parse_bug_rate("3/h"), 4),
                HasSubstr("0.999 CPU hours of the same cells (--duration 15m, if 4 workers can run "
                          "all the time)"));
    EXPECT_THAT(describe_plan(*parse_bug_rate("1e-6/op"), 4), HasSubstr("--ops 2995733"));
}

TEST(ConfirmFix, SaysWhetherThatMuchWasClean) {
    const bug_rate bug = *parse_bug_rate("50%");
    EXPECT_THAT(describe_confirmation(bug, {.runs = 4}), HasSubstr("4 clean runs of 5"));
    EXPECT_THAT(describe_confirmation(bug, {.runs = 5}), HasSubstr("is gone, with 95 %"));
    const bug_rate hourly = *parse_bug_rate("3/h");
    EXPECT_THAT(describe_confirmation(hourly, {.cpu_hours = 0.5}), HasSubstr("not enough"));
    EXPECT_THAT(describe_confirmation(hourly, {.cpu_hours = 1}), HasSubstr("is gone"));
}

}  // namespace
}  // namespace pidmap_stress
