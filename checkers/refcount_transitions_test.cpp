#include "checkers/refcount_transitions.hpp"

#include <gmock/gmock.h>

namespace pidmap_stress {
namespace {

constexpr long poison = 0x6b6b6b6b;

// The judge costs comparisons only: it works at compile time.
static_assert(!broken_by({.before = 1, .delta = 1}));
static_assert(!broken_by({.before = 1, .delta = -1}));
static_assert(broken_by({.before = 0, .delta = 1}) == invariant::no_get_from_zero);
static_assert(broken_by({.before = -1, .delta = 1}) == invariant::no_get_from_zero);
static_assert(broken_by({.before = 0, .delta = -1}) == invariant::no_underflow);
static_assert(broken_by({.before = 1, .delta = -2}) == invariant::no_underflow);
static_assert(!broken_by({.before = 2, .delta = -1}, poison));
static_assert(broken_by({.before = poison, .delta = 1}, poison) == invariant::no_use_after_release);

// Gets and puts of a live count, the last put included, are clean.
TEST(RefcountTransitionsTest, AcceptsTheLifeOfACount) {
    EXPECT_FALSE(judge_count({.before = 1, .delta = 1}));
    EXPECT_FALSE(judge_count({.before = 2, .delta = -1}));
    EXPECT_FALSE(judge_count({.before = 1, .delta = -1}, poison));
}

// A count that rises from 0 or falls below it is reported with both values.
TEST(RefcountTransitionsTest, ReportsRevivalAndUnderflow) {
    EXPECT_EQ(judge_count({.before = 0, .delta = 1}),
              (finding{.broken = invariant::no_get_from_zero,
                       .what = "the count of the namespace was raised from 0 to 1"}));
    EXPECT_EQ(judge_count({.before = 0, .delta = -1}, {.id = 3, .generation = 9}),
              (finding{.broken = invariant::no_underflow,
                       .what = "the count of namespace 3.9 went from 0 to -1"}));
}

// Released memory is known by its poison, also after some gets and puts have hit it.
TEST(RefcountTransitionsTest, KnowsPoison) {
    for (const long before : {poison, poison - 1, poison + 5}) {
        const auto found = judge_count({.before = before, .delta = -1}, poison);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->broken, invariant::no_use_after_release);
    }
    EXPECT_FALSE(is_poison(0, poison));
    EXPECT_FALSE(is_poison(40'000, poison));
}

// One release, with no pid held, is correct.
TEST(RefcountTransitionsTest, JudgesReleases) {
    EXPECT_THAT(judge_release({}), testing::IsEmpty());
    EXPECT_THAT(judge_release({.earlier_releases = 1}),
                testing::ElementsAre(testing::Field(&finding::broken, invariant::released_once)));
    EXPECT_THAT(
        judge_release({.held_pids = 2}),
        testing::ElementsAre(testing::Field(&finding::broken, invariant::live_pid_pins_namespace)));
    EXPECT_EQ(judge_release({.earlier_releases = 1, .held_pids = 2}).size(), 2U);
}

// The count may be above the number of non-empty pages, never below it.
TEST(RefcountTransitionsTest, JudgesCover) {
    EXPECT_FALSE(judge_cover(2, 2));
    EXPECT_FALSE(judge_cover(5, 2));
    EXPECT_TRUE(judge_cover(1, 2));
    EXPECT_EQ(judge_cover(-1, 0)->broken, invariant::reference_covers_pages);
}

}  // namespace
}  // namespace pidmap_stress
