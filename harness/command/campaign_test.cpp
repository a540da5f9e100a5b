#include "harness/command/campaign.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace pidmap_stress {
namespace {

[[nodiscard]] cell_result of_kind(verdict_kind kind) {
    return {.judged = {.kind = kind}};
}
[[nodiscard]] cell_result unexpectedly_violated() {
    return {.judged = {.kind = verdict_kind::violated, .unexpected = invariant::unique_pid}};
}
[[nodiscard]] cell_result out_of_resources() {
    return {.judged = {.kind = verdict_kind::inconclusive}, .out_of_resources = true};
}
/// It was asked to end before it could show what it has to show.
[[nodiscard]] cell_result nothing_yet() {
    cell_result result = of_kind(verdict_kind::inconclusive);
    result.cut_short = true;
    return result;
}
[[nodiscard]] cell_result blind() {
    return {.judged = {.kind = verdict_kind::holds, .missing = invariant::no_underflow}};
}

// Each outcome alone has its exit code; a known violation is one under --strict only.
TEST(ExitCodeTest, EachOutcomeHasItsOwn) {
    for (const bool strict : {false, true}) {
        EXPECT_EQ(exit_code_of({of_kind(verdict_kind::holds)}, {.strict = strict}),
                  exit_as_expected);
        EXPECT_EQ(exit_code_of({of_kind(verdict_kind::violated)}, {.strict = strict}),
                  strict ? exit_violated : exit_as_expected);
        EXPECT_EQ(exit_code_of({unexpectedly_violated()}, {.strict = strict}), exit_violated);
        EXPECT_EQ(exit_code_of({of_kind(verdict_kind::crash)}, {.strict = strict}), exit_crash);
        EXPECT_EQ(exit_code_of({of_kind(verdict_kind::stall)}, {.strict = strict}), exit_stall);
        EXPECT_EQ(exit_code_of({of_kind(verdict_kind::inconclusive)}, {.strict = strict}),
                  exit_inconclusive);
        EXPECT_EQ(exit_code_of({blind()}, {.strict = strict}), exit_inconclusive);
        EXPECT_EQ(exit_code_of({out_of_resources()}, {.strict = strict}), exit_no_resources);
        EXPECT_EQ(exit_code_of({of_kind(verdict_kind::killed)}, {.strict = strict}),
                  exit_no_resources);
    }
}

// A run that was cut short is neither good nor bad, except for what it had shown by then.
TEST(ExitCodeTest, CutShortIsACodeOfItsOwnAndHidesNothing) {
    const exit_rules cut{.complete = false};
    EXPECT_EQ(exit_code_of({}, cut), exit_cut_short);
    EXPECT_EQ(exit_code_of({of_kind(verdict_kind::holds)}, cut), exit_cut_short);
    EXPECT_EQ(exit_code_of({nothing_yet()}, cut), exit_cut_short);
    EXPECT_EQ(exit_code_of({unexpectedly_violated(), nothing_yet()}, cut), exit_violated);
    EXPECT_EQ(exit_code_of({of_kind(verdict_kind::crash), nothing_yet()}, cut), exit_crash);
    EXPECT_EQ(exit_code_of({of_kind(verdict_kind::stall)}, cut), exit_stall);
}

// A run in which no cell was run has shown nothing.
TEST(ExitCodeTest, NoResultIsNoPass) {
    EXPECT_EQ(exit_code_of({}, {.strict = false}), exit_inconclusive);
}

// The gravest outcome of a run counts, in whatever order the cells came.
TEST(ExitCodeTest, TheGravestCounts) {
    const std::vector<std::pair<cell_result, int>> gravest_first{
        {unexpectedly_violated(), exit_violated},
        {of_kind(verdict_kind::crash), exit_crash},
        {of_kind(verdict_kind::stall), exit_stall},
        {out_of_resources(), exit_no_resources},
        {of_kind(verdict_kind::inconclusive), exit_inconclusive},
        {blind(), exit_inconclusive},
        {of_kind(verdict_kind::holds), exit_as_expected}};
    for (unsigned subset = 1; subset < 1U << gravest_first.size(); ++subset) {
        std::vector<cell_result> results;
        int expected = -1;
        for (std::size_t n = 0; n < gravest_first.size(); ++n) {
            if ((subset >> n & 1) == 0) continue;
            if (expected == -1) expected = gravest_first[n].second;
            results.push_back(gravest_first[n].first);
        }
        EXPECT_EQ(exit_code_of(results, {}), expected) << subset;
        std::ranges::reverse(results);
        EXPECT_EQ(exit_code_of(results, {}), expected) << subset;
        results.push_back(of_kind(verdict_kind::violated));
        EXPECT_EQ(exit_code_of(results, {.strict = true}), exit_violated) << subset;
    }
}

}  // namespace
}  // namespace pidmap_stress
