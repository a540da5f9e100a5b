// Explorations side by side give the same result as one alone.

#include "harness/explore/side_by_side.hpp"

#include <gtest/gtest.h>

#include "harness/explore/explore.hpp"
#include "harness/explore/pidmap_model.hpp"

namespace pidmap_stress::explore {
namespace {

using yardstick::pidmap_case;

void expect_same(const program& p, options how) {
    how.jobs = 1;
    const result alone = explore(p, how);
    for (int repetition = 0; repetition < 3; ++repetition) {
        how.jobs = 3;
        const result shared = explore(p, how);
        EXPECT_EQ(shared.summary(), alone.summary());
        EXPECT_EQ(shared.executions, alone.executions);
        EXPECT_EQ(shared.blocked, alone.blocked);
        EXPECT_EQ(shared.redundant, alone.redundant);
        EXPECT_EQ(shared.complete, alone.complete);
        ASSERT_EQ(shared.findings.size(), alone.findings.size());
        for (std::size_t i = 0; i < alone.findings.size(); ++i) {
            EXPECT_TRUE(shared.findings[i].same_as(alone.findings[i]));
            EXPECT_EQ(shared.findings[i].schedule, alone.findings[i].schedule);
            EXPECT_EQ(shared.findings[i].at_execution, alone.findings[i].at_execution);
        }
    }
}

TEST(SideBySide, AProofIsTheSame) {
    expect_same(pidmap_case<3, 1, 3, 1>(), {.count_redundant = true});
    expect_same(pidmap_case<1, 1, 2, 2>(), {.model = model::sc});
}
TEST(SideBySide, TheFirstFindingIsTheSame) {
    expect_same(pidmap_case<2, 1, 3, 1>(), {});
    expect_same(pidmap_case<0, 1, 2, 2>(), {});
}
TEST(SideBySide, AllFindingsAreTheSame) {
    expect_same(pidmap_case<0, 1, 2, 2>(), {.stop_at_first = false});
}
TEST(SideBySide, SamplesAreTheSame) {
    expect_same(pidmap_case<2, 5, 3, 1>(), {.strategy = strategy::portfolio});
    expect_same(pidmap_case<1, 1, 2, 2>(), {.strategy = strategy::random, .walks = 5'000});
}

}  // namespace
}  // namespace pidmap_stress::explore
