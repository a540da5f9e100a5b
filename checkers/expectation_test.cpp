#include "checkers/expectation.hpp"

#include <gtest/gtest.h>

namespace pidmap_stress {
namespace {

constexpr variant_info sound{.name = "sound", .summary = "holds"};
constexpr variant_info known_bad{
    .name = "known_bad",
    .summary = "fails",
    .breaks = {{.broken = invariant::no_underflow, .shown_by = "page_zero"},
               {.broken = invariant::no_use_after_release,
                .where = discipline::lookup,
                .shown_by = "lookup"},
               {.broken = invariant::no_immediate_reuse}}};

verdict broke(std::initializer_list<invariant> which) {
    verdict seen{.operations = 1};
    for (const invariant one : which) seen.add(finding{.broken = one});
    return seen;
}

// A variant without known breakages must hold.
TEST(ExpectationTest, ASoundVariantHasToHold) {
    EXPECT_TRUE(assess(broke({}), sound, discipline::member, "churn").as_expected());
    const assessment bad =
        assess(broke({invariant::no_underflow}), sound, discipline::member, "churn");
    EXPECT_FALSE(bad.as_expected());
    EXPECT_EQ(to_string(bad), "unexpected: no_underflow");
}

// A breakage must show in the scenario that is to show it: a survivor means a blind harness.
TEST(ExpectationTest, ARequiredBreakageMustShow) {
    EXPECT_TRUE(assess(broke({invariant::no_underflow}), known_bad, discipline::member, "page_zero")
                    .as_expected());
    const assessment survived = assess(broke({}), known_bad, discipline::member, "page_zero");
    EXPECT_FALSE(survived.as_expected());
    EXPECT_EQ(to_string(survived), "none was shown of: no_underflow");
}

// The schedule decides which of several consequences comes first: one of them is enough.
TEST(ExpectationTest, OneOfTheRequiredBreakagesIsEnough) {
    constexpr variant_info several{
        .name = "several",
        .summary = "fails in one of two ways",
        .breaks = {{.broken = invariant::no_underflow, .shown_by = "page_zero"},
                   {.broken = invariant::released_once, .shown_by = "page_zero"}}};
    EXPECT_TRUE(assess(broke({invariant::released_once}), several, discipline::member, "page_zero")
                    .as_expected());
    const assessment survived = assess(broke({}), several, discipline::member, "page_zero");
    EXPECT_EQ(to_string(survived), "none was shown of: released_once, no_underflow");
}

// In other scenarios a known breakage may show, or not.
TEST(ExpectationTest, AKnownBreakageMayShowElsewhere) {
    EXPECT_TRUE(assess(broke({}), known_bad, discipline::member, "churn").as_expected());
    EXPECT_TRUE(assess(broke({invariant::no_underflow, invariant::no_immediate_reuse}), known_bad,
                       discipline::member, "churn")
                    .as_expected());
    EXPECT_TRUE(assess(broke({}), known_bad, discipline::member, "").as_expected());
}

// A breakage counts only under the disciplines that it names, for both requirement and permission.
TEST(ExpectationTest, ABreakageIsBoundToItsDisciplines) {
    EXPECT_TRUE(assess(broke({}), known_bad, discipline::member, "lookup").as_expected());
    EXPECT_FALSE(assess(broke({}), known_bad, discipline::lookup, "lookup").as_expected());
    EXPECT_FALSE(
        assess(broke({invariant::no_use_after_release}), known_bad, discipline::member, "lookup")
            .as_expected());
}

// Crash, stall and vacuity are never as expected, even where nothing is required.
TEST(ExpectationTest, WhatIsNoResultIsNotAsExpected) {
    const assessment vacuous = assess(verdict{}, sound, discipline::member, "churn");
    EXPECT_FALSE(vacuous.as_expected());
    EXPECT_EQ(to_string(vacuous), "inconclusive");
    const verdict crashed{.end = run_end::crashed, .operations = 1};
    EXPECT_EQ(to_string(assess(crashed, known_bad, discipline::member, "page_zero")),
              "crash; none was shown of: no_underflow");
    EXPECT_FALSE(assess(verdict{.end = run_end::stalled, .operations = 1}, known_bad,
                        discipline::member, "churn")
                     .as_expected());
}

}  // namespace
}  // namespace pidmap_stress
