// Programs as users would write them: structures with destructors, hazard pointers, queues, five
// threads, locks of every kind. Each holds, and a weakened step in each is found.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;
using world = explored<tiny_geometry<2, 2>>;

void expect_in_both(const program& p, const testing::Matcher<result>& expected) {
    for (const model m : {model::rc11, model::sc})
        EXPECT_THAT(explore(p, {.model = m, .count_redundant = true}), expected)
            << (m == model::rc11 ? "rc11" : "sc");
}

// --- States that own memory ---------------------------------------------------------------------

struct link {
    explicit link(int v, link* n = nullptr) : value(v), next(n) {}
    int value;
    link* next;
};
/// Pushed to by all, emptied at once, and what is left is released by its destructor.
struct inbox {
    atomic<link*> top;
    void push(int value) {
        auto* const mine = world::create<link>(value);
        mine->next = top.load(relaxed);
        while (!top.compare_exchange_weak(mine->next, mine, release, relaxed)) {
        }
    }
    static unsigned release_all(link* l) {
        unsigned n = 0;
        for (; l != nullptr; ++n) {
            link* const next = l->next;
            world::destroy(l);
            l = next;
        }
        return n;
    }
    unsigned take_all() { return release_all(top.exchange(nullptr, acquire)); }
    ~inbox() { release_all(top.load(relaxed)); }
};
struct forgetful_inbox {
    atomic<link*> top;
    void push(int value) { top.store(world::create<link>(value), release); }
};

TEST(OwningState, ReleasesInItsDestructor) {
    const auto p = over<inbox>()
                       .threads(2, [](inbox& s, unsigned me) { s.push(static_cast<int>(me)); })
                       .thread([](inbox& s) { check(s.take_all() <= 2); });
    expect_in_both(p, holds_completely());
    const auto forgets = over<forgetful_inbox>().thread([](forgetful_inbox& s) { s.push(1); });
    expect_in_both(forgets, breaks(finding_kind::leak));
}

TEST(OwningState, ThatIsAbandonedIsNotJudged) {
    // A thread that fails, waits forever or is cut off still owns memory.
    for (const bool fails : {false, true}) {
        const auto p = over<inbox>().thread([](inbox& s) { s.push(1); }).thread([&](inbox& s) {
            (void)s.take_all();
            s.push(2);
            if (fails)
                throw std::runtime_error("on purpose");
            else
                while (s.top.load(relaxed) != nullptr) {
                }
        });
        const result r = explore(p, {.stop_at_first = false});
        EXPECT_THAT(r, breaks(fails ? finding_kind::exception : finding_kind::deadlock));
        EXPECT_EQ(r.findings.size(), 1U) << r.summary();
    }
}

/// A reference count: the last thread to let go destroys the object.
template <std::memory_order LetGo>
struct counted {
    struct object {
        atomic<int> references{2};
        plain<int> value;
    };
    object* shared = world::create<object>();
    void use(unsigned) {
        (void)shared->value.get();
        if (shared->references.fetch_sub(1, LetGo) == 1) world::destroy(shared);
    }
};
template <std::memory_order LetGo>
program_over<counted<LetGo>> users() {
    return over<counted<LetGo>>().threads(2, [](auto& s, unsigned me) { s.use(me); });
}
TEST(OwningState, IsReleasedByWhoLetsGoLast) {
    expect_in_both(users<acq_rel>(), holds_completely());
    expect_in_both(users<relaxed>(), breaks(finding_kind::use_after_free));
    expect_in_both(users<release>(), breaks(finding_kind::use_after_free));
}

/// A hazard pointer: an object that a reader has announced is not released.
template <std::memory_order Fence>
struct hazard {
    struct object {
        plain<int> value{7};
    };
    atomic<object*> current{world::create<object>()};
    atomic<object*> looked_at;
    void read() {
        object* seen = current.load(relaxed);
        for (;;) {
            looked_at.store(seen, relaxed);
            fence(Fence);
            object* const again = current.load(acquire);
            if (again == seen) break;
            seen = again;
        }
        if (seen != nullptr) check(seen->value.get() == 7);
        looked_at.store(nullptr, release);
    }
    void take_away() {
        object* const old = current.exchange(nullptr, acq_rel);
        fence(Fence);
        while (looked_at.load(acquire) == old) {
        }
        world::destroy(old);
    }
};
template <std::memory_order Fence>
program_over<hazard<Fence>> hazard_users() {
    return over<hazard<Fence>>().thread([](auto& s) { s.read(); }).thread([](auto& s) {
        s.take_away();
    });
}
TEST(HazardPointer, NeedsItsFences) {
    expect_in_both(hazard_users<seq_cst>(), holds_completely());
    EXPECT_THAT(explore(hazard_users<acq_rel>()), breaks(finding_kind::use_after_free));
    EXPECT_THAT(explore(hazard_users<acq_rel>(), {.model = model::sc}), holds_completely());
}

/// Michael and Scott's queue. Nodes stay until the end, so that only the order counts.
template <std::memory_order Link>
struct queue {
    struct node {
        plain<int> value;
        atomic<node*> next;
    };
    std::array<node, 4> nodes;
    atomic<node*> head{&nodes[0]};
    atomic<node*> tail{&nodes[0]};
    void push(unsigned node_number, int value) {
        node* const mine = &nodes[node_number];
        mine->value.set(value);
        for (;;) {
            node* last = tail.load(acquire);
            node* next = last->next.load(acquire);
            if (next != nullptr) {
                tail.compare_exchange_strong(last, next, release, relaxed);
            } else if (last->next.compare_exchange_strong(next, mine, Link, relaxed)) {
                tail.compare_exchange_strong(last, mine, release, relaxed);
                return;
            }
        }
    }
    int pop() {
        for (;;) {
            node* first = head.load(acquire);
            node* const next = first->next.load(acquire);
            if (next == nullptr) return 0;
            if (node* last = tail.load(acquire); first == last)
                tail.compare_exchange_strong(last, next, release, relaxed);
            const int value = next->value.get();
            if (head.compare_exchange_strong(first, next, acq_rel, relaxed)) return value;
        }
    }
};
template <std::memory_order Link>
program_over<queue<Link>> queue_users() {
    using q = queue<Link>;
    return over<q>()
        .thread([](q& s) {
            s.push(1, 1);
            s.push(2, 2);
        })
        .thread([](q& s) { s.push(3, 3); })
        .thread([](q& s) {
            int before = 0;
            for (int i = 0; i < 2; ++i) {
                const int got = s.pop();
                check(got == 0 || got == 3 || got > before, "out of order");
                if (got == 1 || got == 2) before = got;
            }
        });
}
TEST(Queue, OfMichaelAndScott) {
    EXPECT_THAT(explore(queue_users<release>()), holds_completely());
    EXPECT_THAT(explore(queue_users<relaxed>()), breaks(finding_kind::data_race));
}

/// Vyukov's bounded queue: a sequence number in each slot.
template <std::memory_order Publish>
struct slots {
    struct slot {
        atomic<unsigned> sequence;
        plain<int> value;
    };
    std::array<slot, 2> ring;
    atomic<unsigned> to_push, to_pop;
    slots() {
        for (unsigned i = 0; i < ring.size(); ++i) ring[i].sequence.store(i, relaxed);
    }
    bool push(int value) {
        unsigned at = to_push.load(relaxed);
        for (;;) {
            slot& s = ring[at % ring.size()];
            const unsigned sequence = s.sequence.load(acquire);
            if (sequence == at) {
                if (!to_push.compare_exchange_weak(at, at + 1, relaxed)) continue;
                s.value.set(value);
                s.sequence.store(at + 1, Publish);
                return true;
            }
            if (static_cast<int>(sequence - at) < 0) return false;
            at = to_push.load(relaxed);
        }
    }
    int pop() {
        unsigned at = to_pop.load(relaxed);
        for (;;) {
            slot& s = ring[at % ring.size()];
            const unsigned sequence = s.sequence.load(acquire);
            if (sequence == at + 1) {
                if (!to_pop.compare_exchange_weak(at, at + 1, relaxed)) continue;
                const int value = s.value.get();
                s.sequence.store(at + static_cast<unsigned>(ring.size()), Publish);
                return value;
            }
            if (static_cast<int>(sequence - at) < 1) return 0;
            at = to_pop.load(relaxed);
        }
    }
};
template <std::memory_order Publish>
program_over<slots<Publish>> slot_users() {
    using q = slots<Publish>;
    return over<q>()
        .threads(2, [](q& s, unsigned me) { check(s.push(static_cast<int>(me) + 1)); })
        .threads(2, [](q& s, unsigned) { check(s.pop() <= 2); });
}
TEST(Queue, OfVyukov) {
    EXPECT_THAT(explore(slot_users<release>()), holds_completely());
    EXPECT_THAT(explore(slot_users<relaxed>()), breaks(finding_kind::data_race));
}

// --- Once, and never again ----------------------------------------------------------------------

/// Double-checked: a flag before a lock.
template <std::memory_order Publish>
struct once {
    atomic<bool> made;
    atomic<bool> locked;
    plain<int> value;
    unsigned times = 0;
    int get() {
        if (!made.load(acquire)) {
            while (locked.exchange(true, acquire)) {
            }
            if (!made.load(relaxed)) {
                value.set(7);
                ++times;
                made.store(true, Publish);
            }
            locked.store(false, release);
        }
        return value.get();
    }
};
template <std::memory_order Publish>
program_over<once<Publish>> once_users(unsigned n) {
    return over<once<Publish>>()
        .threads(n, [](auto& s, unsigned) { check(s.get() == 7); })
        .finally([](auto& s) { check(s.times == 1, "made twice"); });
}
TEST(Once, IsCheckedTwice) {
    expect_in_both(once_users<release>(3), holds_completely());
    EXPECT_THAT(explore(once_users<relaxed>(2)), breaks(finding_kind::data_race));
}

// --- Locks --------------------------------------------------------------------------------------

/// Lamport's bakery. Stores and loads must be sequentially consistent.
template <std::memory_order Order>
struct bakery {
    std::array<atomic<bool>, 3> choosing;
    std::array<atomic<unsigned>, 3> number;
    plain<unsigned> guarded;
    unsigned customers = 2;
    void enter(unsigned me) {
        choosing[me].store(true, Order == seq_cst ? seq_cst : release);
        unsigned highest = 0;
        for (unsigned u = 0; u < customers; ++u)
            highest = std::max(highest, number[u].load(Order == seq_cst ? seq_cst : acquire));
        number[me].store(highest + 1, Order == seq_cst ? seq_cst : release);
        choosing[me].store(false, Order == seq_cst ? seq_cst : release);
        for (unsigned u = 0; u < customers; ++u) {
            if (u == me) continue;
            while (choosing[u].load(Order == seq_cst ? seq_cst : acquire)) {
            }
            for (;;) {
                const unsigned theirs = number[u].load(Order == seq_cst ? seq_cst : acquire);
                if (theirs == 0 || theirs > highest + 1 || (theirs == highest + 1 && u > me)) break;
            }
        }
        guarded.set(guarded.get() + 1);
        number[me].store(0, release);
    }
};
TEST(Locks, OfLamportsBakery) {
    const auto strong =
        over<bakery<seq_cst>>().threads(2, [](auto& s, unsigned me) { s.enter(me); });
    expect_in_both(strong, holds_completely());
    const auto weak = over<bakery<acq_rel>>().threads(2, [](auto& s, unsigned me) { s.enter(me); });
    EXPECT_THAT(explore(weak), breaks(finding_kind::data_race));
    EXPECT_THAT(explore(weak, {.model = model::sc}), holds_completely());
}

/// Readers count themselves, writers wait for all to leave.
template <std::memory_order Leave>
struct shared_lock {
    static constexpr unsigned writer = 1U << 16U;
    atomic<unsigned> holders;
    plain<int> guarded;
    void read() {
        unsigned seen = holders.load(relaxed);
        do seen &= ~writer;
        while (!holders.compare_exchange_weak(seen, seen + 1, acquire, relaxed));
        (void)guarded.get();
        holders.fetch_sub(1, Leave);
    }
    void write() {
        for (unsigned nobody = 0; !holders.compare_exchange_weak(nobody, writer, acquire, relaxed);)
            nobody = 0;
        guarded.set(guarded.get() + 1);
        holders.fetch_sub(writer, Leave);
    }
};
template <std::memory_order Leave>
program_over<shared_lock<Leave>> readers_and_writers() {
    using lock = shared_lock<Leave>;
    return over<lock>()
        .threads(2, [](lock& s, unsigned) { s.read(); })
        .threads(2, [](lock& s, unsigned) { s.write(); });
}
TEST(Locks, ForReadersAndWriters) {
    EXPECT_THAT(explore(readers_and_writers<release>()), holds_completely());
    EXPECT_THAT(explore(readers_and_writers<relaxed>()), breaks(finding_kind::data_race));
}

/// A counting semaphore with std::atomic's own waiting.
struct semaphore {
    atomic<int> permits{1};
    atomic<int> inside;
    void acquire_one() {
        for (;;) {
            int seen = permits.load(relaxed);
            if (seen == 0)
                permits.wait(0, relaxed);
            else if (permits.compare_exchange_weak(seen, seen - 1, acquire, relaxed))
                return;
        }
    }
    void release_one() {
        permits.fetch_add(1, release);
        permits.notify_one();
    }
};
TEST(Locks, ASemaphoreLetsAsManyIn) {
    const auto users = [](int permits, int most) {
        return over<semaphore>()
            .first([permits](semaphore& s) { s.permits.store(permits); })
            .threads(2,
                     [](semaphore& s, unsigned) {
                         s.acquire_one();
                         s.inside.fetch_add(1, relaxed);
                         s.inside.fetch_sub(1, relaxed);
                         s.release_one();
                     })
            .always([most](const semaphore& s) { check(s.inside.peek() <= most); });
    };
    expect_in_both(users(1, 1), holds_completely());
    EXPECT_THAT(explore(users(2, 2), {.model = model::sc}), holds_completely());
    EXPECT_THAT(explore(users(2, 1)), breaks(finding_kind::assertion));
    EXPECT_THAT(explore(users(0, 0)), breaks(finding_kind::deadlock));
}

// --- Counts that are known ----------------------------------------------------------------------

struct words {
    std::array<atomic<int>, 5> at;
    atomic<double> sum;
    std::array<int, 4> grid{};
    atomic<int*> place{&grid[0]};
};

TEST(Counts, OfFiveThreads) {
    const auto adders = over<words>().threads(5, [](words& s, unsigned) { ++s.at[0]; });
    expect_in_both(adders, has_executions(120));
    const auto real =
        over<words>()
            .threads(5, [](words& s, unsigned me) { s.sum.fetch_add(1 << me, relaxed); })
            .finally([](words& s) { check(s.sum.peek() == 31.0); });
    expect_in_both(real, has_executions(120));
    const auto pointers = over<words>()
                              .threads(3, [](words& s, unsigned) { *s.place.fetch_add(1) = 1; })
                              .finally([](words& s) { check(s.place.peek() == &s.grid[3]); });
    expect_in_both(pointers, has_executions(6));
    // Five writers in any order, and nobody looks.
    const auto writers = over<words>().threads(
        5, [](words& s, unsigned me) { s.at[0].store(static_cast<int>(me), relaxed); });
    expect_in_both(writers, has_executions(120));
    // A ring: each writes its own and reads its neighbour's. All may read 0 only if interleaved.
    const auto ring = over<words>().threads(5, [](words& s, unsigned me) {
        s.at[me].store(1, release);
        (void)s.at[(me + 1) % 5].load(acquire);
    });
    EXPECT_THAT(explore(ring), has_executions(32));
    EXPECT_THAT(explore(ring, {.model = model::sc}), has_executions(31));
}

TEST(Counts, OfAReleaseSequence) {
    // Updates of others carry on what the first store released, whatever their order.
    const auto p = [](std::memory_order update) {
        return over<words>()
            .thread([](words& s) {
                s.at[1].store(1, relaxed);
                s.at[0].store(1, release);
            })
            .threads(2, [update](words& s, unsigned) { s.at[0].fetch_add(1, update); })
            .thread([](words& s) {
                if (s.at[0].load(acquire) == 3) check(s.at[1].load(relaxed) == 1, "lost");
            });
    };
    EXPECT_THAT(explore(p(relaxed)), holds_completely());
    // A later plain store by the same thread is no longer part of it.
    const auto stores = over<words>()
                            .thread([](words& s) {
                                s.at[1].store(1, relaxed);
                                s.at[0].store(1, release);
                                s.at[0].store(2, relaxed);
                            })
                            .thread([](words& s) {
                                if (s.at[0].load(acquire) == 2)
                                    check(s.at[1].load(relaxed) == 1, "lost");
                            });
    EXPECT_THAT(explore(stores), breaks(finding_kind::assertion));
}

TEST(Counts, OfCellsThatThreadsMake) {
    // Each makes a cell in place and hands it to the other.
    struct mailbox {
        std::array<atomic<atomic<int>*>, 2> from;
        atomic<int> left;
    };
    const auto p = over<mailbox>().threads(2, [](mailbox& s, unsigned me) {
        atomic<int> mine(static_cast<int>(me) + 1);
        s.from[me].store(&mine, release);
        if (atomic<int>* const theirs = s.from[1 - me].load(acquire))
            check(theirs->exchange(0, relaxed) == 2 - static_cast<int>(me));
        s.left.fetch_add(1, acq_rel);
        while (s.left.load(acquire) != 2) {
        }
    });
    expect_in_both(p, holds_completely());
}

TEST(Counts, OfNoThreadAndOfManyThreads) {
    EXPECT_THAT(explore(over<words>()), has_executions(1));
    const auto many = over<words>().threads(
        max_threads - 1, [](words& s, unsigned me) { (void)s.at[me % 5].load(relaxed); });
    EXPECT_THAT(explore(many), has_executions(1));
}

}  // namespace
}  // namespace pidmap_stress::explore
