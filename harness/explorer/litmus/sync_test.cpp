// Goal: show that each of std's means of synchronization holds what it promises, orders what it
// must, and that its misuse is found.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "harness/explorer/search/gtest.hpp"
#include "harness/explorer/sync/condition_variable.hpp"
#include "harness/explorer/sync/latch.hpp"
#include "harness/explorer/sync/mutex.hpp"
#include "harness/explorer/sync/semaphore.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;
using namespace std::chrono_literals;

/// In all executions, and in the same states.
void expect_holds(const program& p) {
    for (const model m : {model::rc11, model::sc}) {
        EXPECT_THAT(explore(p, {.model = m}), holds_completely());
        EXPECT_TRUE(explore(p, {.model = m, .strategy = strategy::random, .walks = 200}).ok());
    }
}

template <class Mutex>
struct counted {
    Mutex lock;
    plain<int> n;
};

TEST(Mutex, Excludes) {
    const auto p = over<counted<mutex>>()
                       .threads(2,
                                [](auto& s, unsigned) {
                                    const lock_guard held(s.lock);
                                    s.n.set(s.n.get() + 1);
                                })
                       .finally([](auto& s) { check(s.n.peek() == 2); });
    EXPECT_THAT(explore(p), has_executions(2));
    expect_holds(p);
    const auto three = over<counted<mutex>>().threads(3, [](auto& s, unsigned) {
        const std::unique_lock held(s.lock);
        s.n.set(s.n.get() + 1);
    });
    EXPECT_THAT(explore(three), has_executions(6));
}

TEST(Mutex, ThatIsNotLockedExcludesNothing) {
    const auto p = over<counted<mutex>>()
                       .thread([](auto& s) {
                           const lock_guard held(s.lock);
                           s.n.set(1);
                       })
                       .thread([](auto& s) { s.n.set(2); });
    EXPECT_THAT(explore(p), breaks(finding_kind::data_race));
}

TEST(Mutex, MisuseIsFound) {
    const auto twice = over<counted<mutex>>().thread([](auto& s) {
        s.lock.named("the lock");
        s.lock.lock();
        s.lock.lock();
    });
    const result r = explore(twice);
    ASSERT_THAT(r, breaks(finding_kind::deadlock));
    EXPECT_EQ(r.findings[0].what, "nobody will wake thread 1 at the lock");
    const auto foreign = over<counted<mutex>>().thread([](auto& s) { s.lock.unlock(); });
    EXPECT_THAT(explore(foreign), breaks(finding_kind::assertion));
}

TEST(Mutex, TwoInTwoOrdersAreADeadlock) {
    struct two {
        mutex a;
        mutex b;
    };
    const auto p = over<two>()
                       .thread([](two& s) {
                           const std::lock_guard first(s.a);
                           const std::lock_guard second(s.b);
                       })
                       .thread([](two& s) {
                           const std::lock_guard first(s.b);
                           const std::lock_guard second(s.a);
                       });
    EXPECT_THAT(explore(p), breaks(finding_kind::deadlock));
}

TEST(Mutex, TryLockFailsWhileItIsHeld) {
    struct tries {
        timed_mutex lock;
        plain<int> n;
        atomic<int> failed;
    };
    const auto p = over<tries>()
                       .thread([](tries& s) {
                           const std::lock_guard held(s.lock);
                           s.n.set(1);
                       })
                       .thread([](tries& s) {
                           const std::unique_lock held(s.lock, 10ms);
                           if (held)
                               (void)s.n.get();
                           else
                               s.failed.store(1, relaxed);
                       });
    // Before, meanwhile, or afterwards.
    EXPECT_THAT(explore(p), has_executions(3));
}

TEST(RecursiveMutex, MayBeLockedAgain) {
    expect_holds(over<counted<recursive_mutex>>().threads(2, [](auto& s, unsigned) {
        const std::lock_guard outer(s.lock);
        const std::lock_guard inner(s.lock);
        s.n.set(s.n.get() + 1);
    }));
}

TEST(SharedMutex, LetsReadersInTogether) {
    const auto p = over<counted<shared_mutex>>()
                       .thread([](auto& s) {
                           const std::lock_guard held(s.lock);
                           s.n.set(1);
                       })
                       .threads(2, [](auto& s, unsigned) {
                           const std::shared_lock held(s.lock);
                           (void)s.n.get();
                       });
    expect_holds(p);
    const auto writes = over<counted<shared_mutex>>().threads(2, [](auto& s, unsigned) {
        const std::shared_lock held(s.lock);
        s.n.set(1);
    });
    EXPECT_THAT(explore(writes), breaks(finding_kind::data_race));
}

struct bounded {
    mutex lock;
    condition_variable not_empty;
    condition_variable not_full;
    std::array<int, 1> slots{};
    plain<int> used;

    void put(int value) {
        std::unique_lock held(lock);
        not_full.wait(held, [this] { return used.get() == 0; });
        slots[0] = value;
        used.set(1);
        not_empty.notify_one();
    }
    int take() {
        std::unique_lock held(lock);
        not_empty.wait(held, [this] { return used.get() == 1; });
        used.set(0);
        not_full.notify_one();
        return slots[0];
    }
};
TEST(ConditionVariable, HandsOver) {
    expect_holds(over<bounded>()
                     .thread([](bounded& s) {
                         s.put(1);
                         s.put(2);
                     })
                     .thread([](bounded& s) {
                         check(s.take() == 1);
                         check(s.take() == 2);
                     }));
}

/// One condition variable for both conditions: then notify_one() may wake a thread that waits for
/// the other one.
struct mixed {
    mutex lock;
    condition_variable changed;
    plain<int> used;

    template <class Notify>
    void move_to(int wanted, Notify notify) {
        std::unique_lock held(lock);
        changed.wait(held, [&] { return used.get() != wanted; });
        used.set(wanted);
        notify(changed);
    }
};
TEST(ConditionVariable, NotifyOneMayWakeTheWrongThread) {
    const auto p = [](auto notify) {
        return over<mixed>()
            .threads(2, [=](mixed& s, unsigned) { s.move_to(1, notify); })
            .threads(2, [=](mixed& s, unsigned) { s.move_to(0, notify); });
    };
    const auto one = p([](condition_variable& cv) { cv.notify_one(); });
    EXPECT_THAT(explore(one, {.strategy = strategy::portfolio}), breaks(finding_kind::deadlock));
    const auto all = p([](condition_variable& cv) { cv.notify_all(); });
    EXPECT_TRUE(explore(all, {.strategy = strategy::random, .walks = 2000}).ok());
}

TEST(ConditionVariable, ANotificationBeforeTheWaitIsLost) {
    const auto p = over<bounded>()
                       .first([](bounded& s) { s.not_empty.named("not empty"); })
                       .thread([](bounded& s) { s.not_empty.notify_one(); })
                       .thread([](bounded& s) {
                           std::unique_lock held(s.lock);
                           s.not_empty.wait(held);
                       });
    const result r = explore(p);
    ASSERT_THAT(r, breaks(finding_kind::deadlock));
    EXPECT_EQ(r.findings[0].what, "nobody will wake thread 2 at not empty");
}

TEST(ConditionVariable, TimeRunsOut) {
    struct seen {
        mutex lock;
        condition_variable_any changed;
        plain<int> timeouts;
    };
    const auto alone = over<seen>().thread([](seen& s) {
        std::unique_lock held(s.lock);
        check(s.changed.wait_for(held, 1s) == cv_status::timeout);
    });
    expect_holds(alone);
    const auto both = over<seen>()
                          .thread([](seen& s) {
                              std::unique_lock held(s.lock);
                              if (s.changed.wait_for(held, 1s) == cv_status::timeout)
                                  s.timeouts.set(1);
                          })
                          .thread([](seen& s) {
                              const std::lock_guard held(s.lock);
                              s.changed.notify_one();
                          });
    expect_holds(both);
    EXPECT_GE(explore(both).executions, 3U);
}

// One thread may take two notifications, and another one that waits then gets none.
TEST(ConditionVariable, AWaitWithAPredicateMayTakeSeveralNotifications) {
    struct steps {
        mutex lock;
        condition_variable changed;
        plain<int> step;
    };
    const auto p = over<steps>()
                       .thread([](steps& s) {
                           for (int n = 1; n <= 2; ++n) {
                               const std::lock_guard held(s.lock);
                               s.step.set(n);
                               s.changed.notify_one();
                           }
                       })
                       .thread([](steps& s) {
                           std::unique_lock held(s.lock);
                           (void)s.changed.wait_for(held, 1s, [&s] { return s.step.get() == 2; });
                       })
                       .thread([](steps& s) {
                           std::unique_lock held(s.lock);
                           s.changed.wait(held, [&s] { return s.step.get() >= 1; });
                       });
    EXPECT_THAT(explore(p, {.stop_at_first = false}), breaks(finding_kind::deadlock));
}

TEST(Semaphore, LetsAsManyIn) {
    struct gate {
        counting_semaphore<> permits{2};
        atomic<int> inside;
    };
    const auto p = [](int most) {
        return over<gate>()
            .threads(3,
                     [](gate& s, unsigned) {
                         s.permits.acquire();
                         s.inside.fetch_add(1, relaxed);
                         s.inside.fetch_sub(1, relaxed);
                         s.permits.release();
                     })
            .always([most](const gate& s) { check(s.inside.peek() <= most); });
    };
    EXPECT_TRUE(explore(p(2)).ok());
    EXPECT_THAT(explore(p(1)), breaks(finding_kind::assertion));
    struct hand_over {
        binary_semaphore full{0};
        plain<int> letter;
    };
    const auto released = over<hand_over>()
                              .thread([](hand_over& s) {
                                  s.letter.set(1);
                                  s.full.release();
                              })
                              .thread([](hand_over& s) {
                                  s.full.acquire();
                                  check(s.letter.get() == 1);
                              });
    expect_holds(released);
    const auto never = over<hand_over>().thread([](hand_over& s) { s.full.acquire(); });
    EXPECT_THAT(explore(never), breaks(finding_kind::deadlock));
    const auto too_many = over<hand_over>().thread([](hand_over& s) { s.full.release(2); });
    EXPECT_THAT(explore(too_many), breaks(finding_kind::assertion));
}

TEST(Latch, OpensWhenAllHaveArrived) {
    struct start {
        latch done{2};
        std::array<plain<int>, 2> parts;
    };
    const auto p = over<start>()
                       .threads(2,
                                [](start& s, unsigned me) {
                                    s.parts[me].set(1);
                                    s.done.count_down();
                                })
                       .thread([](start& s) {
                           s.done.wait();
                           check(s.parts[0].get() + s.parts[1].get() == 2);
                       });
    expect_holds(p);
    const auto one_short = over<start>().thread([](start& s) { s.done.arrive_and_wait(); });
    EXPECT_THAT(explore(one_short), breaks(finding_kind::deadlock));
}

TEST(Barrier, SeparatesPhases) {
    struct phases {
        barrier<> line{2};
        std::array<plain<int>, 2> parts;
    };
    const auto p = over<phases>().threads(2, [](phases& s, unsigned me) {
        for (int phase = 1; phase <= 2; ++phase) {
            s.parts[me].set(phase);
            s.line.arrive_and_wait();
            check(s.parts[1 - me].get() == phase);
            s.line.arrive_and_wait();
        }
    });
    expect_holds(p);
    const auto missing = over<phases>().threads(2, [](phases& s, unsigned me) {
        s.parts[me].set(1);
        if (me == 0) s.line.arrive_and_drop();
        if (me == 1) s.line.arrive_and_wait();
        (void)s.parts[0].get();
    });
    expect_holds(missing);
}

// A thread may arrive again and not wait: it counts in the phase that is there, not in one that it
// has read of before.
TEST(Barrier, CountsInThePhaseThatIsThere) {
    struct phases {
        barrier<> line{2};
        plain<int> part;
    };
    const auto p = over<phases>()
                       .thread([](phases& s) {
                           (void)s.line.arrive();
                           s.line.wait(s.line.arrive());
                           (void)s.part.get();
                       })
                       .thread([](phases& s) {
                           s.part.set(1);
                           s.line.arrive_and_wait();
                           (void)s.line.arrive();
                       });
    // Either both of the first thread's arrivals end the first phase, which tells it nothing of the
    // other's part; or each phase has one of each.
    EXPECT_THAT(explore(p), breaks(finding_kind::data_race));
    const auto both = over<phases>()
                          .thread([](phases& s) {
                              s.line.arrive_and_wait();
                              s.line.wait(s.line.arrive());
                              (void)s.part.get();
                          })
                          .thread([](phases& s) {
                              s.line.arrive_and_wait();
                              s.part.set(1);
                              (void)s.line.arrive();
                          });
    expect_holds(both);
}

TEST(CallOnce, RunsOnce) {
    struct lazily {
        once_flag flag;
        plain<int> made;
    };
    const auto p = over<lazily>().threads(3, [](lazily& s, unsigned) {
        call_once(s.flag, [&s] { s.made.set(s.made.get() + 1); });
        check(s.made.get() == 1);
    });
    expect_holds(p);
}

}  // namespace
}  // namespace pidmap_stress::explore
