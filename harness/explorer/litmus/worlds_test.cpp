// Goal: show that one source runs in all worlds, and that what the machine shows was explored.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/explorer/native/run_natively.hpp"
#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using enum std::memory_order;

/// Store buffering: each thread stores, and reads the other's cell.
template <class World>
struct two_cells {
    typename World::template atomic<int> x{0};
    typename World::template atomic<int> y{0};
    int a = 0;
    int b = 0;
};
template <class World>
[[nodiscard]] auto store_buffering(std::memory_order store, std::memory_order load) {
    using state = two_cells<World>;
    return over<state>()
        .thread([=](state& s) {
            s.x.store(1, store);
            s.a = s.y.load(load);
        })
        .thread([=](state& s) {
            s.y.store(1, store);
            s.b = s.x.load(load);
        })
        .finally([](state& s) {
            tell_outcome("a=" + std::to_string(s.a) + " b=" + std::to_string(s.b));
        });
}

[[nodiscard]] std::vector<std::string> keys(const std::map<std::string, std::uint64_t>& all) {
    std::vector<std::string> names;
    for (const auto& [name, times] : all) names.push_back(name);
    return names;
}

TEST(Worlds, WhatTheMachineShowsWasExplored) {
    const result relaxed_explored = explore(store_buffering<explored_world>(release, acquire));
    EXPECT_THAT(keys(relaxed_explored.outcomes),
                UnorderedElementsAre("a=0 b=0", "a=0 b=1", "a=1 b=0", "a=1 b=1"));
    const result strong_explored = explore(store_buffering<explored_world>(seq_cst, seq_cst));
    EXPECT_THAT(keys(strong_explored.outcomes),
                UnorderedElementsAre("a=0 b=1", "a=1 b=0", "a=1 b=1"));
    for (const auto& [store, load, explored] : {std::tuple(release, acquire, &relaxed_explored),
                                                std::tuple(seq_cst, seq_cst, &strong_explored)}) {
        const native_result seen =
            run_natively(store_buffering<native_world>(store, load), {.runs = 20'000});
        EXPECT_EQ(seen.runs, 20'000U);
        EXPECT_THAT(unexplored(seen, *explored), IsEmpty());
        std::uint64_t counted = 0;
        for (const auto& [outcome, times] : seen.outcomes) counted += times;
        EXPECT_EQ(counted, seen.runs);
    }
}

// An outcome that was not explored is told.
TEST(Worlds, WhatWasNotExploredIsTold) {
    const native_result seen =
        run_natively(store_buffering<native_world>(seq_cst, seq_cst), {.runs = 10});
    EXPECT_THAT(unexplored(seen, result{}), ::testing::Not(IsEmpty()));
}

template <class World>
struct account {
    typename World::mutex lock;
    typename World::condition_variable paid;
    typename World::template plain<int> balance{0};
};
template <class World>
[[nodiscard]] auto pays(bool notifies) {
    using state = account<World>;
    return over<state>()
        .thread([=](state& s) {
            const std::lock_guard held(s.lock);
            s.balance.set(5);
            if (notifies) s.paid.notify_one();
        })
        .thread([](state& s) {
            std::unique_lock held(s.lock);
            s.paid.wait(held, [&s] { return s.balance.get() != 0; });
            check(s.balance.get() == 5, "it is what was paid");
        });
}
TEST(Worlds, ShareTheMeansOfSynchronization) {
    EXPECT_THAT(explore(pays<explored_world>(true)), holds_completely());
    EXPECT_THAT(explore(pays<explored_world>(false)), breaks(finding_kind::deadlock));
    EXPECT_TRUE(run_natively(pays<native_world>(true), {.runs = 2'000}).ok());
}

// One thread starts the others, in each world.
template <class World>
struct tally {
    typename World::template atomic<int> sum{0};
    typename World::template plain<int> at_last{0};
};
template <class World>
[[nodiscard]] auto started_by_main(int expected) {
    using state = tally<World>;
    return main_program<World, state>(2, [=](state& s) {
        {
            const auto add = [&s](int by) { s.sum.fetch_add(by, relaxed); };
            typename World::jthread one(add, 1);
            typename World::thread two(add, 2);
            two.join();
        }
        s.at_last.set(s.sum.load(relaxed));
        check(s.at_last.get() == expected, "the sum is wrong");
    });
}
TEST(Worlds, MainStartsThreadsInEach) {
    EXPECT_THAT(explore(started_by_main<explored_world>(3)), holds_completely());
    EXPECT_THAT(explore(started_by_main<explored_world>(4)), breaks(finding_kind::assertion));
    EXPECT_TRUE(run_natively(started_by_main<native_world>(3), {.runs = 100}).ok());
    EXPECT_EQ(run_natively(started_by_main<native_world>(4), {.runs = 5}).failures.size(), 1U);
}

// A thread that works until it is asked to stop has seen what came before that.
template <class World>
[[nodiscard]] auto stopped_by_main(int expected) {
    using state = tally<World>;
    return main_program<World, state>(1, [=](state& s) {
        typename World::jthread other([&s](const typename World::stop_token& token) {
            while (!token.stop_requested()) World::yield();
            s.at_last.set(s.at_last.get() + 1);
        });
        const typename World::template stop_callback<std::function<void()>> add(
            other.get_stop_token(), [&s] { s.sum.fetch_add(2, relaxed); });
        s.at_last.set(1);
        check(other.request_stop());
        other.join();
        check(s.at_last.get() + s.sum.load(relaxed) == expected, "the sum is wrong");
    });
}
TEST(Worlds, StopsAThreadInEach) {
    EXPECT_THAT(explore(stopped_by_main<explored_world>(4)), holds_completely());
    EXPECT_THAT(explore(stopped_by_main<explored_world>(5)), breaks(finding_kind::assertion));
    EXPECT_TRUE(run_natively(stopped_by_main<native_world>(4), {.runs = 100}).ok());
    EXPECT_EQ(run_natively(stopped_by_main<native_world>(5), {.runs = 5}).failures.size(), 1U);
}

TEST(Worlds, AFailedCheckIsCounted) {
    struct none {
        int unused = 0;
    };
    const auto p = over<none>().thread([](none&) { check(false, "never"); });
    const native_result seen = run_natively(p, {.runs = 3});
    EXPECT_EQ(seen.failures.at("never"), 3U);
    EXPECT_FALSE(seen.ok());
}

// Threads that never meet show nothing of how they work together.
TEST(Vacuity, IsNoPass) {
    struct apart {
        atomic<int> x;
        atomic<int> y;
        plain<int> z;
    };
    const auto alone =
        over<apart>().thread([](apart& s) { s.x.store(1, relaxed); }).thread([](apart& s) {
            s.y.store(1, relaxed);
        });
    const result r = explore(alone);
    EXPECT_TRUE(r.nothing_shared);
    EXPECT_FALSE(r.ok());
    EXPECT_THAT(r.summary(), ::testing::HasSubstr("nothing was shared"));
    EXPECT_FALSE(explore(alone, {.strategy = strategy::random}).ok());
    EXPECT_FALSE(explore(alone, {.strategy = strategy::stateful}).ok());
    EXPECT_TRUE(explore(over<apart>().thread([](apart& s) { s.x.store(1, relaxed); })).ok());
    EXPECT_TRUE(
        explore(over<apart>().thread([](apart& s) { (void)s.z.get(); }).thread([](apart& s) {
            (void)s.z.get();
        })).ok());
}

// A check is worth nothing if no execution came to it.
TEST(Vacuity, WhatWasNeverReachedIsNamed) {
    struct pair {
        atomic<int> x;
        atomic<int> y;
    };
    const auto reader = [](int expected) {
        return over<pair>()
            .thread([](pair& s) { s.x.store(1, relaxed); })
            .thread([=](pair& s) {
                if (s.x.load(relaxed) == expected) reach("the value was seen");
            })
            .reaches("the value was seen");
    };
    EXPECT_TRUE(explore(reader(1)).ok());
    for (const strategy by : {strategy::exhaustive, strategy::random, strategy::stateful,
                              strategy::portfolio, strategy::prove}) {
        const result seen = explore(reader(2), {.strategy = by, .walks = 20});
        EXPECT_FALSE(seen.ok());
        EXPECT_THAT(seen.unreached, ::testing::ElementsAre("the value was seen"));
        EXPECT_THAT(seen.summary(), ::testing::HasSubstr("never reached: the value was seen"));
        EXPECT_TRUE(explore(reader(1), {.strategy = by, .walks = 20}).ok());
    }
}
TEST(Vacuity, ThatNothingCameToItsEndIsNoPass) {
    struct one {
        atomic<int> x;
    };
    const auto p = over<one>()
                       .threads(2, [](one& s, unsigned) { assume(s.x.load(relaxed) == 1); })
                       .finally([](one&) { check(false, "never"); });
    const result seen = explore(p);
    EXPECT_TRUE(seen.complete && seen.findings.empty());
    EXPECT_FALSE(seen.ok());
    EXPECT_THAT(seen.summary(), ::testing::HasSubstr("no execution came to its end"));
}

}  // namespace
}  // namespace pidmap_stress::explore
