// What the cells, the memory and the waiting loops of explored programs mean.

#include "harness/explorer/run/explored.hpp"

#include <gtest/gtest.h>

#include <array>

#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;
using world = explored<tiny_geometry<2, 2>>;
static_assert(execution_policy<world>);

options both(model m) {
    return {.model = m, .stop_at_first = false, .count_redundant = true};
}
void expect_in_both(const program& p, const testing::Matcher<result>& expected) {
    EXPECT_THAT(explore(p, both(model::rc11)), expected) << "rc11";
    EXPECT_THAT(explore(p, both(model::sc)), expected) << "sc";
}

// --- Operations ---------------------------------------------------------------------------------

enum class colour : std::uint8_t { red, green };
struct every_type {
    atomic<std::int8_t> small;
    atomic<std::uint64_t> large;
    atomic<bool> flag;
    atomic<colour> paint{colour::red};
    atomic<int*> pointer;
    int ints[3]{};
};

TEST(Explored, HasTheOperationsOfStdAtomic) {
    const auto p = over<every_type>().thread([](every_type& s) {
        s.small.store(127, relaxed);
        check(s.small.fetch_add(1) == 127 && s.small == -128);
        check(--s.small == 127 && s.small-- == 127 && ++s.small == 127 && s.small++ == 127);
        s.small = 12;
        check(s.small.fetch_and(10) == 12 && s.small.fetch_or(1) == 8);
        check(s.small.fetch_xor(3) == 9 && s.small.load() == 10);
        check((s.small += 2) == 12 && (s.small -= 4) == 8 && (s.small |= 1) == 9);
        check((s.small &= 8) == 8 && (s.small ^= 1) == 9);
        check(s.large.exchange(~0ULL) == 0 && s.large.fetch_add(2) == ~0ULL && s.large == 1);
        check(!s.flag.exchange(true, acq_rel) && s.flag);
        colour seen = colour::green;
        check(!s.paint.compare_exchange_strong(seen, colour::green) && seen == colour::red);
        check(s.paint.compare_exchange_weak(seen, colour::green, acq_rel, acquire));
        check(s.paint.load(acquire) == colour::green && s.paint.peek() == colour::green);
        s.pointer.store(s.ints);
        check(s.pointer.fetch_add(2) == s.ints && s.pointer == s.ints + 2);
        check(s.pointer.fetch_sub(1) == s.ints + 2 && s.pointer.load() == s.ints + 1);
    });
    expect_in_both(p, has_executions(1));
}

struct reals {
    atomic<float> f{1.5F};
    atomic<double> d;
    atomic_flag flag;
};
TEST(Explored, HasTheOperationsOfFloatingPointAndOfFlags) {
    const auto p = over<reals>().threads(2, [](reals& s, unsigned) { s.f.fetch_add(0.25F); });
    EXPECT_THAT(explore(p), has_executions(2));
    const auto alone = over<reals>().thread([](reals& s) {
        check(s.f.fetch_add(0.25F) == 1.5F && s.f.load() == 1.75F && (s.f -= 1.0F) == 0.75F);
        check(s.d.fetch_sub(2.5) == 0.0 && s.d == -2.5 && (s.d += 1.0) == -1.5);
        check(!s.flag.test() && !s.flag.test_and_set() && s.flag.test(acquire));
        s.flag.clear(release);
        check(!s.flag.test_and_set(acq_rel));
    });
    expect_in_both(alone, has_executions(1));
}

TEST(Explored, WaitsForAnotherValue) {
    const auto woken = over<reals>()
                           .thread([](reals& s) {
                               s.flag.wait(false, acquire);
                               check(s.d.load(relaxed) == 1.0);
                           })
                           .thread([](reals& s) {
                               s.d.store(1.0, relaxed);
                               s.flag.test_and_set(release);
                               s.flag.notify_one();
                           });
    // Woken, or before it slept.
    expect_in_both(woken, holds_completely());
    const auto alone = over<reals>().thread([](reals& s) { s.f.wait(1.5F); });
    expect_in_both(alone, breaks(finding_kind::deadlock));
}

struct one_cell {
    atomic<int> x;
    atomic<int> y;
};

// Time ends it, and it says that it is not all.
TEST(Explored, EndsWhenItsTimeIsUp) {
    const auto p = over<one_cell>().threads(6, [](one_cell& s, unsigned t) {
        s.x.store(static_cast<int>(t), relaxed);
        (void)s.y.fetch_add(s.x.load(relaxed), relaxed);
    });
    for (const strategy by : {strategy::exhaustive, strategy::random, strategy::portfolio}) {
        const result seen = explore(
            p, {.strategy = by, .walks = UINT64_MAX / 2, .time = std::chrono::milliseconds(20)});
        EXPECT_TRUE(seen.cut_short && seen.truncated && !seen.complete) << seen.summary();
        EXPECT_GT(seen.runs(), 0U);
    }
    EXPECT_THAT(
        explore(over<one_cell>().threads(2, [](one_cell& s, unsigned) { (void)s.x.load(); }),
                {.time = std::chrono::hours(1)}),
        has_executions(1));
}

TEST(Explored, ChoicesAreTriedInTurn) {
    expect_in_both(over<one_cell>().thread([](one_cell& s) {
        s.x.store(static_cast<int>(choose(3)), relaxed);
        s.y.store(static_cast<int>(choose(2)), relaxed);
    }),
                   has_executions(6));
}

TEST(Explored, WeakUpdateFailsAsOftenAsAllowed) {
    const auto p = over<one_cell>().thread([](one_cell& s) {
        int seen = 0;
        if (!s.x.compare_exchange_weak(seen, 1, relaxed)) check(seen == 0);
    });
    EXPECT_THAT(explore(p), has_executions(1));
    EXPECT_THAT(explore(p, {.limits = {.spurious_failures = 1}}), has_executions(2));
}

TEST(Explored, AssumptionsLeaveExecutionsOut) {
    const auto p =
        over<one_cell>().thread([](one_cell& s) { s.x.store(1, relaxed); }).thread([](one_cell& s) {
            assume(s.x.load(relaxed) == 1);
        });
    const result r = explore(p);
    EXPECT_EQ(r.executions, 1U);
    EXPECT_EQ(r.blocked, 1U);
}

// --- Waiting ------------------------------------------------------------------------------------

struct spin_lock {
    atomic<int> taken;
    plain<int> guarded;
    void lock() {
        int open = 0;
        while (!taken.compare_exchange_weak(open, 1, acquire, relaxed)) open = 0;
    }
    void unlock() { taken.store(0, release); }
};

program_over<spin_lock> lockers(unsigned n) {
    return over<spin_lock>()
        .threads(n,
                 [](spin_lock& s, unsigned) {
                     s.lock();
                     s.guarded.set(s.guarded.get() + 1);
                     s.unlock();
                 })
        .finally([n](spin_lock& s) { check(s.guarded.get() == static_cast<int>(n)); });
}

// Such a failure reads, and what it reads may be old. Where everything else that a thread has seen
// is new, no order of steps makes the old value the newest write.
TEST(WeakCompareExchange, MayFailOnAnOldWriteStepByStep) {
    struct cells {
        atomic<int> flag, value;
        std::array<int, 2> seen{};
    };
    for (const strategy how : {strategy::exhaustive, strategy::random, strategy::bounded}) {
        bool happened = false;
        auto p = over<cells>()
                     .thread([](cells& s) {
                         s.value.fetch_add(2, relaxed);
                         s.flag.store(1, relaxed);
                     })
                     .thread([](cells& s) {
                         s.seen[0] = s.flag.load(relaxed);
                         int expected = 0;
                         const bool stored =
                             s.value.compare_exchange_weak(expected, 1, relaxed, relaxed);
                         s.seen[1] = stored ? -1 : expected;
                     })
                     .finally([&](cells& s) { happened |= s.seen == std::array{1, 0}; });
        (void)explore(p, {.strategy = how, .limits = {.spurious_failures = 1}});
        EXPECT_TRUE(happened) << to_string(how);
    }
}

TEST(Waiting, SpinLockHasOneExecutionForEachOrderOfItsHolders) {
    expect_in_both(lockers(2), has_executions_and_waits(2));
    expect_in_both(lockers(3), has_executions_and_waits(6));
    expect_in_both(lockers(4), has_executions_and_waits(24));
}

struct ticket_lock {
    atomic<unsigned> next, serving;
    plain<int> guarded;
    void work() {
        const unsigned mine = next.fetch_add(1, relaxed);
        while (serving.load(acquire) != mine) world::pause();
        guarded.set(guarded.get() + 1);
        serving.store(mine + 1, release);
    }
};
program_over<ticket_lock> ticket_holders(unsigned n) {
    return over<ticket_lock>().threads(n, [](ticket_lock& s, unsigned) { s.work(); });
}

TEST(Waiting, TicketLockHasOneExecutionForEachOrderOfItsHolders) {
    expect_in_both(ticket_holders(2), has_executions_and_waits(2));
    expect_in_both(ticket_holders(3), has_executions_and_waits(6));
}

struct peterson {
    atomic<bool> wants[2];
    atomic<int> turn;
    plain<int> guarded;
    template <std::memory_order Order>
    void work(unsigned me) {
        wants[me].store(true, Order);
        turn.store(static_cast<int>(1 - me), Order);
        while (wants[1 - me].load(Order) && turn.load(Order) == static_cast<int>(1 - me)) {
        }
        guarded.set(guarded.get() + 1);
        wants[me].store(false, release);
    }
};

TEST(Waiting, PetersonNeedsSequentialConsistency) {
    const auto strong =
        over<peterson>().threads(2, [](peterson& s, unsigned me) { s.work<seq_cst>(me); });
    expect_in_both(strong, holds_completely());
    const auto weak =
        over<peterson>().threads(2, [](peterson& s, unsigned me) { s.work<relaxed>(me); });
    EXPECT_THAT(explore(weak), breaks(finding_kind::data_race));
}

TEST(Waiting, ForAWriteThatNobodyMakesIsADeadlock) {
    const auto p = over<one_cell>()
                       .thread([](one_cell& s) {
                           while (s.x.load(acquire) == 0) {
                           }
                           s.y.store(1, release);
                       })
                       .thread([](one_cell& s) {
                           while (s.y.load(acquire) == 0) {
                           }
                           s.x.store(1, release);
                       });
    expect_in_both(p, breaks(finding_kind::deadlock));
    EXPECT_THAT(explore(p, {.strategy = strategy::random}), breaks(finding_kind::deadlock));
}

TEST(Waiting, ALoopThatCountsIsNoWait) {
    const auto p = over<one_cell>()
                       .thread([](one_cell& s) {
                           int seen = 0;
                           for (int i = 0; i < 3; ++i) seen += s.x.load(relaxed);
                           s.y.store(seen, relaxed);
                       })
                       .thread([](one_cell& s) { s.x.store(1, relaxed); });
    expect_in_both(p, has_executions(4));
}

// --- Progress -----------------------------------------------------------------------------------

TEST(Progress, OfALockDependsOnItsHolder) {
    EXPECT_THAT(check_progress(lockers(2)), breaks(finding_kind::progress));
    const result r = check_progress(ticket_holders(2));
    EXPECT_THAT(r, breaks(finding_kind::progress));
    EXPECT_EQ(r.findings.front().frozen_after, 1U);
}

TEST(Progress, OfALockFreeLoopDoesNot) {
    const auto p = over<one_cell>().threads(2, [](one_cell& s, unsigned) {
        int seen = s.x.load(relaxed);
        while (!s.x.compare_exchange_weak(seen, seen + 1, relaxed)) {
        }
    });
    EXPECT_THAT(check_progress(p), holds_completely());
}

// --- Plain cells and memory ---------------------------------------------------------------------

struct message {
    plain<int> payload;
    atomic<int> ready;
};
template <std::memory_order Publish>
program_over<message> message_passing() {
    return over<message>()
        .thread([](message& s) {
            s.payload.set(7);
            s.ready.store(1, Publish);
        })
        .thread([](message& s) {
            if (s.ready.load(acquire) == 1) check(s.payload.get() == 7);
        });
}

TEST(PlainCells, NeedHappensBefore) {
    expect_in_both(message_passing<release>(), has_executions(2));
    expect_in_both(message_passing<relaxed>(), breaks(finding_kind::data_race));
    EXPECT_THAT(explore(message_passing<relaxed>(), {.strategy = strategy::pos}),
                breaks(finding_kind::data_race));
}

struct node {
    explicit node(int v) : value(v) {}
    atomic<int> value;
    plain<node*> next{nullptr};
};
struct shared_node {
    atomic<node*> head{nullptr};
};

TEST(Memory, LeaksAreFound) {
    expect_in_both(over<shared_node>().thread(
                       [](shared_node& s) { s.head.store(world::create<node>(1), release); }),
                   breaks(finding_kind::leak));
}

template <std::memory_order Publish, bool Shielded, bool Deferred>
program_over<shared_node> reader_and_reclaimer() {
    return over<shared_node>()
        .first([](shared_node& s) { s.head.store(world::create<node>(1)); })
        .thread([](shared_node& s) {
            const auto look = [&s] {
                if (const node* n = s.head.load(acquire)) (void)n->value.load(relaxed);
            };
            if constexpr (Shielded) {
                const read_section section;
                look();
            } else {
                look();
            }
        })
        .thread([](shared_node& s) {
            node* n = s.head.exchange(nullptr, Publish);
            if constexpr (Deferred)
                world::retire(n);
            else
                world::destroy(n);
        });
}

TEST(Memory, UseAfterFreeIsFoundAndReadSectionsPreventIt) {
    expect_in_both(reader_and_reclaimer<acq_rel, false, false>(),
                   breaks(finding_kind::use_after_free));
    expect_in_both(reader_and_reclaimer<acq_rel, true, false>(),
                   breaks(finding_kind::use_after_free));
    expect_in_both(reader_and_reclaimer<acq_rel, false, true>(),
                   breaks(finding_kind::use_after_free));
    expect_in_both(reader_and_reclaimer<acq_rel, true, true>(), holds_completely());
}

TEST(Memory, RetiringWhatIsStillInTheTableDoesNotHelp) {
    const auto p = over<shared_node>()
                       .first([](shared_node& s) { s.head.store(world::create<node>(1)); })
                       .thread([](shared_node& s) {
                           const read_section section;
                           if (const node* n = s.head.load(acquire)) (void)n->value.load(relaxed);
                       })
                       .thread([](shared_node& s) {
                           world::retire(s.head.load(relaxed));
                           s.head.store(nullptr, release);
                       });
    expect_in_both(p, breaks(finding_kind::use_after_free));
}

// A grace period also waits for the thread that asked for it, as long as that is in such a section.
TEST(Memory, WhoRetiresInASectionMayGoOnInIt) {
    for (const bool same_section : {true, false}) {
        const auto p = over<shared_node>()
                           .first([](shared_node& s) { s.head.store(world::create<node>(1)); })
                           .thread([same_section](shared_node& s) {
                               world::read_lock();
                               node* const n = s.head.exchange(nullptr, acq_rel);
                               world::retire(n);
                               if (!same_section) {
                                   world::read_unlock();
                                   world::read_lock();
                               }
                               (void)n->value.load(relaxed);
                               world::read_unlock();
                           });
        if (same_section)
            expect_in_both(p, holds_completely());
        else
            expect_in_both(p, breaks(finding_kind::use_after_free));
    }
}

TEST(Memory, DoubleFreeIsFound) {
    const auto p = over<shared_node>()
                       .first([](shared_node& s) { s.head.store(world::create<node>(1)); })
                       .threads(2, [](shared_node& s, unsigned) {
                           if (node* n = s.head.load(acquire)) {
                               s.head.store(nullptr, release);
                               world::destroy(n);
                           }
                       });
    expect_in_both(p, breaks(finding_kind::double_free));
}

TEST(Memory, AllocationFailsAsOftenAsAllowed) {
    const auto p = over<shared_node>().thread([](shared_node& s) {
        if (node* n = world::create<node>(1)) {
            s.head.store(n, relaxed);
            world::destroy(n);
        }
    });
    EXPECT_THAT(explore(p), has_executions(1));
    EXPECT_THAT(explore(p, {.limits = {.failed_allocations = 1}}), has_executions(2));
}

TEST(Memory, PublishedBeforeItIsMadeIsARace) {
    const auto p =
        over<shared_node>()
            .thread([](shared_node& s) { s.head.store(world::create<node>(1), relaxed); })
            .thread([](shared_node& s) {
                if (const node* n = s.head.load(relaxed)) (void)n->value.load(relaxed);
            });
    expect_in_both(p, breaks(finding_kind::data_race));
}

/// Treiber's stack: nodes are pushed by a release and never reused before the end.
struct treiber {
    atomic<node*> top{nullptr};
    void push(node* n) {
        node* seen = top.load(relaxed);
        do {
            n->next.set(seen);
        } while (!top.compare_exchange_weak(seen, n, release, relaxed));
    }
    node* pop() {
        node* seen = top.load(acquire);
        while (seen != nullptr &&
               !top.compare_exchange_weak(seen, seen->next.get(), acquire, acquire)) {
        }
        return seen;
    }
    void drain() {
        for (node* n = top.load(); n != nullptr;) {
            node* next = n->next.peek();
            world::destroy(n);
            n = next;
        }
    }
};

TEST(Memory, TreiberStackKeepsItsNodes) {
    const auto p =
        over<treiber>()
            .threads(3, [](treiber& s,
                           unsigned me) { s.push(world::create<node>(static_cast<int>(me))); })
            .finally([](treiber& s) { s.drain(); });
    expect_in_both(p, holds_completely());
    const auto popping = over<treiber>()
                             .first([](treiber& s) { s.push(world::create<node>(0)); })
                             .thread([](treiber& s) { s.push(world::create<node>(1)); })
                             .threads(2, [](treiber& s, unsigned) {
                                 if (node* n = s.pop()) (void)n->value.load(relaxed);
                             });
    expect_in_both(popping, breaks(finding_kind::leak));
}

// --- Strategies ---------------------------------------------------------------------------------

TEST(Strategies, ABoundIsReportedAsABound) {
    const result r = explore(lockers(2), {.strategy = strategy::bounded, .preemptions = 1});
    EXPECT_EQ(r.bound, 1U);
    EXPECT_FALSE(r.complete);
}

TEST(Strategies, APortfolioEndsWithAProof) {
    const result r = explore(lockers(3), {.strategy = strategy::portfolio});
    EXPECT_THAT(r, has_executions_and_waits(6));
    EXPECT_GT(r.sampled, 0U);
}

TEST(Strategies, ABudgetTruncates) {
    const result r = explore(lockers(4), {.budget = 10});
    EXPECT_TRUE(r.truncated);
    EXPECT_FALSE(r.complete);
    EXPECT_EQ(r.runs(), 10U);
}

}  // namespace
}  // namespace pidmap_stress::explore
