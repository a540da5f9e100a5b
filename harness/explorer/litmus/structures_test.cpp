// Locks and lock-free structures as users write them: the right ones hold, and a weakened order or
// a missing step in each is found.

#include <gtest/gtest.h>

#include <array>

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

// --- Locks --------------------------------------------------------------------------------------

/// Test, and test-and-set.
template <std::memory_order Unlock = release>
struct ttas_lock {
    atomic<bool> taken;
    void lock(unsigned) {
        do (void)await(taken, [](bool t) { return !t; }, relaxed);
        while (taken.exchange(true, acquire));
    }
    void unlock(unsigned) { taken.store(false, Unlock); }
};

/// Mellor-Crummey and Scott's: each waits at a node of its own.
template <std::memory_order HandOver = release>
struct mcs_lock {
    struct node {
        atomic<node*> next;
        atomic<bool> waits;
    };
    atomic<node*> tail;
    std::array<node, 3> nodes;
    void lock(unsigned me) {
        nodes[me].waits.store(true, relaxed);
        if (node* const before = tail.exchange(&nodes[me], acq_rel)) {
            before->next.store(&nodes[me], release);
            (void)await(nodes[me].waits, [](bool w) { return !w; }, acquire);
        }
    }
    void unlock(unsigned me) {
        node* mine = &nodes[me];
        if (tail.compare_exchange_strong(mine, nullptr, release, relaxed)) return;
        (void)await(nodes[me].next, [](const node* n) { return n != nullptr; }, acquire);
        nodes[me].next.load(relaxed)->waits.store(false, HandOver);
    }
};

/// Dekker's, for two, with a fence between what one writes and what one reads.
template <std::memory_order Fence = seq_cst>
struct dekker_lock {
    std::array<atomic<bool>, 2> wants;
    atomic<unsigned> turn;
    void lock(unsigned me) {
        wants[me].store(true, relaxed);
        fence(Fence);
        while (wants[1 - me].load(acquire)) {
            if (turn.load(acquire) == me) continue;
            wants[me].store(false, relaxed);
            while (turn.load(acquire) != me) {
            }
            wants[me].store(true, relaxed);
            fence(Fence);
        }
    }
    void unlock(unsigned me) {
        turn.store(1 - me, release);
        wants[me].store(false, release);
    }
};

template <class Lock>
struct locked {
    Lock lock;
    plain<unsigned> guarded;
};
template <class Lock>
program_over<locked<Lock>> lockers(unsigned n) {
    return over<locked<Lock>>()
        .threads(n,
                 [](locked<Lock>& s, unsigned me) {
                     s.lock.lock(me);
                     s.guarded.set(s.guarded.get() + 1);
                     s.lock.unlock(me);
                 })
        .finally([n](locked<Lock>& s) { check(s.guarded.peek() == n, "an increment is lost"); });
}

TEST(Locks, TestAndTestAndSet) {
    // Each order of the holders; and for each waiter, what it saw first.
    expect_in_both(lockers<ttas_lock<>>(2), holds_completely());
    expect_in_both(lockers<ttas_lock<>>(3), holds_completely());
    expect_in_both(lockers<ttas_lock<relaxed>>(2), breaks(finding_kind::data_race));
}
TEST(Locks, OfMellorCrummeyAndScott) {
    expect_in_both(lockers<mcs_lock<>>(2), holds_completely());
    expect_in_both(lockers<mcs_lock<>>(3), holds_completely());
    expect_in_both(lockers<mcs_lock<relaxed>>(2), breaks(finding_kind::data_race));
}
TEST(Locks, OfDekker) {
    expect_in_both(lockers<dekker_lock<>>(2), holds_completely());
    EXPECT_THAT(explore(lockers<dekker_lock<acq_rel>>(2)), breaks(finding_kind::data_race));
}

// --- Message passing ----------------------------------------------------------------------------

struct message {
    plain<int> payload;
    atomic<int> ready;
};
struct orders {
    std::memory_order before_store = relaxed;  // Order of a fence there; relaxed: no fence.
    std::memory_order store = relaxed;
    std::memory_order load = relaxed;
    std::memory_order after_load = relaxed;
};
program_over<message> pass_message(orders o) {
    return over<message>()
        .thread([o](message& s) {
            s.payload.set(7);
            fence(o.before_store);
            s.ready.store(1, o.store);
        })
        .thread([o](message& s) {
            if (s.ready.load(o.load) == 0) return;
            fence(o.after_load);
            check(s.payload.get() == 7);
        });
}

TEST(Fences, OfEveryOrderSynchronizeAsTheStandardSays) {
    const std::array<std::memory_order, 5> all{relaxed, acquire, release, acq_rel, seq_cst};
    for (const auto before_store : all)
        for (const auto after_load : all)
            for (const auto store : {relaxed, release, seq_cst})
                for (const auto load : {relaxed, acquire, seq_cst}) {
                    const bool releases = is_release(before_store) || is_release(store);
                    const bool acquires = is_acquire(after_load) || is_acquire(load);
                    const result r = explore(pass_message({before_store, store, load, after_load}));
                    if (releases && acquires)
                        EXPECT_THAT(r, has_executions(2));
                    else
                        EXPECT_THAT(r, breaks(finding_kind::data_race));
                }
}

/// One producer, one consumer, two slots.
template <std::memory_order Publish>
struct ring {
    std::array<plain<int>, 2> slots;
    atomic<unsigned> head, tail;
    void push(int value) {
        const unsigned t = tail.load(relaxed);
        while (t - head.load(acquire) == slots.size()) world::pause();
        slots[t % slots.size()].set(value);
        tail.store(t + 1, Publish);
    }
    int pop() {
        const unsigned h = head.load(relaxed);
        while (tail.load(acquire) == h) world::pause();
        const int value = slots[h % slots.size()].get();
        head.store(h + 1, Publish);
        return value;
    }
};
template <std::memory_order Publish>
program_over<ring<Publish>> through_ring() {
    return over<ring<Publish>>()
        .thread([](ring<Publish>& s) {
            for (int i = 1; i <= 3; ++i) s.push(i);
        })
        .thread([](ring<Publish>& s) {
            for (int i = 1; i <= 3; ++i) check(s.pop() == i, "out of order");
        });
}
TEST(MessagePassing, ThroughARing) {
    expect_in_both(through_ring<release>(), holds_completely());
    expect_in_both(through_ring<relaxed>(), breaks(finding_kind::data_race));
}

/// A reader keeps what it read only if no writer intervened. Its data are atomic, as they must be.
template <bool ReaderFences>
struct seqlock {
    atomic<unsigned> version;
    std::array<atomic<int>, 2> data;
    void write(int value) {
        const unsigned v = version.load(relaxed);
        version.store(v + 1, relaxed);
        fence(release);
        for (auto& d : data) d.store(value, relaxed);
        version.store(v + 2, release);
    }
    void read() {
        const unsigned before = version.load(acquire);
        const int first = data[0].load(relaxed);
        const int second = data[1].load(relaxed);
        if constexpr (ReaderFences) fence(acquire);
        const bool valid = version.load(relaxed) == before && before % 2 == 0;
        check(!valid || first == second, "a torn read");
    }
};
template <bool ReaderFences>
program_over<seqlock<ReaderFences>> seqlock_users() {
    using lock = seqlock<ReaderFences>;
    return over<lock>().thread([](lock& s) { s.write(1); }).threads(2, [](lock& s, unsigned) {
        s.read();
    });
}
TEST(MessagePassing, ThroughASeqlock) {
    expect_in_both(seqlock_users<true>(), holds_completely());
    EXPECT_THAT(explore(seqlock_users<false>()), breaks(finding_kind::assertion));
    EXPECT_THAT(explore(seqlock_users<false>(), {.model = model::sc}), holds_completely());
}

// --- Lists and queues ---------------------------------------------------------------------------

struct cell {
    explicit cell(int v) : value(v) {}
    plain<int> value;
    atomic<cell*> next{nullptr};
};

/// Treiber's stack. What is popped is destroyed at once, or retired by readers in a section.
template <bool Shielded>
struct stack {
    atomic<cell*> top;
    void push(int value) {
        cell* const mine = world::create<cell>(value);
        cell* seen = top.load(relaxed);
        do mine->next.store(seen, relaxed);
        while (!top.compare_exchange_weak(seen, mine, release, relaxed));
    }
    int pop() {
        if constexpr (Shielded) {
            const read_section section;
            return take();
        } else {
            return take();
        }
    }
    int take() {
        cell* seen = top.load(acquire);
        while (seen != nullptr) {
            cell* const next = seen->next.load(relaxed);
            if (!top.compare_exchange_weak(seen, next, acq_rel, acquire)) continue;
            const int value = seen->value.get();
            if constexpr (Shielded)
                world::retire(seen);
            else
                world::destroy(seen);
            return value;
        }
        return 0;
    }
};
template <bool Shielded>
program_over<stack<Shielded>> stack_users() {
    using s = stack<Shielded>;
    return over<s>()
        .first([](s& it) {
            it.push(1);
            it.push(2);
        })
        .threads(2, [](s& it, unsigned) { check(it.pop() != 0, "the stack seems empty"); });
}
TEST(Stack, OfTreiberNeedsItsNodesToStay) {
    expect_in_both(stack_users<true>(), holds_completely());
    expect_in_both(stack_users<false>(), breaks(finding_kind::use_after_free));
}

/// Nodes that are reused at once: an old observation of the top may be true again.
struct reusing_stack {
    std::array<atomic<int>, 3> next;  // By node, from 1.
    atomic<int> top;
    void push(int node) {
        int seen = top.load(acquire);
        do next[static_cast<unsigned>(node - 1)].store(seen, relaxed);
        while (!top.compare_exchange_strong(seen, node, acq_rel, acquire));
    }
    int pop() {
        int seen = top.load(acquire);
        while (seen != 0) {
            const int below = next[static_cast<unsigned>(seen - 1)].load(relaxed);
            if (top.compare_exchange_strong(seen, below, acq_rel, acquire)) return seen;
        }
        return 0;
    }
};
TEST(Stack, ThatReusesNodesFallsToABA) {
    const auto p = over<reusing_stack>()
                       .first([](reusing_stack& s) {
                           s.push(1);
                           s.push(2);
                       })
                       .thread([](reusing_stack& s) { (void)s.pop(); })
                       .thread([](reusing_stack& s) {
                           const int a = s.pop();
                           const int b = s.pop();
                           if (a != 0) s.push(a);
                           // b belongs to this thread now: no other thread may obtain it.
                           if (a != 0 && b != 0) check(s.pop() != b, "a node that is in use");
                       });
    expect_in_both(p, breaks(finding_kind::assertion));
}

/// Chase and Lev's deque, with the orders of Lê et al. (PPoPP 2013): one owner, others steal.
template <std::memory_order Fence>
struct deque {
    atomic<int> top, bottom;
    std::array<atomic<int>, 4> items;
    std::array<plain<int>, 4> taken;  // By item: twice is a race, or too many.
    void push(int item) {
        const int b = bottom.load(relaxed);
        items[static_cast<unsigned>(b)].store(item, relaxed);
        fence(release);
        bottom.store(b + 1, relaxed);
    }
    void take() {
        const int b = bottom.load(relaxed) - 1;
        bottom.store(b, relaxed);
        fence(Fence);
        int t = top.load(relaxed);
        if (t > b) {
            bottom.store(b + 1, relaxed);
            return;
        }
        const int item = items[static_cast<unsigned>(b)].load(relaxed);
        if (t == b) {
            const bool won = top.compare_exchange_strong(t, t + 1, seq_cst, relaxed);
            bottom.store(b + 1, relaxed);
            if (!won) return;
        }
        use(item);
    }
    void steal() {
        int t = top.load(acquire);
        fence(Fence);
        if (t >= bottom.load(acquire)) return;
        const int item = items[static_cast<unsigned>(t)].load(relaxed);
        if (top.compare_exchange_strong(t, t + 1, seq_cst, relaxed)) use(item);
    }
    void use(int item) {
        plain<int>& mark = taken[static_cast<unsigned>(item)];
        check(mark.get() == 0, "an item is taken twice");
        mark.set(1);
    }
};
template <std::memory_order Fence>
program_over<deque<Fence>> deque_users() {
    return over<deque<Fence>>()
        .thread([](deque<Fence>& s) {
            s.push(1);
            s.push(2);
            s.take();
            s.take();
        })
        .threads(2, [](deque<Fence>& s, unsigned) { s.steal(); });
}
TEST(Deque, OfChaseAndLevNeedsItsFences) {
    EXPECT_THAT(explore(deque_users<seq_cst>(), {.count_redundant = true}), holds_completely());
    const result r = explore(deque_users<acq_rel>());
    EXPECT_FALSE(r.ok()) << r.summary();
}

// --- Many threads -------------------------------------------------------------------------------

struct shared {
    atomic<unsigned> arrived;
    std::array<plain<int>, 5> parts;
    std::array<atomic<int>, 6> chain;
};

TEST(FiveThreads, MeetAtABarrier) {
    // Five would loop a million times if they had to see it twice.
    constexpr unsigned n = rounds_look_alike ? 5 : 3;
    const auto meet = [](std::memory_order arrive) {
        return over<shared>().threads(n, [arrive](shared& s, unsigned me) {
            s.parts[me].set(1);
            s.arrived.fetch_add(1, arrive);
            while (s.arrived.load(acquire) != n) world::pause();
            check(s.parts[(me + 1) % n].get() == 1);
        });
    };
    // One execution for each order of arrival.
    expect_in_both(meet(release), has_executions_and_waits(n == 5 ? 120 : 6));
    expect_in_both(meet(relaxed), breaks(finding_kind::data_race));
}

TEST(FiveThreads, HandOnAValue) {
    const auto p = over<shared>().threads(5, [](shared& s, unsigned me) {
        if (me > 0) (void)await(s.chain[me], [](int link) { return link != 0; }, acquire);
        s.chain[me + 1].store(static_cast<int>(me) + 1, release);
    });
    expect_in_both(p, has_executions_and_waits(1));
}

TEST(FiveThreads, LeaveALoopEarly) {
    // Each looks for the first free place and takes it: there are 5! ways to be placed.
    const auto p = over<shared>().threads(5, [](shared& s, unsigned) {
        for (auto& place : s.chain)
            if (place.exchange(1, acq_rel) == 0) return;
        check(false, "no place left");
    });
    const result rc11 = explore(p, {.count_redundant = true});
    EXPECT_THAT(rc11, holds_completely());
    EXPECT_THAT(explore(p, {.model = model::sc}), has_executions(rc11.executions));
}

}  // namespace
}  // namespace pidmap_stress::explore
