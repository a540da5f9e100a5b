#include "checkers/range.hpp"

#include <gtest/gtest.h>

namespace pidmap_stress {
namespace {

std::optional<finding> judged(pid_nr pid, bool wrapped_before) {
    return judge_range(
        {.pid = pid, .pid_max = 301, .reserved_pids = 300, .wrapped_before = wrapped_before});
}

// The limits themselves: 1 and pid_max - 1, and reserved_pids after a wrap.
TEST(RangeTest, AcceptsTheLimits) {
    EXPECT_FALSE(judged(1, false));
    EXPECT_FALSE(judged(300, false));
    EXPECT_FALSE(judged(300, true));
}

// Bit 0, pid_max, and a reserved pid after the wrap are never handed out.
TEST(RangeTest, RejectsWhatIsOutside) {
    EXPECT_TRUE(judged(0, false));
    EXPECT_TRUE(judged(301, false));
    EXPECT_TRUE(judged(-5, false));
    const auto found = judged(299, true);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->broken, invariant::pid_in_range);
    EXPECT_EQ(found->what, "pid 299 was handed out, allowed are [300, 301) after the first wrap");
}

}  // namespace
}  // namespace pidmap_stress
