// What is found is made small enough to be read, and is found again.

#include "harness/programs/shrink.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr std::size_t most_steps = 15;
constexpr std::size_t most_steps_of_others = 24;
constexpr std::size_t most_steps_of_nesting = 20;
// What breaks only where a child is: a task has a number at each level.
constexpr std::size_t most_steps_with_child = 25;
const shows_the_same anything = [](const replay_result&) { return true; };

// What a cell of the matrix breaks is shown in at most N steps, and any other invariant
// that it breaks in not many more, by a token that replays exactly and breaks the same one.
TEST(Shrink, EveryFailingCellIsShownInFewSteps) {
    std::size_t cells = 0;
    for (const std::string_view variant : {"as_posted", "as_posted_creator", "symmetric"})
        for (int how = 0; how < discipline_count; ++how)
            for (const std::string_view scenario : {"page_zero", "page_boundary"}) {
                const explored_case what{.variant = find_explored_variant(variant),
                                         .setting = {.how = static_cast<discipline>(how),
                                                     .scenario = find_explored_scenario(scenario)}};
                const cell_verdict seen = explore_cell(what, {.stop_at_first = false});
                std::size_t fewest = seen.broken.empty() ? 0 : most_steps_of_others;
                for (const broken_invariant& one : seen.broken) {
                    const auto small = shrink(what, one);
                    ASSERT_TRUE(small) << one.token;
                    const auto opened = open_token(small->token(), build_identity());
                    ASSERT_TRUE(opened) << small->token();
                    EXPECT_TRUE(opened->same_build);
                    EXPECT_EQ(opened->shows, one.which);
                    const replay_result run = opened->replay();
                    EXPECT_TRUE(run.exact) << small->token();
                    EXPECT_TRUE(std::ranges::any_of(run.findings, [&](const finding& f) {
                        return broken_by(f) == one.which;
                    })) << small->token();
                    const trace shown = make_trace(*opened, run, "pidmap-stress");
                    EXPECT_LE(shown.shown(), most_steps_of_others) << to_table(shown, false);
                    fewest = std::min(fewest, shown.shown());
                    // What the creator's reading breaks in the set-up already, no step shows.
                    const bool at_first = variant == std::string_view("as_posted_creator") &&
                                          !shown.broken_at_first.empty();
                    EXPECT_GE(shown.shown() + (at_first ? 1 : 0), 1U) << to_table(shown, false);
                    EXPECT_EQ(shown.shown(), small->shown);
                    EXPECT_TRUE(shown.broken_at_first.empty() || at_first ||
                                one.which == invariant::reuse_happens_after)
                        << to_table(shown, false);
                }
                EXPECT_LE(fewest, most_steps) << to_string(what);
                cells += seen.broken.empty() ? 0 : 1;
            }
    EXPECT_EQ(cells, 18U) << "all of them break something";
}

// So is what every other scenario shows, in every variation: by calls, which replay exactly.
TEST(Shrink, EveryFindingOfEveryScenarioIsShownInFewSteps) {
    std::size_t found = 0;
    for (const std::string_view variant : {"as_posted", "symmetric"})
        for (int how = 0; how < discipline_count; ++how)
            for (const explored_scenario* const scenario : explored_scenarios())
                for (unsigned variation = 0;
                     variation < std::max<std::size_t>(1, scenario->variations.size());
                     ++variation) {
                    const explored_case what{.variant = find_explored_variant(variant),
                                             .setting = {.how = static_cast<discipline>(how),
                                                         .scenario = scenario,
                                                         .variation = variation}};
                    if (why_not(what)) continue;
                    const cell_verdict seen = explore_cell(
                        what,
                        {.strategy = strategy::portfolio, .budget = 2'000, .stop_at_first = false});
                    for (const broken_invariant& one : seen.broken) {
                        const auto small = shrink(what, one, {.for_each_program = 300});
                        ASSERT_TRUE(small) << one.token;
                        EXPECT_TRUE(small->of.calls) << one.token;
                        const bool has_child = namespaces_of(*small->of.calls).size() > 1;
                        EXPECT_LE(small->shown, has_child                 ? most_steps_with_child
                                                : scenario->needs_nesting ? most_steps_of_nesting
                                                                          : most_steps_of_others)
                            << small->token();
                        const auto opened = open_token(small->token(), build_identity());
                        ASSERT_TRUE(opened) << small->token();
                        EXPECT_TRUE(opened->replay().exact) << small->token();
                        ++found;
                    }
                }
    EXPECT_GT(found, 60U);
}

// It takes away what is not needed: turns, threads, preemptions.
TEST(Shrink, TakesAwayWhatIsNotNeeded) {
    const auto s = parse_script("member/calls/2x8/max11/last10/8=af0af0+9=af0+10=af0af0");
    ASSERT_TRUE(s);
    const auto small = shrink({.variant = find_explored_variant("as_posted"),
                               .calls = *s,
                               .shows = invariant::live_pid_pins_namespace},
                              anything);
    ASSERT_TRUE(small);
    EXPECT_TRUE(
        small->token().starts_with("as_posted/member/calls/2x2/max3/last2/2=af0/rc11/live_pid"))
        << small->token();
}

// What does not break is not made to.
TEST(Shrink, FindsNothingInWhatHolds) {
    const auto s = parse_script("lookup/calls/2x2/max4/last2/2=f0+=af0");
    ASSERT_TRUE(s);
    std::uint64_t executions = 0;
    EXPECT_FALSE(shrink({.variant = find_explored_variant("sound"),
                         .calls = *s,
                         .shows = invariant::no_get_from_zero},
                        anything, {}, &executions));
    EXPECT_GT(executions, 0U);
    EXPECT_TRUE(shrink({.variant = find_explored_variant("symmetric"),
                        .calls = *s,
                        .shows = invariant::no_get_from_zero},
                       anything));
}

// The simplest schedule of a bug that takes no concurrency lets threads run to their end.
TEST(Shrink, PrefersFewPreemptions) {
    const auto s = parse_script("member/calls/2x2/max4/last3/2=af0+3=a");
    ASSERT_TRUE(s);
    const auto p = find_explored_variant("as_posted")->make(*s);
    std::uint64_t executions = 0;
    const auto simple = simplest_schedule(*p, model::rc11, invariant::refcount_equals_pages,
                                          anything, {}, executions);
    ASSERT_TRUE(simple);
    const replay_result run = replay(*p, *simple, {});
    EXPECT_TRUE(run.exact);
    std::size_t switches = 0;
    for (std::size_t i = 1; i < run.steps.size(); ++i)
        switches += run.steps[i].thread != run.steps[i - 1].thread ? 1 : 0;
    EXPECT_LE(switches, 1U);
    EXPECT_GT(executions, 0U);
}

// The same findings shrink to the same tokens, each time.
TEST(Shrink, IsDeterministic) {
    const explored_case what{
        .variant = find_explored_variant("symmetric"),
        .setting = {.how = discipline::lookup, .scenario = find_explored_scenario("page_zero")}};
    const cell_verdict first = explore_cell(what, {.stop_at_first = false});
    const cell_verdict second = explore_cell(what, {.jobs = 2, .stop_at_first = false});
    ASSERT_EQ(first.broken.size(), second.broken.size());
    for (std::size_t i = 0; i < first.broken.size(); ++i) {
        const auto a = shrink(what, first.broken[i]);
        const auto b = shrink(what, second.broken[i]);
        ASSERT_TRUE(a && b);
        EXPECT_EQ(a->token(), b->token());
    }
}

}  // namespace
}  // namespace pidmap_stress::explore
