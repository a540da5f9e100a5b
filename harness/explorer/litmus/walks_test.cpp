// A walk keeps memory as what each thread may read, and not as a graph. Both must be the same
// memory: offered the same choices, and giving the same execution. What a walk cannot judge, it
// must leave to a graph.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "harness/explorer/litmus/pidmap_program.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"
#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;
using world = explored<tiny_geometry<2, 2>>;

// --- Random programs ----------------------------------------------------------------------------

enum class kind : std::uint8_t {
    load,
    store,
    add,
    exchange,
    cas,
    cas_loop,
    fence,
    choice,
    plain_read,
    plain_write,
    publish,
    look,
};
struct operation {
    kind what;
    unsigned cell;
    int value;
    int expected;
    std::memory_order order;
};
using code = std::vector<std::vector<operation>>;

struct object {
    atomic<int> inside;
    plain<int> beside;
};
struct cells {
    std::array<atomic<int>, 3> at;
    plain<int> unguarded;
    atomic<object*> slot;
    std::array<std::vector<int>, 4> seen;
    std::array<std::vector<moment>, 4> moments;
};

[[nodiscard]] std::memory_order for_load(std::memory_order order) {
    return is_acquire(order) ? acquire : relaxed;
}
[[nodiscard]] std::memory_order for_store(std::memory_order order) {
    return is_release(order) ? release : relaxed;
}

int perform_one(cells& s, const operation& o) {
    atomic<int>& cell = s.at[o.cell];
    int expected = o.expected;
    switch (o.what) {
        case kind::load:
            return cell.load(for_load(o.order));
        case kind::store:
            cell.store(o.value, for_store(o.order));
            return 0;
        case kind::add:
            return cell.fetch_add(o.value, o.order);
        case kind::exchange:
            return cell.exchange(o.value, o.order);
        case kind::cas:
            cell.compare_exchange_strong(expected, o.value, o.order, for_load(o.order));
            return expected;
        case kind::cas_loop:
            expected = cell.load(relaxed);
            while (!cell.compare_exchange_strong(expected, expected + 1, o.order, relaxed)) {
            }
            return expected;
        case kind::fence:
            fence(o.order);
            return 0;
        case kind::choice:
            return static_cast<int>(choose(3));
        case kind::plain_read:
            return s.unguarded.get();
        case kind::plain_write:
            s.unguarded.set(o.value);
            return 0;
        case kind::publish:
            world::retire(s.slot.exchange(world::create<object>(), o.order));
            return 0;
        case kind::look: {
            const object* const there = s.slot.load(for_load(o.order));
            return there == nullptr ? -1 : there->inside.load(relaxed) + there->beside.get();
        }
    }
    return 0;
}

/// \param tame  Whether nothing in it can go wrong.
code random_code(std::uint64_t seed, bool tame) {
    dice d(seed, 79);
    constexpr std::array orders{relaxed, acquire, release, acq_rel, relaxed};
    constexpr std::array kinds{kind::load,    kind::load,   kind::store,      kind::store,
                               kind::add,     kind::cas,    kind::exchange,   kind::cas_loop,
                               kind::fence,   kind::choice, kind::plain_read, kind::plain_write,
                               kind::publish, kind::look};
    constexpr unsigned tame_kinds = 10;
    code c(2 + d.below(2));
    for (auto& t : c) {
        const unsigned length = 2 + d.below(6);
        for (unsigned i = 0; i < length; ++i)
            t.push_back(
                {.what = kinds[d.below(tame ? tame_kinds : static_cast<unsigned>(kinds.size()))],
                 .cell = d.below(tame ? 3 : 2),
                 .value = 1 + static_cast<int>(d.below(2)),
                 .expected = static_cast<int>(d.below(2)),
                 .order = orders[d.below(orders.size())]});
    }
    return c;
}

program_over<cells> program_of(const code& c) {
    auto p = over<cells>();
    for (std::size_t t = 0; t < c.size(); ++t)
        p.thread([t, mine = c[t]](cells& s) {
            for (const operation& o : mine) {
                s.moments[t].push_back(now());
                s.seen[t].push_back(perform_one(s, o));
            }
        });
    return p.finally([](cells& s) {
        std::string all;
        for (const auto& one : s.seen)
            for (const int value : one) all += std::to_string(value) + ' ';
        for (const auto& cell : s.at) all += std::to_string(cell.peek()) + ' ';
        for (const auto& some : s.moments)
            for (const moment& one : some)
                for (const auto& others : s.moments)
                    for (const moment& other : others)
                        all += one.thread != other.thread && happens_before(one, other) ? '<' : '.';
        tell_outcome(all);
        if (object* const left = s.slot.load(relaxed)) world::destroy(left);
    });
}

// --- The comparison -----------------------------------------------------------------------------

struct comparison {
    std::string differs;  ///< The first difference; empty if there is none.
    unsigned walked = 0;  ///< Without a graph.
    unsigned left = 0;    ///< To a graph.
    unsigned found = 0;   ///< What both found something in.
};

/// Runs the same walks with and without a graph.
/// \param fault  Planted in the graph.
comparison compare(const program& p, sampler& s, std::uint64_t walks,
                   planted_fault fault = planted_fault::none) {
    comparison sum;
    machine walking(p, {}, {.failed_allocations = 1});
    machine over_graph(p, {.fault = fault}, {.failed_allocations = 1});
    s.restart(0);
    (void)walking.walk(s);  // The first one shows what is asked of the past.
    for (std::uint64_t n = 0; n < walks; ++n) {
        s.restart(n);
        const execution_end end = walking.walk(s);
        if (end == execution_end::needs_graph) {
            ++sum.left;
            continue;
        }
        ++sum.walked;
        const schedule taken = s.taken();
        s.restart(n);
        graph g({.fault = fault});
        const execution_end same_end = over_graph.run(g, s);
        const std::string number = "walk " + std::to_string(n);
        if (!walking.found().empty() && !over_graph.found().empty()) {
            ++sum.found;
        } else if (!walking.found().empty() || !over_graph.found().empty()) {
            sum.differs = number + ": only one finds something";
        } else if (end != same_end || walking.outcome() != over_graph.outcome()) {
            sum.differs = number + ": " + walking.outcome() + "is not " + over_graph.outcome();
        } else if (taken != s.taken()) {
            sum.differs = number + ": the choices differ";
        }
        if (!sum.differs.empty()) return sum;
    }
    return sum;
}

std::vector<std::unique_ptr<sampler>> all_samplers() {
    static const std::vector<shared_location> shared{{.where = 0, .accesses = {0, 3, 3, 3}},
                                                     {.where = 1, .accesses = {0, 3, 3, 3}}};
    std::vector<std::unique_ptr<sampler>> made;
    made.push_back(std::make_unique<random_walk>(1));
    made.push_back(std::make_unique<pos>(2));
    made.push_back(std::make_unique<pct>(3, 3, 20));
    made.push_back(std::make_unique<surw>(4, shared));
    return made;
}

TEST(Walks, AreTheExecutionsThatAGraphGives) {
    comparison sum;
    for (std::uint64_t seed = 1; seed <= 300; ++seed)
        for (const bool tame : {true, false})
            for (const auto& s : all_samplers()) {
                const comparison one = compare(program_of(random_code(seed, tame)), *s, 40);
                ASSERT_EQ(one.differs, "") << "seed " << seed << (tame ? ", tame" : "");
                sum.walked += one.walked;
                sum.left += one.left;
                sum.found += one.found;
            }
    EXPECT_GT(sum.walked, 20 * sum.left);  // Otherwise it shows little.
    EXPECT_GT(sum.found, 1'000U);
}

TEST(Walks, DifferFromAFaultyGraph) {
    for (const planted_fault fault :
         {planted_fault::bound_too_old, planted_fault::store_splits_rmw}) {
        bool seen = false;
        for (std::uint64_t seed = 1; seed <= 100 && !seen; ++seed) {
            random_walk s(1);
            seen = !compare(program_of(random_code(seed, true)), s, 40, fault).differs.empty();
        }
        EXPECT_TRUE(seen) << static_cast<int>(fault);
    }
}

TEST(Walks, TakeTheYardsticksWithoutAGraph) {
    for (const auto& s : all_samplers()) {
        const comparison sound = compare(yardstick::pidmap_case<1, 2, 2, 2>(), *s, 300);
        EXPECT_EQ(sound.differs, "");
        EXPECT_EQ(sound.left, 0U);
        const comparison broken = compare(yardstick::pidmap_case<0, 1, 3, 1>(), *s, 300);
        EXPECT_EQ(broken.differs, "");
        EXPECT_GT(broken.found, 0U);
    }
}

// --- What is left to a graph --------------------------------------------------------------------

template <class Body>
void expect_left(Body body) {
    auto p = over<cells>().thread(body).thread(body);
    random_walk s(1);
    const comparison all = compare(p, s, 20);
    EXPECT_EQ(all.differs, "");
    EXPECT_GT(all.left, 0U);
}

TEST(Walks, LeaveTheOrderOfSequentiallyConsistentOperationsToAGraph) {
    expect_left([](cells& s) { s.at[0].store(1, seq_cst); });
    expect_left([](cells& s) { (void)s.at[0].load(seq_cst); });
    expect_left([](cells& s) { s.at[0].fetch_add(1, seq_cst); });
    expect_left([](cells&) { fence(seq_cst); });
}
TEST(Walks, LeaveWaitingToAGraph) {
    expect_left([](cells& s) {
        s.at[0].fetch_add(1, relaxed);
        while (s.at[0].load(relaxed) < 2) {
        }
    });
    expect_left([](cells& s) {
        while (s.at[0].exchange(1, acquire) != 0) {
        }
        s.at[0].store(0, release);
    });
}
TEST(Walks, LeaveGracePeriodsToAGraph) {
    expect_left([](cells& s) {
        const world::read_section section;
        if (object* const there = s.slot.exchange(world::create<object>(), acq_rel)) {
            world::retire(there);
            (void)there->inside.load(relaxed);
        }
    });
}
TEST(Walks, LeaveCellsThatAreNotAtomicToAGraph) {
    struct unordered {
        nonatomic<int> bare;
        atomic<int> other;
    };
    const auto look = [](unordered& s) {
        (void)s.other.load(relaxed);
        atomic_ref<int>(s.bare).fetch_add(1, relaxed);
    };
    random_walk s(1);
    EXPECT_EQ(compare(over<unordered>().thread(look).thread(look), s, 20).differs, "");
}

TEST(Walks, LeaveCellsThatThreadsMakeAndAreNotAtomicToAGraph) {
    const auto make = [](cells& s) {
        s.at[0].fetch_add(1, relaxed);
        nonatomic<int> here(3);
        s.at[1].store(here.get(), relaxed);
    };
    expect_left(make);
    const auto p = over<cells>().thread(make).thread(make);
    EXPECT_TRUE(explore(p, {.strategy = strategy::random, .walks = 100}).findings.empty());
}

// --- What walks and graphs must agree on --------------------------------------------------------

// The first walk that is asked of the past does not know it. What it does then counts for nothing.
TEST(Walks, ReachNothingThatIsNotThere) {
    const auto p = over<cells>()
                       .threads(2,
                                [](cells& s, unsigned t) {
                                    s.at[0].fetch_add(1, relaxed);
                                    s.moments[t].push_back(now());
                                })
                       .finally([](cells& s) {
                           if (happens_before(s.moments[0][0], s.moments[1][0])) reach("never");
                       });
    EXPECT_TRUE(explore(p, {.strategy = strategy::exhaustive}).reached.empty());
    EXPECT_TRUE(explore(p, {.strategy = strategy::random, .walks = 100}).reached.empty());
    machine m(p, {}, {});
    random_walk s(1);
    s.restart(0);
    EXPECT_EQ(m.walk(s), execution_end::needs_graph);
    EXPECT_TRUE(m.reached().empty());
}

// An invariant is checked when its thread has done its step, whatever the step is.
TEST(Walks, CheckInvariantsWhereGraphsDo) {
    for (const bool fences : {true, false}) {
        auto p = over<cells>()
                     .thread([](cells& s) { s.at[0].store(1, relaxed); })
                     .thread([=](cells& s) {
                         (void)s.at[0].load(relaxed);
                         if (fences)
                             fence(acquire);
                         else
                             (void)choose(2);
                     })
                     .always([](const cells&) {
                         check(this_thread() != 2 || now().steps != 2, "it has done both");
                     });
        random_walk s(1);
        const comparison all = compare(p, s, 20);
        EXPECT_EQ(all.differs, "");
        EXPECT_EQ(all.found, all.walked);
    }
}

TEST(Walks, EndWhereClocksDo) {
    const auto p = over<cells>()
                       .thread([](cells& s) {
                           s.at[1].store(3, relaxed);
                           for (int i = 0; i < 33'000; ++i) const atomic<int> local(1);
                           s.seen[0].push_back(s.at[1].load(relaxed));
                       })
                       .thread([](cells& s) { s.at[0].store(1, relaxed); });
    machine m(p, {}, {});
    random_walk s(1);
    s.restart(0);
    EXPECT_EQ(m.walk(s), execution_end::step_limit);
    graph g;
    s.restart(0);
    EXPECT_EQ(m.run(g, s), execution_end::step_limit);
}

TEST(Walks, RefuseAChoiceThatNoTokenHolds) {
    const auto p = over<cells>().thread([](cells&) { (void)choose(70'000); });
    for (const strategy how : {strategy::random, strategy::exhaustive})
        EXPECT_THAT(explore(p, {.strategy = how}), breaks(finding_kind::exception));
}

// A walk that found something is run again, and a graph tells the rest.
TEST(Walks, TellWhatAGraphTells) {
    const result r = explore(yardstick::pidmap_case<0, 1, 3, 1>(), {.strategy = strategy::random});
    ASSERT_FALSE(r.findings.empty());
    EXPECT_TRUE(r.findings.front().replayed);
    EXPECT_FALSE(r.findings.front().schedule.empty());
}

}  // namespace
}  // namespace pidmap_stress::explore
