#include "harness/command/soak/slice_plan.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace pidmap_stress {
namespace {

using std::chrono::seconds;

// Each cell has one slice before any has two.
TEST(SlicePlan, BeginsWithEachCell) {
    slice_plan plan(5, {});
    std::set<unsigned> seen;
    for (int n = 0; n < 5; ++n) {
        const slice_plan::slice next = plan.next();
        EXPECT_TRUE(seen.insert(next.cell).second);
        EXPECT_EQ(next.number, 0U);
        plan.add(next, seconds(1), {.near_misses = 100});
    }
}

// A cell with near misses gets more than the others, and those no less than their floor.
TEST(SlicePlan, GoesWhereNearMissesAreAndKeepsAFloor) {
    slice_plan plan(10, {});
    std::map<unsigned, unsigned> slices;
    for (int n = 0; n < 1000; ++n) {
        const slice_plan::slice next = plan.next();
        EXPECT_EQ(next.number, slices[next.cell]);
        ++slices[next.cell];
        plan.add(next, seconds(1), {.near_misses = next.cell == 3 ? 10'000U : 0U});
    }
    EXPECT_GT(slices[3], 400U);
    for (unsigned cell = 0; cell < 10; ++cell) EXPECT_GE(slices[cell], 45U) << cell;
}

// Of cells with as many near misses, those where the put came sooner after the last clear get more.
TEST(SlicePlan, PrefersShortTimesFromClearToPut) {
    slice_plan plan(4, {});
    std::map<unsigned, unsigned> slices;
    for (int n = 0; n < 1000; ++n) {
        const slice_plan::slice next = plan.next();
        ++slices[next.cell];
        plan.add(next, seconds(1),
                 {.near_misses = 100, .clear_to_put_ns = next.cell == 3 ? 0U : 100 * next.cell});
    }
    EXPECT_GT(slices[1], slices[2] + 20);
    EXPECT_GT(slices[2], slices[3] + 20);
    EXPECT_GT(slices[3], 125U);
}

// Without near misses, all cells get the same; a cell that breaks at once has used its turn.
TEST(SlicePlan, IsFairOtherwise) {
    slice_plan plan(4, {});
    std::map<unsigned, unsigned> slices;
    for (int n = 0; n < 400; ++n) {
        const slice_plan::slice next = plan.next();
        ++slices[next.cell];
        plan.add(next, seconds(1), {});
    }
    for (unsigned cell = 0; cell < 4; ++cell) EXPECT_EQ(slices[cell], 100U);
}

// A plan that is given the finished work continues as the plan that did it.
TEST(SlicePlan, GoesOnAsIfNeverInterrupted) {
    slice_plan whole(7, {.index = 1, .count = 3});
    slice_plan resumed(7, {.index = 1, .count = 3});
    for (unsigned n = 0; n < 300; ++n) {
        const slice_plan::slice next = whole.next();
        if (n >= 150) {
            ASSERT_EQ(resumed.next().cell, next.cell);
            ASSERT_EQ(resumed.next().number, next.number);
        }
        whole.add(next, seconds(1), {.near_misses = next.cell * n});
        resumed.add(next, seconds(1), {.near_misses = next.cell * n});
    }
}

// Shards have no slice in common, and together they have all.
TEST(SlicePlan, SharesNoSliceWithAnotherShard) {
    constexpr unsigned shards = 4;
    std::set<std::pair<unsigned, std::uint64_t>> all;
    for (unsigned index = 0; index < shards; ++index) {
        slice_plan plan(3, {.index = index, .count = shards});
        for (int n = 0; n < 30; ++n) {
            const slice_plan::slice next = plan.next();
            ASSERT_TRUE(all.emplace(next.cell, next.number).second);
            plan.add(next, seconds(1), {});
        }
    }
    for (unsigned cell = 0; cell < 3; ++cell)
        for (std::uint64_t number = 0; number < 40; ++number)
            ASSERT_TRUE(all.contains({cell, number})) << cell << " " << number;
}

// Slices are short enough that each cell has some, and neither endless nor all of them start-up.
TEST(SlicePlan, CutsTheTimeIntoSlices) {
    using namespace std::chrono_literals;
    EXPECT_EQ(usual_slice(8h, 195), 10s);
    EXPECT_GE(usual_slice(1s, 195), 200ms);
    EXPECT_LT(usual_slice(15min, 195), 3s);
}

// A cell whose marks are not hit yet is no evidence, so it comes before those that are.
TEST(SlicePlan, PrefersWhatHasShownNothing) {
    slice_plan plan(10, {});
    std::vector<unsigned> times(10);
    for (unsigned n = 0; n < 30; ++n) {
        const slice_plan::slice next = plan.next();
        // Cell 4 shows what it is there for in its sixth slice, cell 7 never does.
        const unsigned done = ++times[next.cell];
        plan.add(next, seconds(1),
                 {.near_misses = 100, .enough = next.cell != 7 && (next.cell != 4 || done >= 6)});
    }
    EXPECT_EQ(times[4], 6U);
    EXPECT_EQ(times[7], 8U) << "it does not take all there is";
    for (const unsigned n : times) EXPECT_GE(n, 1U);
}

}  // namespace
}  // namespace pidmap_stress
