// Explorations side by side give the same result as one alone.

#include "harness/explorer/search/side_by_side.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/explorer/litmus/pidmap_program.hpp"
#include "harness/explorer/search/explore.hpp"

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
TEST(SideBySide, ABudgetIsSpentTheSameWay) {
    for (const std::uint64_t budget : {10U, 700U, 5'000U, 11'904U, 20'000U}) {
        const auto p = pidmap_case<1, 1, 3, 1>();
        const options how{
            .on_failure = cas_failure_order::as_success, .budget = budget, .count_redundant = true};
        expect_same(p, how);
        const result r = explore(p, how);
        EXPECT_EQ(r.executions, std::min<std::uint64_t>(budget, 11'904));
        EXPECT_EQ(r.complete, budget >= 11'904) << budget;
        EXPECT_EQ(r.redundant, 0U);
    }
    expect_same(pidmap_case<0, 1, 2, 2>(), {.budget = 3'000, .stop_at_first = false});
    expect_same(pidmap_case<2, 1, 3, 1>(), {.budget = 20'000});
}
TEST(SideBySide, ABoundedSearchIsTheSame) {
    expect_same(pidmap_case<3, 5, 2, 1>(), {.strategy = strategy::bounded, .preemptions = 3});
    expect_same(pidmap_case<2, 1, 3, 1>(), {.strategy = strategy::bounded});
    expect_same(pidmap_case<1, 1, 2, 2>(),
                {.strategy = strategy::bounded, .budget = 4'000, .count_redundant = true});
    expect_same(pidmap_case<0, 1, 2, 2>(), {.strategy = strategy::bounded, .stop_at_first = false});
}
TEST(SideBySide, SamplesAreTheSame) {
    expect_same(pidmap_case<2, 5, 3, 1>(), {.strategy = strategy::portfolio});
    expect_same(pidmap_case<1, 1, 2, 2>(), {.strategy = strategy::random, .walks = 5'000});
}

}  // namespace
}  // namespace pidmap_stress::explore
