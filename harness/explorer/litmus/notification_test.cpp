// Goal: show that a thread that waits is woken by a notification and by nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

struct flags {
    atomic<int> ready;
    atomic<int> taken;
    plain<int> letter;
};

/// Thread 1 stores, and calls `notify`; the others wait for it.
template <class Notify>
[[nodiscard]] auto wakes(unsigned waiting, Notify notify) {
    return over<flags>()
        .first([](flags& s) { s.ready.named("ready"); })
        .thread([=](flags& s) {
            s.letter.set(7);
            s.ready.store(1, release);
            notify(s);
        })
        .threads(waiting, [](flags& s, unsigned) {
            s.ready.wait(0, acquire);
            check(s.letter.get() == 7);
        });
}

[[nodiscard]] std::string deadlock_of(const program& p, const options& how = {}) {
    for (const finding& f : explore(p, how).findings)
        if (f.kind == finding_kind::deadlock) return f.what;
    return "";
}

TEST(Notification, WakesWhoWaits) {
    const auto one = wakes(1, [](flags& s) { s.ready.notify_one(); });
    const auto all = wakes(2, [](flags& s) { s.ready.notify_all(); });
    for (const model m : {model::rc11, model::sc}) {
        EXPECT_THAT(explore(one, {.model = m}), holds_completely());
        EXPECT_THAT(explore(all, {.model = m}), holds_completely());
    }
    EXPECT_TRUE(explore(one, {.strategy = strategy::stateful}).ok());
    EXPECT_TRUE(explore(all, {.strategy = strategy::random}).ok());
}

TEST(Notification, ThatIsMissingIsADeadlock) {
    const auto none = wakes(1, [](flags&) {});
    EXPECT_EQ(deadlock_of(none), "nobody will wake thread 2 at a notification of ready");
    EXPECT_EQ(deadlock_of(none, {.strategy = strategy::random}),
              "nobody will wake thread 2 at a notification of ready");
    EXPECT_THAT(explore(none), breaks(finding_kind::deadlock));
}

TEST(Notification, OfOneDoesNotWakeTwo) {
    const auto two = wakes(2, [](flags& s) { s.ready.notify_one(); });
    EXPECT_THAT(explore(two), breaks(finding_kind::deadlock));
    const auto twice = wakes(2, [](flags& s) {
        s.ready.notify_one();
        s.ready.notify_one();
    });
    EXPECT_THAT(explore(twice), holds_completely());
}

// One that comes before the store wakes nobody for good.
TEST(Notification, BeforeTheStoreIsLost) {
    const auto early = over<flags>()
                           .thread([](flags& s) {
                               s.ready.notify_all();
                               s.ready.store(1, release);
                           })
                           .thread([](flags& s) { s.ready.wait(0, acquire); });
    EXPECT_THAT(explore(early), breaks(finding_kind::deadlock));
}

// To be woken orders nothing: the load that sees the value does.
TEST(Notification, IsNoSynchronization) {
    const auto relaxed_wait = over<flags>()
                                  .thread([](flags& s) {
                                      s.letter.set(7);
                                      s.ready.store(1, relaxed);
                                      s.ready.notify_one();
                                  })
                                  .thread([](flags& s) {
                                      s.ready.wait(0, relaxed);
                                      (void)s.letter.get();
                                  });
    EXPECT_THAT(explore(relaxed_wait), breaks(finding_kind::data_race));
}

/// A mutex of three states: free, held, held with others that may wait.
struct futex_mutex {
    atomic<int> state;
    plain<int> inside;
    void lock() {
        int seen = 0;
        if (state.compare_exchange_strong(seen, 1, acquire, relaxed)) return;
        while (state.exchange(2, acquire) != 0) state.wait(2, relaxed);
    }
    void unlock(bool always_notifies) {
        const int before = state.exchange(0, release);
        if (before == 2 && always_notifies) state.notify_one();
    }
};
TEST(Notification, IsWhatAFutexMutexNeeds) {
    const auto locks = [](bool notifies) {
        return over<futex_mutex>().threads(2, [=](futex_mutex& s, unsigned) {
            s.lock();
            s.inside.set(s.inside.get() + 1);
            s.unlock(notifies);
        });
    };
    EXPECT_THAT(explore(locks(true)), holds_completely());
    EXPECT_THAT(explore(locks(false)), breaks(finding_kind::deadlock));
}

// Rounds of await() are all alike, however they are compiled: exact counts in each build.
TEST(Await, CountsWhatDiffers) {
    struct cells {
        atomic<int> x;
        atomic<int> y;
    };
    const auto p = over<cells>()
                       .thread([](cells& s) { s.x.store(1, release); })
                       .thread([](cells& s) { s.y.store(1, release); })
                       .thread([](cells& s) {
                           (void)await(s.x, [](int x) { return x != 0; }, acquire);
                           (void)s.y.load(acquire);
                       })
                       .thread([](cells& s) {
                           (void)await(s.y, [](int y) { return y != 0; }, acquire);
                           (void)s.x.load(acquire);
                       });
    EXPECT_THAT(explore(p), has_executions(4));
    EXPECT_THAT(explore(p, {.model = model::sc}), has_executions(3));
    const auto never =
        over<cells>().thread([](cells& s) { (void)await(s.x, [](int x) { return x != 0; }); });
    EXPECT_THAT(explore(never), breaks(finding_kind::deadlock));
}

// A loop of several of them is told by its own state, which is not theirs.
TEST(Await, InALoopIsNoRoundOfIt) {
    struct cells {
        atomic<int> x;
    };
    const auto p =
        over<cells>().thread([](cells& s) { s.x.store(1, release); }).thread([](cells& s) {
            int sum = 0;
            for (int n = 0; n < 3; ++n) sum += await(s.x, [](int x) { return x != 0; }, acquire);
            check(sum == 3);
        });
    EXPECT_THAT(explore(p), has_executions(1));
}

}  // namespace
}  // namespace pidmap_stress::explore
