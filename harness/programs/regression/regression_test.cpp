#include "harness/programs/regression/regression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pidmap_stress::explore {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A case that holds in every interleaving breaks nothing; a breakage is reported, with a token.
TEST(RegressionTest, TellsWhatBreaks) {
    EXPECT_EQ(what_breaks("sound/member/calls/2x4/max8/last4/4=f0+=af0/rc11"), "");
    const std::string broken = what_breaks("as_posted/lookup/page_zero/2x1/2x8/rc11");
    EXPECT_THAT(broken, HasSubstr("; replay as_posted/lookup/page_zero/2x1/2x8/rc11"));
}

// The case itself is explored, and not only the schedule that was found.
TEST(RegressionTest, OverlooksWhatTheCaseWasToShow) {
    EXPECT_EQ(what_breaks("sound/lookup/page_zero/2x1/2x8/rc11/no_underflow"), "");
}

// A name that names no case, and a budget that is too small, show nothing: that is not a pass.
TEST(RegressionTest, IsNoPassIfItShowsNothing) {
    EXPECT_THAT(what_breaks("nobody/lookup/page_zero/2x1/2x8/rc11"),
                HasSubstr("is not a case of this build"));
    EXPECT_THAT(what_breaks("sound/lookup/page_zero/2x1/2x8/rc11", 3), HasSubstr("were not all"));
}

// The file says what was found, and explores the case by its name.
TEST(RegressionTest, IsASourceFile) {
    const auto what = parse_case("as_posted/lookup/page_zero/2x1/2x8/rc11/no_get_from_zero");
    ASSERT_TRUE(what);
    const std::string text = regression_test(*what, "thread 2 takes the count from 0 to 1");
    EXPECT_THAT(text, StartsWith("// thread 2 takes the count from 0 to 1\n"));
    EXPECT_THAT(text, HasSubstr("TEST(Regression, AsPostedLookupNoGetFromZero"));
    EXPECT_THAT(text, HasSubstr("\"as_posted/lookup/page_zero/2x1/2x8/rc11/no_get_from_zero\""));
}

}  // namespace
}  // namespace pidmap_stress::explore
