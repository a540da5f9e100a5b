// Loops that wait by writing: a spin lock's failed attempt stores what is there already. The
// exhaustive search ends, and loses nothing by ending early.

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

// --- Locks --------------------------------------------------------------------------------------

template <std::memory_order Acquire = acquire>
struct exchange_lock {
    atomic<int> taken;
    void lock() {
        while (taken.exchange(1, Acquire) != 0) {
        }
    }
    void unlock() { taken.store(0, release); }
};
/// Looks before it tries: a failed attempt has seen the lock both free and taken.
struct test_and_test_and_set_lock {
    atomic<int> taken;
    void lock() {
        do {
            while (taken.load(relaxed) != 0) {
            }
        } while (taken.exchange(1, acquire) != 0);
    }
    void unlock() { taken.store(0, release); }
};
struct fetch_or_lock {
    atomic<unsigned> word;
    void lock() {
        while ((word.fetch_or(2, acq_rel) & 2U) != 0) {
        }
    }
    void unlock() { word.fetch_and(~2U, release); }
};
struct flag_lock {
    atomic_flag taken;
    void lock() {
        while (taken.test_and_set(acquire)) {
        }
    }
    void unlock() { taken.clear(release); }
};
struct cas_lock {
    atomic<int> taken;
    void lock() {
        for (int free = 0; !taken.compare_exchange_weak(free, 1, acquire, relaxed);) free = 0;
    }
    void unlock() { taken.store(0, release); }
};
struct ticket_lock {
    atomic<unsigned> next;
    atomic<unsigned> serving;
    void lock() {
        const unsigned mine = next.fetch_add(1, relaxed);
        while (serving.load(acquire) != mine) {
        }
    }
    void unlock() { serving.store(serving.load(relaxed) + 1, release); }
};
/// Mutant: the second attempt counts as a success, whatever it saw.
struct impatient_lock {
    atomic<int> taken;
    void lock() {
        if (taken.exchange(1, acquire) != 0) taken.exchange(1, acquire);
    }
    void unlock() { taken.store(0, release); }
};
/// Mutant: gives the lock back only if nobody has it.
struct hoarded_lock : exchange_lock<> {
    void unlock() {
        if (taken.load(relaxed) == 0) taken.store(0, release);
    }
};
/// Looks at two cells in a round, by updates.
struct test_twice_lock {
    atomic<int> taken;
    atomic<int> closed;
    void lock() {
        while (closed.fetch_add(0, acquire) != 0 || taken.exchange(1, acquire) != 0) {
        }
    }
    void unlock() { taken.store(0, release); }
};

template <class Lock>
struct guarded_by {
    Lock lock;
    plain<unsigned> count;
    std::array<unsigned, 3> came{};  // When each thread got the lock.
};
using outcomes = std::set<std::array<unsigned, 3>>;

template <class Lock>
program_over<guarded_by<Lock>> increments(unsigned n, outcomes* seen = nullptr) {
    using state = guarded_by<Lock>;
    return over<state>()
        .threads(n,
                 [](state& s, unsigned me) {
                     s.lock.lock();
                     s.count.set(s.count.get() + 1);
                     s.came[me] = s.count.get();
                     s.lock.unlock();
                 })
        .finally([n, seen](state& s) {
            check(s.count.peek() == n, "an increment is lost");
            if (seen != nullptr) seen->insert(s.came);
        });
}

template <class Lock>
class SpinLockTest : public testing::Test {};
using spin_locks = testing::Types<exchange_lock<>, fetch_or_lock, flag_lock, cas_lock, ticket_lock,
                                  test_twice_lock, test_and_test_and_set_lock>;
TYPED_TEST_SUITE(SpinLockTest, spin_locks);

TYPED_TEST(SpinLockTest, IsExploredToTheEnd) {
    // An execution for each order of the holders, as failed attempts are part of none. If they look
    // at another cell too, those updates have an order of their own; if they look first, each look
    // may come before the lock was taken by the earlier holders.
    const bool looks_twice = std::is_same_v<TypeParam, test_twice_lock> ||
                             std::is_same_v<TypeParam, test_and_test_and_set_lock>;
    for (const unsigned n : {2U, 3U})
        for (const model m : {model::rc11, model::sc}) {
            const unsigned orders = n == 2 ? 2 : 6;
            const result r =
                explore(increments<TypeParam>(n), {.model = m, .count_redundant = true});
            EXPECT_THAT(r, has_executions_and_waits(looks_twice ? orders * orders : orders)) << n;
            if (rounds_look_alike) {
                EXPECT_LT(r.blocked, 200U) << r.summary();
            }
        }
}

TYPED_TEST(SpinLockTest, LosesNoOutcome) {
    outcomes all;
    (void)explore(increments<TypeParam>(3, &all));
    EXPECT_EQ(all.size(), 6U);
    outcomes sampled;
    const result walks =
        explore(increments<TypeParam>(3, &sampled), {.strategy = strategy::random, .walks = 3'000});
    EXPECT_TRUE(walks.ok()) << walks.summary();
    EXPECT_EQ(sampled, all);
}

TYPED_TEST(SpinLockTest, OfOneWhoDoesNotGiveItBackIsADeadlock) {
    const auto p = over<guarded_by<TypeParam>>()
                       .thread([](auto& s) {
                           s.lock.lock();
                           s.lock.unlock();
                       })
                       .thread([](auto& s) { s.lock.lock(); })
                       .thread([](auto& s) {
                           s.lock.lock();
                           s.lock.unlock();
                       });
    for (const strategy how : {strategy::exhaustive, strategy::random, strategy::bounded}) {
        const result r = explore(p, {.strategy = how});
        // Where rounds look different, a replay may notice later that a round repeats.
        if (rounds_look_alike)
            EXPECT_THAT(r, breaks(finding_kind::deadlock));
        else
            EXPECT_FALSE(r.ok());
    }
}

TYPED_TEST(SpinLockTest, TakenInDifferentOrdersIsADeadlock) {
    struct two {
        TypeParam first;
        TypeParam second;
    };
    const auto p = over<two>()
                       .thread([](two& s) {
                           s.first.lock();
                           s.second.lock();
                           s.second.unlock();
                           s.first.unlock();
                       })
                       .thread([](two& s) {
                           s.second.lock();
                           s.first.lock();
                           s.first.unlock();
                           s.second.unlock();
                       });
    for (const model m : {model::rc11, model::sc})
        EXPECT_THAT(explore(p, {.model = m}), breaks(finding_kind::deadlock));
}

TYPED_TEST(SpinLockTest, StopsAllWhenItsHolderStandsStill) {
    EXPECT_THAT(check_progress(increments<TypeParam>(2)), breaks(finding_kind::progress));
}

TEST(SpinLock, ThatExcludesNobodyIsFound) {
    for (const unsigned n : {2U, 3U}) {
        EXPECT_THAT(explore(increments<impatient_lock>(n)), breaks(finding_kind::data_race));
        EXPECT_THAT(explore(increments<exchange_lock<relaxed>>(n)),
                    breaks(finding_kind::data_race));
        EXPECT_THAT(explore(increments<hoarded_lock>(n)), breaks(finding_kind::deadlock));
    }
}

struct peeking_waiter {
    atomic<int> ready;
    atomic<int> done;
    plain<int> note;
};
TEST(SpinLock, WaiterMayLookAtPlainCells) {
    for (const bool writes : {false, true}) {
        const auto waiting = [writes](peeking_waiter& s) {
            while (s.ready.exchange(0, acquire) == 0) {
                if (writes)
                    s.note.set(0);
                else
                    check(s.note.get() == 0);
            }
            s.done.store(1, relaxed);
        };
        const auto waker = [](peeking_waiter& s) { s.ready.store(1, release); };
        EXPECT_THAT(explore(over<peeking_waiter>().thread(waiting).thread(waker)),
                    holds_completely());
        // What a thread does while it waits races with what is ordered after it only by a relaxed
        // load.
        const auto late = [](peeking_waiter& s) {
            if (s.done.load(relaxed) == 1) s.note.set(1);
        };
        EXPECT_THAT(explore(over<peeking_waiter>().thread(waiting).thread(waker).thread(late)),
                    breaks(finding_kind::data_race));
    }
}

// --- Updates that store what is there, without waiting ------------------------------------------

struct word {
    atomic<int> x;
    atomic<int> y;
    std::array<int, 3> saw{};
};
using sights = std::set<std::array<int, 3>>;

/// What each strategy sees; they must agree.
void expect_same_sights(const std::function<program_over<word>(sights&)>& make, std::size_t n) {
    sights all;
    const result r = explore(make(all), {.count_redundant = true});
    EXPECT_THAT(r, holds_completely());
    EXPECT_EQ(all.size(), n) << r.summary();
    sights walked;
    (void)explore(make(walked), {.strategy = strategy::random, .walks = 20'000});
    EXPECT_EQ(walked, all);
}
program_over<word> watched(program_over<word> p, sights& seen) {
    return p.finally([&seen](word& s) { seen.insert(s.saw); });
}

TEST(SilentUpdate, OfATryIsAStepLikeOthers) {
    // Both try twice; each attempt may be the one that gets it, or neither does.
    expect_same_sights(
        [](sights& seen) {
            return watched(over<word>().threads(2,
                                                [](word& s, unsigned me) {
                                                    for (int i = 0; i < 2; ++i)
                                                        if (s.x.exchange(1, acquire) == 0) {
                                                            s.saw[me] = i + 1;
                                                            s.x.store(0, release);
                                                        }
                                                }),
                           seen);
        },
        5);
}

TEST(SilentUpdate, ReleasesWhatItsThreadDid) {
    // A waiter's updates store what is there, and a thread that reads them synchronizes with the
    // waiter. But that thread might just as well have read what the first of these updates read.
    expect_same_sights(
        [](sights& seen) {
            return watched(over<word>()
                               .thread([](word& s) {
                                   s.y.store(1, relaxed);
                                   while (s.x.fetch_or(1, acq_rel) != 3) {
                                   }
                               })
                               .thread([](word& s) {
                                   s.saw[1] = s.x.fetch_or(2, acq_rel);
                                   s.saw[2] = s.y.load(relaxed);
                               }),
                           seen);
        },
        3);
}

TEST(SilentUpdate, OfSeveralWaitersWaitsForThemAll) {
    // Each adds its bit, and waits for the others' by updates.
    for (const unsigned n : {2U, 3U}) {
        const auto p = over<word>()
                           .threads(n,
                                    [n](word& s, unsigned me) {
                                        s.x.fetch_add(1 << me, acq_rel);
                                        while (s.x.fetch_add(0, acq_rel) != (1 << n) - 1) {
                                        }
                                        ++s.saw[0];
                                    })
                           .finally([n](word& s) { check(s.saw[0] == static_cast<int>(n)); });
        EXPECT_THAT(explore(p, {.count_redundant = true}), holds_completely());
    }
}

}  // namespace
}  // namespace pidmap_stress::explore
