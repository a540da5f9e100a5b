// The engine against the axioms themselves.
//
// Random straight-line programs are explored, and all candidate executions of theirs are judged by
// the text of the standard. Both must allow as many, and each outcome as often.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "harness/explore/axioms.hpp"
#include "harness/explore/explored.hpp"
#include "harness/explore/gtest.hpp"
#include "harness/explore/search.hpp"
#include "harness/explore/strategies.hpp"

namespace pidmap_stress::explore {
namespace {

using namespace axiomatic;

// --- The engine ---------------------------------------------------------------------------------

struct cells {
    std::array<atomic<int>, max_cells> at;
    std::array<std::vector<int>, 5> read;
};

int perform(cells& s, const operation& o) {
    atomic<int>& cell = s.at[o.cell];
    int expected = o.expected;
    switch (o.what) {
        case kind::load:
            return cell.load(o.order);
        case kind::store:
            cell.store(o.value, o.order);
            return 0;
        case kind::add:
            return cell.fetch_add(o.value, o.order);
        case kind::exchange:
            return cell.exchange(o.value, o.order);
        case kind::cas:
            cell.compare_exchange_strong(expected, o.value, o.order, o.failure);
            return expected;
        case kind::weak_cas:
            return cell.compare_exchange_weak(expected, o.value, o.order, o.failure)
                       ? expected
                       : expected + 100;
        case kind::fence:
            fence(o.order);
            return 0;
    }
    return 0;
}

program_over<cells> program_of(const code& c, outcomes& all) {
    auto p = over<cells>();
    for (std::size_t t = 0; t < c.size(); ++t)
        p.thread([&c, t](cells& s) {
            for (const operation& o : c[t]) s.read[t].push_back(perform(s, o));
        });
    return p.finally([&](cells& s) {
        outcome o;
        for (std::size_t t = 0; t < c.size(); ++t)
            o.insert(o.end(), s.read[t].begin(), s.read[t].end());
        for (const auto& cell : s.at) o.push_back(cell.peek());
        ++all[o];
    });
}

outcomes by_reduction(const code& c, const options& how) {
    constexpr std::uint64_t most = 100'000;  // A faulty engine may never end.
    outcomes all;
    const auto p = program_of(c, all);
    worker w(p, how);  // Not explore(), which looks at a few executions more.
    trust search(rules_of(how));
    do w.run(search);
    while (w.so_far().runs() < most && search.advance());
    return all;
}

outcomes by_walks(const code& c, const options& how, std::uint64_t n) {
    outcomes all;
    const auto p = program_of(c, all);
    worker w(p, how);
    random_walk walk(1);
    for (std::uint64_t i = 0; i < n; ++i) {
        walk.restart(i);
        w.sample(walk);
    }
    return all;
}

// --- Comparison ---------------------------------------------------------------------------------

/// What a random program is made of.
struct mixture {
    unsigned threads;
    unsigned longest;
    unsigned cells;
    unsigned fences;  ///< Of 20 operations.
    unsigned strong;  ///< Of 10 operations, those that are sequentially consistent.
};

code random_code(std::uint64_t seed, const mixture& m) {
    dice d(seed, 4711);
    constexpr std::array any{relaxed, acquire, release, acq_rel};
    code c(m.threads);
    for (auto& t : c) {
        const unsigned length = 1 + d.below(m.longest);
        for (unsigned i = 0; i < length; ++i) {
            const unsigned dial = d.below(20);
            operation o{.what = dial < m.fences        ? kind::fence
                                : dial < m.fences + 5  ? kind::load
                                : dial < m.fences + 9  ? kind::store
                                : dial < m.fences + 11 ? kind::add
                                : dial < m.fences + 12 ? kind::exchange
                                : dial < m.fences + 14 ? kind::cas
                                : dial < m.fences + 15 ? kind::weak_cas
                                : dial % 2 == 0        ? kind::load
                                                       : kind::store,
                        .cell = d.below(m.cells),
                        .value = 1 + static_cast<int>(d.below(2)),
                        .expected = static_cast<int>(d.below(2))};
            o.order = d.below(10) < m.strong ? seq_cst : any[d.below(any.size())];
            const bool acquires = is_acquire(o.order);
            if (o.what == kind::load && o.order != seq_cst) o.order = acquires ? acquire : relaxed;
            if (o.what == kind::store && o.order != seq_cst)
                o.order = is_release(o.order) ? release : relaxed;
            if (o.what == kind::fence && o.order == relaxed) o.order = acq_rel;
            o.failure = d.below(3) == 0 ? seq_cst : d.below(2) == 0 ? acquire : relaxed;
            t.push_back(o);
        }
    }
    return c;
}

std::string text_of(const code& c) {
    constexpr std::array names{"load", "store", "add", "exchange", "cas", "weak_cas", "fence"};
    constexpr std::array orders{"relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"};
    std::string text;
    for (const auto& t : c) {
        for (const operation& o : t)
            text += std::string(names[static_cast<unsigned>(o.what)]) + "(" +
                    std::string(1, static_cast<char>('x' + o.cell)) + ", " +
                    std::to_string(o.value) + ", " + std::to_string(o.expected) + ", " +
                    orders[static_cast<unsigned>(o.order)] + ", " +
                    orders[static_cast<unsigned>(o.failure)] + "); ";
        text += "\n";
    }
    return text;
}

unsigned executions_in(const outcomes& all) {
    return std::accumulate(all.begin(), all.end(), 0U,
                           [](unsigned sum, const auto& o) { return sum + o.second; });
}

std::string judge(const code& c, const outcomes& axioms, const options& how) {
    const outcomes all = by_reduction(c, how);
    if (all != axioms)
        return std::to_string(executions_in(axioms)) + " executions by the axioms, " +
               std::to_string(executions_in(all)) + " by the engine";
    for (const auto& [o, times] : by_walks(c, how, 20))
        if (!axioms.contains(o)) return "a walk that the axioms forbid";
    return {};
}

/// \return how many programs were small enough.
unsigned compare(const mixture& m, std::uint64_t programs, const options& how) {
    unsigned compared = 0;
    for (std::uint64_t seed = 1; seed <= programs; ++seed) {
        const code c = random_code(seed, m);
        if (!candidate::is_small(c)) continue;
        const auto axioms = candidate(c, how).executions();
        if (!axioms) continue;
        ++compared;
        const std::string wrong = judge(c, *axioms, how);
        EXPECT_EQ(wrong, "") << "seed " << seed << "\n" << text_of(c);
        if (!wrong.empty()) break;
    }
    return compared;
}

struct setting {
    const char* name;
    mixture of;
    std::uint64_t programs;
    options how;
    friend void PrintTo(const setting& s, std::ostream* out) { *out << s.name; }
};
class AxiomsTest : public testing::TestWithParam<setting> {};

TEST_P(AxiomsTest, AllowWhatTheEngineFinds) {
    const setting& s = GetParam();
    EXPECT_GT(compare(s.of, s.programs, s.how), s.programs / 3);
}

const setting settings[] = {
    {"TwoThreads", {2, 4, 2, 2, 2}, 400, {}},
    {"ThreeThreads", {3, 3, 2, 1, 2}, 400, {}},
    {"FourThreads", {4, 2, 2, 1, 3}, 400, {}},
    {"ThreeCells", {3, 3, 3, 1, 3}, 400, {}},
    {"ManyFences", {3, 4, 2, 9, 6}, 400, {}},
    {"StrongOnes", {3, 3, 2, 2, 8}, 400, {}},
    {"Mixed", {4, 3, 3, 6, 5}, 400, {}},
    {"FailuresAsSuccesses", {3, 3, 2, 1, 3}, 300, {.on_failure = cas_failure_order::as_success}},
    {"SpuriousFailures", {2, 4, 2, 1, 3}, 300, {.limits = {.spurious_failures = 1}}},
    {"Interleavings", {3, 3, 2, 1, 2}, 400, {.model = model::sc}},
};
INSTANTIATE_TEST_SUITE_P(RandomPrograms, AxiomsTest, testing::ValuesIn(settings),
                         [](const auto& one) { return one.param.name; });

class UnlikeTheAxiomsTest : public testing::TestWithParam<int> {};

TEST_P(UnlikeTheAxiomsTest, IsAFaultOfTheEngine) {
    options faulty{.limits = {.spurious_failures = 1}};
    const options honest = faulty;
    faulty.fault = static_cast<planted_fault>(GetParam());
    for (const mixture& m : {mixture{3, 3, 2, 1, 2}, mixture{3, 3, 2, 2, 8}})
        for (std::uint64_t seed = 1; seed <= 400; ++seed) {
            const code c = random_code(seed, m);
            if (!candidate::is_small(c)) continue;
            const auto axioms = candidate(c, honest).executions();
            if (axioms && !judge(c, *axioms, faulty).empty()) return;
        }
    FAIL() << "fault " << GetParam() << " went unnoticed";
}
INSTANTIATE_TEST_SUITE_P(EachRule, UnlikeTheAxiomsTest, testing::Range(1, first_state_fault));

}  // namespace
}  // namespace pidmap_stress::explore
