#include "harness/world/jittered.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "allocator/variants/sound.hpp"
#include "harness/testing/child.hpp"
#include "harness/world/watched.hpp"

namespace pidmap_stress {
namespace {

using testing::in_child;
using plain_world = watched<native>;
using slow_world = jittered<plain_world>;

/// What a fixed run of calls returns: pids that come, some of which go again.
template <class World>
[[nodiscard]] std::vector<pid_nr> some_calls() {
    using tested = sound<World>;
    const typename tested::pid_max_cell pid_max{400};
    tested* const ns = create_namespace<tested>(pid_max);
    std::vector<pid_nr> got;
    std::vector<pid_nr> held;
    for (int n = 0; n < 2000; ++n) {
        const alloc_result result = ns->alloc_pidmap();
        got.push_back(result ? result.nr() : -1);
        if (result) held.push_back(result.nr());
        if (n % 3 != 0 && !held.empty()) {
            ns->free_pidmap(held.front());
            held.erase(held.begin());
        }
    }
    for (const pid_nr nr : held) ns->free_pidmap(nr);
    ns->put();
    return got;
}

// Delays change nothing but time.
TEST(JitteredTest, TheSameCallsGiveTheSameResults) {
    const auto end = in_child([] {
        ASSERT_TRUE(memory_domain::open({}));
        const std::vector<pid_nr> plain = some_calls<plain_world>();
        jitter_one_in = 8;
        self.delays = rng(5);
        self.accesses_until_delay = 0;
        EXPECT_EQ(some_calls<slow_world>(), plain);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

/// Where the delays fall in a thousand accesses.
[[nodiscard]] std::vector<int> delays_of(std::uint64_t key) {
    self.delays = rng(key);
    self.accesses_until_delay = 0;
    slow_world::atomic<int> cell{0};
    std::vector<int> at;
    for (int n = 0; n < 1000; ++n) {
        const bool due = self.accesses_until_delay == 0;
        cell.fetch_add(1);
        if (due) at.push_back(n);
    }
    return at;
}

// A seed fixes where delays fall, and about one access in N has one.
TEST(JitteredTest, ASeedFixesWhereDelaysFall) {
    const auto end = in_child([] {
        jitter_one_in = 10;
        const std::vector<int> first = delays_of(1);
        EXPECT_EQ(delays_of(1), first);
        EXPECT_NE(delays_of(2), first);
        EXPECT_GT(first.size(), 60U);
        EXPECT_LT(first.size(), 160U);
    });
    EXPECT_TRUE(end.good());
}

// With jitter at 1, about every second access is delayed; that is as dense as it gets.
TEST(JitteredTest, OneInOneDelaysTheMost) {
    const auto end = in_child([] {
        jitter_one_in = 1;
        EXPECT_GT(delays_of(1).size(), 400U);
    });
    EXPECT_TRUE(end.good());
}

// Without jitter there are no delays, although the world could insert them.
TEST(JitteredTest, WithoutJitterThereAreNoDelays) {
    const auto end = in_child([] {
        jitter_one_in = 0;
        EXPECT_EQ(delays_of(1), std::vector<int>{0}) << "the first access finds that there is none";
    });
    EXPECT_TRUE(end.good());
}

// Every access of an atomic does what the decorated one does.
TEST(JitteredTest, EveryAccessIsThatOfTheDecoratedAtomic) {
    using enum std::memory_order;
    slow_world::atomic<unsigned> cell{1};
    EXPECT_EQ(cell.load(), 1U);
    cell.store(2);
    EXPECT_EQ(cell.exchange(8), 2U);
    EXPECT_EQ(cell.fetch_add(4), 8U);
    EXPECT_EQ(cell.fetch_sub(2), 12U);
    EXPECT_EQ(cell.fetch_or(5), 10U);
    EXPECT_EQ(cell.fetch_and(7), 15U);
    unsigned expected = 1;
    EXPECT_FALSE(cell.compare_exchange_strong(expected, 3, relaxed, relaxed));
    EXPECT_EQ(expected, 7U);
    EXPECT_TRUE(cell.compare_exchange_strong(expected, 3, relaxed, relaxed));
    expected = 3;
    while (!cell.compare_exchange_weak(expected, 4, relaxed, relaxed)) {
    }
    EXPECT_EQ(slow_world::peek(cell), 4U);
}

}  // namespace
}  // namespace pidmap_stress
