#include "checkers/linearization/ordered_linearization.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "checkers/linearization/random_history.hpp"

/// Calls that are ordered by happens-before, and by nothing else.
namespace pidmap_stress {
namespace {

using enum operation_kind;

ordered_call alloc_of(pid_nr pid, std::uint64_t after = 0) {
    return {.what = {.kind = alloc, .pid = pid, .returned = 0}, .after = after};
}
ordered_call free_of(pid_nr pid, std::uint64_t after = 0) {
    return {.what = {.kind = free, .pid = pid, .returned = 0}, .after = after};
}
ordered_call refused(alloc_error why, std::uint64_t after = 0) {
    return {.what = {.kind = alloc, .error = why, .returned = 0}, .after = after};
}
bool explained(const std::vector<ordered_call>& calls, const linearizability_rules& rules = {}) {
    return !judge_ordered(calls, rules);
}

// Two tenants of a pid: fine only if the first may have left before the second came.
TEST(OrderedLinearizationTest, TenantsFollowEachOther) {
    EXPECT_TRUE(explained({alloc_of(1), free_of(1, 1), alloc_of(1)}));
    EXPECT_TRUE(explained({alloc_of(1), free_of(1, 1), alloc_of(1, 0b10), free_of(1, 0b100)}));
    // The second came before the first left.
    EXPECT_FALSE(explained({alloc_of(1), free_of(1, 0b101), alloc_of(1)}));
}

// Time would have ordered the pairs one way or the other; happens-before need not.
TEST(OrderedLinearizationTest, WhatNothingOrdersMayBeEitherWay) {
    // Each thread sees its own call first: 0 before 1, 2 before 3.
    const std::vector<ordered_call> calls{alloc_of(1), free_of(1, 0b0001), alloc_of(1),
                                          free_of(1, 0b0100)};
    EXPECT_TRUE(explained(calls));
    std::vector<ordered_call> crossed = calls;
    crossed[1].after |= 0b0100;  // Each left after both had come.
    crossed[3].after |= 0b0001;
    EXPECT_FALSE(explained(crossed));
}

// A namespace is dead for good, but not as long as anything holds it.
TEST(OrderedLinearizationTest, DeathIsForGood) {
    const std::vector<pid_nr> held{7};
    const linearizability_rules by_pid{.initial_references = 0, .initially_held = held};
    const auto dead = alloc_error::namespace_dead;
    EXPECT_FALSE(explained({refused(dead)}, by_pid));
    EXPECT_TRUE(explained({refused(dead), free_of(7)}, by_pid));
    EXPECT_FALSE(explained({refused(dead), free_of(7), alloc_of(1, 0b01)}, by_pid));
    EXPECT_TRUE(explained({free_of(7), alloc_of(1), free_of(1, 0b10), refused(dead)}, by_pid));
    // It was told so before the last one left.
    EXPECT_FALSE(explained({free_of(7), alloc_of(1), free_of(1, 0b1010), refused(dead)}, by_pid));
    // A call that is alone in it cannot revive it.
    EXPECT_FALSE(explained({free_of(7), alloc_of(1, 1)}, by_pid));
    // Another call is under way, and meanwhile its pid is allocated and freed.
    EXPECT_TRUE(explained({free_of(7), alloc_of(1, 1), free_of(1, 0b11), alloc_of(1)}, by_pid));
    // The same, but the call under way gave its slot of a page back, and then finds it dead.
    EXPECT_TRUE(explained({free_of(7), alloc_of(1, 1), free_of(1, 0b11), refused(dead)}, by_pid));
    EXPECT_FALSE(explained({alloc_of(1), free_of(1, 1), refused(dead)}));
    const linearizability_rules nobody{.initial_references = 0};
    EXPECT_TRUE(explained({refused(dead)}, nobody));
    EXPECT_FALSE(explained({alloc_of(1)}, nobody));
}

TEST(OrderedLinearizationTest, ThatFailsNamesWhatIsLeft) {
    const std::vector<ordered_call> calls{alloc_of(1), alloc_of(2), alloc_of(1, 0b10)};
    const auto broken = judge_ordered(calls, {});
    ASSERT_TRUE(broken);
    EXPECT_EQ(broken->broken, invariant::linearizable);
    ASSERT_EQ(broken->witness.size(), 1U);
    EXPECT_EQ(broken->witness[0].pid, 1);
}

// Where the order is that of time, both judges agree.
TEST(OrderedLinearizationTest, AgreesWithTheJudgeOfTimes) {
    int bad = 0;
    for (unsigned seed = 1; seed <= 3'000; ++seed) {
        std::vector<operation> history =
            make_random_history({.operations = 14, .workers = 3, .pids = 3, .seed = seed});
        std::mt19937 random(seed);
        if (seed % 2 == 0) {
            operation& spoilt = history[random() % history.size()];
            spoilt.pid = 1 + static_cast<pid_nr>(random() % 3);
        }
        std::vector<ordered_call> calls;
        for (const operation& one : history) {
            std::uint64_t after = 0;
            for (std::size_t i = 0; i < history.size(); ++i)
                if (history[i].returned < one.called) after |= std::uint64_t{1} << i;
            calls.push_back({.what = one, .after = after});
        }
        const bool truth = judge_linearizable(history, {}).findings.empty();
        ASSERT_EQ(explained(calls), truth) << "seed " << seed;
        bad += truth ? 0 : 1;
    }
    EXPECT_GT(bad, 300);
}

}  // namespace
}  // namespace pidmap_stress
