// Threads that loop forever are distinguished from threads that wait, and from long runs.

#include <gtest/gtest.h>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

struct flags {
    atomic<int> wants[2];
    atomic<int> entered;
};

/// Each puts its flag up, and takes it down again when it sees the other's.
program_over<flags> polite() {
    return over<flags>().threads(2, [](flags& s, unsigned me) {
        for (;;) {
            s.wants[me].store(1, seq_cst);
            if (s.wants[1 - me].load(seq_cst) == 0) break;
            s.wants[me].store(0, seq_cst);
        }
        s.entered.fetch_add(1, relaxed);
        s.wants[me].store(0, seq_cst);
    });
}

struct two_locks {
    atomic<int> taken[2];
};
/// The first lock is always taken, the second one is tried, and the first one given back.
program_over<two_locks> back_off() {
    return over<two_locks>().threads(2, [](two_locks& s, unsigned me) {
        for (;;) {
            while (s.taken[me].exchange(1, acquire) != 0) {
            }
            if (s.taken[1 - me].exchange(1, acquire) == 0) break;
            s.taken[me].store(0, release);
        }
        s.taken[1 - me].store(0, release);
        s.taken[me].store(0, release);
    });
}

TEST(Livelock, OfThreadsThatUndoEachOthersStepsIsFound) {
    for (const strategy how : {strategy::random, strategy::portfolio, strategy::exhaustive}) {
        EXPECT_THAT(explore(polite(), {.strategy = how}), breaks(finding_kind::livelock));
        EXPECT_THAT(explore(back_off(), {.strategy = how}), breaks(finding_kind::livelock));
    }
    EXPECT_THAT(explore(polite(), {.model = model::sc}), breaks(finding_kind::livelock));
}

TEST(Livelock, WithPlainCellsInItsRoundIsFound) {
    struct polite_with_notes {
        atomic<int> wants[2];
        plain<int> tries[2];
        plain<int>* last[2] = {&tries[0], &tries[1]};
    };
    for (const bool counts : {false, true}) {
        const auto p = over<polite_with_notes>().threads(2, [counts](auto& s, unsigned me) {
            for (;;) {
                s.wants[me].store(1, seq_cst);
                if (s.wants[1 - me].load(seq_cst) == 0) break;
                s.last[me]->set(counts ? s.last[me]->get() + 1 : 1);
                s.wants[me].store(0, seq_cst);
                if (!counts) s.last[me]->set(0);
            }
            s.wants[me].store(0, seq_cst);
        });
        const result r = explore(p, {.limits = {.steps = 1'000}, .budget = 200});
        EXPECT_EQ(r.ok(), counts) << r.summary();
        if (!counts) {
            EXPECT_THAT(r, breaks(finding_kind::livelock));
        }
    }
}

TEST(Livelock, IsNoneWhileAPlainCellSomewhereElseChanges) {
    using world = explored<tiny_geometry<2, 2>>;
    struct counted {
        atomic<int> x;
        plain<int>* rounds = world::create<plain<int>>();
        ~counted() { world::destroy(rounds); }
    };
    const auto p = over<counted>().thread([](counted& s) {
        for (; s.rounds->get() < 1'500; s.rounds->set(s.rounds->get() + 1)) s.x.store(1, relaxed);
    });
    for (const strategy how : {strategy::portfolio, strategy::exhaustive}) {
        const result r = explore(p, {.strategy = how, .limits = {.steps = 1'000}, .walks = 10});
        EXPECT_TRUE(r.ok()) << r.summary();
    }
}

TEST(Livelock, OfOneThreadIsFound) {
    const auto p = over<flags>().thread([](flags& s) {
        for (;;) s.entered.store(1, relaxed);
    });
    EXPECT_THAT(explore(p), breaks(finding_kind::livelock));
}

TEST(Livelock, ALongRunIsNone) {
    const auto p = over<flags>().thread([](flags& s) {
        for (;;) s.entered.fetch_add(1, relaxed);
    });
    const result r = explore(p, {.limits = {.steps = 500}});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.truncated);
    EXPECT_EQ(r.step_limited, 1U);
    struct counted {
        atomic<int> x;
        int rounds = 0;
    };
    const auto counting = over<counted>().thread([](counted& s) {
        for (; s.rounds < 2'000; ++s.rounds) s.x.store(1, relaxed);
    });
    EXPECT_THAT(explore(counting, {.limits = {.steps = 10'000}}), has_executions(1));
}

struct counter {
    atomic<int> n;
    atomic<int> taken;
    plain<int> guarded;
};

TEST(Livelock, OfACorrectLoopIsNotReported) {
    const auto raise = over<counter>().threads(3, [](counter& s, unsigned) {
        int seen = s.n.load(relaxed);
        while (!s.n.compare_exchange_weak(seen, seen + 1, relaxed)) {
        }
    });
    EXPECT_THAT(explore(raise), holds_completely());
    // This lock's waiters write, again and again, what is there already.
    const auto lock = over<counter>().threads(2, [](counter& s, unsigned) {
        while (s.taken.exchange(1, acquire) != 0) {
        }
        s.guarded.set(s.guarded.get() + 1);
        s.taken.store(0, release);
    });
    const result r = explore(lock, {.strategy = strategy::random, .walks = 1'000});
    EXPECT_TRUE(r.ok()) << r.summary();
    EXPECT_EQ(r.step_limited, 0U);
}

TEST(Livelock, OfThoseWhoDependOnOneThatStandsStillIsNoProgress) {
    const auto lock = over<counter>().threads(2, [](counter& s, unsigned) {
        while (s.taken.exchange(1, acquire) != 0) {
        }
        s.taken.store(0, release);
    });
    const result r = explore(lock, {.freeze = {.thread = 1, .after = 1}});
    EXPECT_THAT(r, breaks(finding_kind::progress));
}

}  // namespace
}  // namespace pidmap_stress::explore
