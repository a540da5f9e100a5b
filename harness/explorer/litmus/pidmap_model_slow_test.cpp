// The larger counts, which take seconds each.

#include <gtest/gtest.h>

#include "harness/explorer/litmus/pidmap_program.hpp"
#include "harness/explorer/search/explore.hpp"

namespace pidmap_stress::explore {
namespace {

using yardstick::pidmap_case;

void expect_count(const program& p, model m, std::uint64_t executions) {
    const result r = explore(p, {.model = m,
                                 .on_failure = cas_failure_order::as_success,
                                 .jobs = 2,
                                 .count_redundant = true});
    EXPECT_EQ(r.executions, executions);
    EXPECT_EQ(r.redundant, 0U);
    EXPECT_TRUE(r.ok() && r.complete) << r.summary();
}

TEST(PidmapModelSlow, PageLevelThreeLateOutsiders) {
    expect_count(pidmap_case<3, 5, 3, 1>(), model::sc, 680'806);
}
TEST(PidmapModelSlow, PageLevelTwoRoundsOfLateOutsiders) {
    expect_count(pidmap_case<3, 5, 2, 2>(), model::sc, 513'704);
}
TEST(PidmapModelSlow, PageLevelThreeHolders) {
    expect_count(pidmap_case<3, 2, 3, 1>(), model::rc11, 571'210);
}
TEST(PidmapModelSlow, ReferenceFirstTwoRoundsOfHolders) {
    expect_count(pidmap_case<1, 2, 2, 2>(), model::rc11, 682'130);
}

}  // namespace
}  // namespace pidmap_stress::explore
