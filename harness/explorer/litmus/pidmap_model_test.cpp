// The model of page-level counting has the counts that other model checkers found, and its wrong
// forms break.

#include "harness/explorer/litmus/pidmap_program.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "harness/explorer/search/explore.hpp"

namespace pidmap_stress::explore {
namespace {

using yardstick::pidmap_case;

result explore_fully(const program& p, model m, cas_failure_order f) {
    const result r = explore(p, {.model = m, .on_failure = f, .count_redundant = true});
    std::cout << "    " << r.summary() << '\n';
    return r;
}

struct counts {
    std::uint64_t rc11;
    std::uint64_t sc;
};

/// Other tools give a failed compare-exchange its success order.
void expect_counts(const program& p, counts expected) {
    for (const model m : {model::rc11, model::sc}) {
        const std::uint64_t executions = m == model::rc11 ? expected.rc11 : expected.sc;
        if (executions == 0) continue;
        const result r = explore_fully(p, m, cas_failure_order::as_success);
        EXPECT_EQ(r.executions, executions) << (m == model::rc11 ? "rc11" : "sc");
        EXPECT_TRUE(r.ok()) << r.findings[0].what;
        EXPECT_EQ(r.redundant, 0U);
        EXPECT_TRUE(r.complete);
    }
}

TEST(PidmapModel, ReferenceFirst) {
    expect_counts(pidmap_case<1, 1, 2, 1>(), {12, 12});
    expect_counts(pidmap_case<1, 2, 2, 1>(), {586, 490});
    expect_counts(pidmap_case<1, 1, 2, 2>(), {5'552, 4'017});
    expect_counts(pidmap_case<1, 1, 3, 1>(), {11'904, 9'632});
}
TEST(PidmapModel, PageLevel) {
    expect_counts(pidmap_case<3, 1, 2, 1>(), {16, 16});
    expect_counts(pidmap_case<3, 2, 2, 1>(), {131, 105});
    expect_counts(pidmap_case<3, 5, 2, 1>(), {142, 108});
    expect_counts(pidmap_case<3, 1, 2, 2>(), {8'615, 5'659});
    expect_counts(pidmap_case<3, 1, 3, 1>(), {22'992, 18'416});
}
TEST(PidmapModel, PageLevelTwoRoundsOfHolders) {
    expect_counts(pidmap_case<3, 2, 2, 2>(), {148'150, 0});
}
TEST(PidmapModel, StandardFailureOrdersAllowMore) {
    const auto executions = [](const program& p) {
        return explore_fully(p, model::rc11, cas_failure_order::cxx20).executions;
    };
    EXPECT_EQ(executions(pidmap_case<3, 1, 3, 1>()), 23'504U);
    EXPECT_EQ(executions(pidmap_case<3, 1, 2, 2>()), 8'623U);
}

void expect_broken(const program& p) {
    for (const model m : {model::rc11, model::sc}) EXPECT_FALSE(explore(p, {.model = m}).ok());
}
void expect_holds(const program& p) {
    for (const model m : {model::rc11, model::sc}) {
        const result r = explore(p, {.model = m});
        EXPECT_TRUE(r.ok() && r.complete) << r.summary();
    }
}

TEST(PidmapModel, PostedFormBreaks) {
    expect_broken(pidmap_case<0, 1, 2, 2>());
    expect_broken(pidmap_case<0, 3, 2, 2>());
    expect_broken(pidmap_case<0, 4, 2, 2>());
    expect_broken(pidmap_case<0, 5, 2, 1>());
}
TEST(PidmapModel, LateReferenceBreaksWithThreeThreads) {
    expect_holds(pidmap_case<2, 5, 2, 1>());
    expect_broken(pidmap_case<2, 1, 3, 1>());
    expect_broken(pidmap_case<2, 5, 3, 1>());
}

}  // namespace
}  // namespace pidmap_stress::explore
