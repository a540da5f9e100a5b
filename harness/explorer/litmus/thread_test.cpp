// Goal: show that a program may start threads itself, and that what std promises of them holds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/explorer/search/gtest.hpp"
#include "harness/explorer/sync/thread.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

struct cells {
    atomic<int> x;
    plain<int> letter;
};

// What comes before the start is seen by the thread, and what it did is seen behind the join.
TEST(Thread, StartAndJoinOrder) {
    const auto p = with_main<cells>(1, [](cells& s) {
        s.letter.set(1);
        thread other([&s] {
            check(s.letter.get() == 1);
            s.letter.set(2);
        });
        other.join();
        check(s.letter.get() == 2);
    });
    EXPECT_THAT(explore(p), has_executions(1));
    EXPECT_TRUE(explore(p, {.strategy = strategy::random, .walks = 100}).ok());
}

TEST(Thread, RunsBesideTheOneThatStartedIt) {
    const auto p = with_main<cells>(2, [](cells& s) {
                       const jthread first([&s] { s.x.fetch_add(1, relaxed); });
                       const jthread second([](cells& of, int by) { of.x.fetch_add(by, relaxed); },
                                            std::ref(s), 2);
                   }).finally([](cells& s) { check(s.x.peek() == 3); });
    EXPECT_THAT(explore(p), has_executions(2));
    const auto races = with_main<cells>(1, [](cells& s) {
        const jthread other([&s] { s.letter.set(1); });
        s.letter.set(2);
    });
    EXPECT_THAT(explore(races), breaks(finding_kind::data_race));
}

TEST(Thread, NeedNotBeStarted) {
    const auto p = with_main<cells>(2, [](cells& s) {
        const jthread other([&s] { s.x.store(1, relaxed); });
        (void)s.x.load(relaxed);
    });
    EXPECT_THAT(explore(p), has_executions(2));
}

TEST(Thread, MisuseIsFound) {
    const auto dropped =
        with_main<cells>(1, [](cells& s) { const thread other([&s] { s.x.store(1, relaxed); }); });
    EXPECT_THAT(explore(dropped), breaks(finding_kind::assertion));
    const auto too_many = with_main<cells>(1, [](cells& s) {
        const jthread one([&s] { s.x.store(1, relaxed); });
        const jthread two([&s] { s.x.store(2, relaxed); });
    });
    EXPECT_THAT(explore(too_many), breaks(finding_kind::assertion));
}

}  // namespace
}  // namespace pidmap_stress::explore
