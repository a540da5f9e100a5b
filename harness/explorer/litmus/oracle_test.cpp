// The engine's own oracle: small random programs, explored in two independent ways.
//
// The exhaustive search must meet exactly the executions that a plain depth-first search over all
// schedules meets, none of them twice, and equally many in every order of the threads. The oracle
// itself must see, too: each fault that is planted in a rule of the algorithm has to show.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore {
namespace {

enum class kind : std::uint8_t { load, store, add, swap, cas, weak_cas, fence, choose };

struct operation {
    kind what;
    unsigned cell;
    int value;
    int expected;
    std::memory_order order;
};
using thread_code = std::vector<operation>;
using code = std::vector<thread_code>;

struct cells {
    std::array<atomic<int>, 3> at;
};

void perform_one(cells& s, const operation& o) {
    using enum std::memory_order;
    atomic<int>& cell = s.at[o.cell];
    const bool acquires = is_acquire(o.order);
    const bool strong = o.order == seq_cst;
    int expected = o.expected;
    switch (o.what) {
        case kind::load:
            (void)cell.load(strong ? seq_cst : acquires ? acquire : relaxed);
            break;
        case kind::store:
            cell.store(o.value, strong ? seq_cst : is_release(o.order) ? release : relaxed);
            break;
        case kind::add:
            cell.fetch_add(o.value, o.order);
            break;
        case kind::swap:
            cell.exchange(o.value, o.order);
            break;
        case kind::cas:
            cell.compare_exchange_strong(expected, o.value, o.order, relaxed);
            break;
        case kind::weak_cas:
            cell.compare_exchange_weak(expected, o.value, o.order, relaxed);
            break;
        case kind::fence:
            fence(o.order);
            break;
        case kind::choose:
            cell.store(static_cast<int>(choose(2)), relaxed);
            break;
    }
}

code random_code(std::uint64_t seed) {
    dice d(seed, 77);
    using enum std::memory_order;
    constexpr std::array orders{relaxed, acquire, release, acq_rel, seq_cst, relaxed};
    const bool all_strong = d.below(4) == 0;
    code c(2 + d.below(2));
    for (thread_code& t : c) {
        const unsigned length = 1 + d.below(c.size() == 2 ? 4 : 3);
        for (unsigned i = 0; i < length; ++i) {
            const unsigned dial = d.below(20);
            const kind what = dial < 6    ? kind::load
                              : dial < 11 ? kind::store
                              : dial < 13 ? kind::add
                              : dial < 14 ? kind::swap
                              : dial < 17 ? kind::cas
                              : dial < 18 ? kind::weak_cas
                              : dial < 19 ? kind::fence
                                          : kind::choose;
            t.push_back({.what = what,
                         .cell = d.below(2),
                         .value = 1 + static_cast<int>(d.below(2)),
                         .expected = static_cast<int>(d.below(2)),
                         .order = all_strong ? seq_cst : orders[d.below(orders.size())]});
        }
    }
    return c;
}

program_over<cells> program_of(const code& c) {
    auto p = over<cells>();
    for (const thread_code& t : c)
        p.thread([t](cells& s) {
            for (const operation& o : t) perform_one(s, o);
        });
    return p;
}

/// Programs whose executions the order of sequentially consistent operations decides.
code strong_code(std::uint64_t seed) {
    dice d(seed, 78);
    using enum std::memory_order;
    constexpr std::array orders{relaxed, acquire, release, acq_rel, seq_cst, seq_cst};
    constexpr std::array kinds{kind::load, kind::load, kind::store, kind::store,
                               kind::load, kind::add,  kind::fence, kind::cas};
    code c(3);
    const unsigned cells = 2 + d.below(2);
    const bool fenced = d.below(2) == 0;
    for (thread_code& t : c) {
        const unsigned length = 1 + d.below(3);
        for (unsigned i = 0; i < length; ++i)
            t.push_back({.what = fenced && i == 1 ? kind::fence : kinds[d.below(kinds.size())],
                         .cell = d.below(cells),
                         .value = 1 + static_cast<int>(d.below(2)),
                         .expected = static_cast<int>(d.below(2)),
                         .order = orders[d.below(orders.size())]});
    }
    return c;
}

std::vector<std::uint64_t> sorted(std::vector<std::uint64_t> v) {
    std::ranges::sort(v);
    return v;
}

std::vector<std::uint64_t> all_by_reduction(const program& p, const options& how) {
    constexpr std::uint64_t most = 100'000;  // A faulty engine may never end.
    exploration w(p, how);
    trust search(rules_of(how));
    do w.run(search);
    while (w.so_far().runs() < most && search.advance());
    return sorted(w.take_seen());
}

/// \return nothing if there are too many schedules.
std::optional<std::vector<std::uint64_t>> all_by_schedules(const program& p, const options& how) {
    constexpr int most = 30'000;
    exploration w(p, how);
    bounded search(1000);
    for (int i = 0; i < most; ++i) {
        search.restart();
        w.sample(search);
        if (search.advance()) continue;
        std::vector<std::uint64_t> seen = sorted(w.take_seen());
        seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
        return seen;
    }
    return std::nullopt;
}

std::string judge(const code& c, model m, planted_fault fault) {
    const options honest{.model = m, .limits = {.spurious_failures = 1}, .count_redundant = true};
    options how = honest;
    how.fault = fault;
    const auto p = program_of(c);
    const std::vector<std::uint64_t> reduced = all_by_reduction(p, how);
    if (std::ranges::adjacent_find(reduced) != reduced.end()) return "an execution is met twice";
    if (const auto plain = all_by_schedules(p, honest)) {
        if (!std::ranges::includes(reduced, *plain)) return "an execution is missing";
        if (!std::ranges::includes(*plain, reduced)) return "what it met is not an execution";
    } else {
        exploration w(p, honest);
        random_walk walk(1);
        for (std::uint64_t i = 0; i < 2'000; ++i) {
            walk.restart(i);
            w.sample(walk);
        }
        std::vector<std::uint64_t> seen = sorted(w.take_seen());
        seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
        if (!std::ranges::includes(reduced, seen)) return "an execution of a walk is missing";
    }
    std::vector<std::size_t> order(c.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    while (std::next_permutation(order.begin(), order.end())) {
        code permuted;
        for (const std::size_t i : order) permuted.push_back(c[i]);
        if (all_by_reduction(program_of(permuted), how).size() != reduced.size())
            return "another order of the threads has another number of executions";
    }
    return {};
}

TEST(Oracle, AgreesWithPlainSearchOnRandomPrograms) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed)
        for (const model m : {model::rc11, model::sc})
            ASSERT_EQ(judge(random_code(seed), m, planted_fault::none), "")
                << "seed " << seed << ' ' << to_string(m);
}

TEST(Oracle, AgreesWithPlainSearchOnTheOrderOfStrongOperations) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed)
        for (const model m : {model::rc11, model::cxx20})
            ASSERT_EQ(judge(strong_code(seed), m, planted_fault::none), "")
                << "seed " << seed << ' ' << to_string(m);
}

/// What an invariant sees, at all instants together. It looks at the second cell only if the first
/// one has a value, as a short circuit would.
using sights = std::set<std::pair<int, int>>;

program_over<cells> watched(const code& c, sights& seen) {
    auto p = program_of(c);
    p.always([&seen](const cells& s) {
        const int first = s.at[0].peek();
        seen.insert({first, first == 0 ? -1 : s.at[1].peek()});
    });
    return p;
}

TEST(Oracle, InstantsAreThoseThatInterleavingsPassThrough) {
    int compared = 0;
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        code c = random_code(seed);
        for (const model m : {model::sc, model::rc11}) {
            // Stores have no place in time there.
            if (m == model::rc11)
                for (thread_code& t : c)
                    std::erase_if(t, [](const operation& o) {
                        return o.what == kind::store || o.what == kind::choose;
                    });
            const options how{.model = m, .limits = {.spurious_failures = 1}};
            sights stepped;
            if (!all_by_schedules(watched(c, stepped), how)) continue;
            sights met;
            (void)all_by_reduction(watched(c, met), how);
            ASSERT_EQ(met, stepped) << "seed " << seed << ' ' << to_string(m);
            ++compared;
        }
    }
    EXPECT_GT(compared, 500);
}

TEST(Oracle, InstantsAreMetWhoeverGoesOnWithTheSearch) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const code c = random_code(seed);
        const options how{.model = model::sc};
        sights all;
        (void)all_by_reduction(watched(c, all), how);
        // Each machine only runs once.
        sights met;
        const auto p = watched(c, met);
        trust search(rules_of(how));
        do exploration(p, how).run(search);
        while (search.advance());
        ASSERT_EQ(met, all) << "seed " << seed;
    }
}

/// Breaks when it sees a certain value.
program_over<cells> breaking_at(const code& c, std::pair<int, int> sight) {
    auto p = program_of(c);
    p.always([sight](const cells& s) {
        const int first = s.at[0].peek();
        check(sight != std::pair{first, first == 0 ? -1 : s.at[1].peek()}, "there it is");
    });
    return p;
}

TEST(Oracle, AnInvariantThatBreaksAtAnyInstantIsFound) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const code c = random_code(seed);
        sights met;
        (void)all_by_reduction(watched(c, met), {.model = model::sc});
        for (const auto& sight : met)
            for (const bool cut : {false, true}) {
                const options how{.model = model::sc, .budget = cut ? 100'000U : 0U};
                const result r = explore(breaking_at(c, sight), how);
                ASSERT_EQ(r.findings.size(), 1U) << "seed " << seed << ": " << r.summary();
                ASSERT_TRUE(r.findings[0].replayed) << "seed " << seed;
            }
        const result never = explore(breaking_at(c, {7, 7}), {.model = model::sc});
        ASSERT_TRUE(never.findings.empty()) << "seed " << seed << ": " << never.summary();
    }
}

class PlantedFaultTest : public testing::TestWithParam<int> {};

TEST_P(PlantedFaultTest, IsNoticed) {
    const auto fault = static_cast<planted_fault>(GetParam());
    for (std::uint64_t seed = 1; seed <= 400; ++seed)
        if (!judge(random_code(seed), model::rc11, fault).empty()) return;
    FAIL() << "fault " << GetParam() << " went unnoticed";
}
INSTANTIATE_TEST_SUITE_P(EachRule, PlantedFaultTest, testing::Range(1, first_axiom_fault));

}  // namespace
}  // namespace pidmap_stress::explore
