// The engine against the axioms themselves.
//
// Random straight-line programs are explored, and all their candidate executions are judged by the
// text of the standard. Both must allow the same number of executions, and each outcome equally
// often.

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

#include "harness/explorer/litmus/axioms.hpp"
#include "harness/explorer/litmus/straight_line_explored.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"
#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore {
namespace {

using namespace axiomatic;

// --- The engine ---------------------------------------------------------------------------------

outcomes by_walks(const code& c, const options& how, std::uint64_t n) {
    outcomes all;
    const auto p = program_of(c, all);
    exploration w(p, how);
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

/// Threads as litmus tests have them: an access or two, and maybe a fence between them. Most often
/// a single rule decides whether such a program may show an outcome.
code litmus_code(std::uint64_t seed) {
    dice d(seed, 4712);
    // The cells of each thread. In a ring, each thread starts where the previous one ended; in a
    // triangle, the last one takes the first one's cells in reverse.
    using way = std::pair<unsigned, unsigned>;
    constexpr std::array ring{way{0, 1}, way{1, 2}, way{2, 0}, way{0, 1}};
    constexpr std::array triangle{way{0, 1}, way{1, 1}, way{1, 0}, way{0, 0}};
    const unsigned shape = d.below(3);
    const unsigned fences = d.below(4);
    code c(3 + d.below(2));
    for (unsigned t = 0; t < c.size(); ++t) {
        const auto access = [&](unsigned cell) {
            const unsigned dial = d.below(8);
            operation o{.what = dial == 0       ? kind::add
                                : dial % 2 == 0 ? kind::store
                                                : kind::load,
                        .cell = shape == 0 ? d.below(3) : cell,
                        .value = 1};
            const bool weak = d.below(4) == 0;
            o.order = d.below(2) == 0         ? seq_cst
                      : weak                  ? relaxed
                      : o.what == kind::load  ? acquire
                      : o.what == kind::store ? release
                                              : acq_rel;
            c[t].push_back(o);
        };
        const auto [from, to] = shape == 1 ? ring[t] : triangle[t];
        access(from);
        if (from == to && d.below(2) == 0) continue;
        if (d.below(3) < fences) c[t].push_back({.what = kind::fence, .order = seq_cst});
        access(to);
    }
    return c;
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

using source = std::function<code(std::uint64_t)>;

source made_of(const mixture& m) {
    return [m](std::uint64_t seed) { return random_code(seed, m); };
}

/// \return how many programs were small enough.
unsigned compare(const source& next, std::uint64_t programs, const options& how) {
    unsigned compared = 0;
    for (std::uint64_t seed = 1; seed <= programs; ++seed) {
        const code c = next(seed);
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
    source of;
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
    {"TwoThreads", made_of({2, 4, 2, 2, 2}), 400, {}},
    {"ThreeThreads", made_of({3, 3, 2, 1, 2}), 400, {}},
    {"FourThreads", made_of({4, 2, 2, 1, 3}), 400, {}},
    {"ThreeCells", made_of({3, 3, 3, 1, 3}), 400, {}},
    {"ManyFences", made_of({3, 4, 2, 9, 6}), 400, {}},
    {"StrongOnes", made_of({3, 3, 2, 2, 8}), 400, {}},
    {"Mixed", made_of({4, 3, 3, 6, 5}), 400, {}},
    {"FailuresAsSuccesses",
     made_of({3, 3, 2, 1, 3}),
     300,
     {.on_failure = cas_failure_order::as_success}},
    {"SpuriousFailures", made_of({2, 4, 2, 1, 3}), 300, {.limits = {.spurious_failures = 1}}},
    {"ByTheLetter", made_of({3, 3, 2, 2, 8}), 400, {.model = model::cxx20}},
    {"ByTheLetterManyFences", made_of({3, 4, 2, 9, 6}), 400, {.model = model::cxx20}},
    {"ByTheLetterMixed", made_of({4, 3, 3, 6, 5}), 400, {.model = model::cxx20}},
    {"Litmus", litmus_code, 2'000, {}},
    {"ByTheLetterLitmus", litmus_code, 2'000, {.model = model::cxx20}},
    {"Interleavings", made_of({3, 3, 2, 1, 2}), 400, {.model = model::sc}},
};
INSTANTIATE_TEST_SUITE_P(RandomPrograms, AxiomsTest, testing::ValuesIn(settings),
                         [](const auto& one) { return one.param.name; });

// Each model allows all that the next one allows, and some programs distinguish them.
TEST(Axioms, EachModelIsWeakerThanTheNext) {
    unsigned weaker_than_letter = 0;
    unsigned weaker_than_interleavings = 0;
    for (const source& next : {source(litmus_code), made_of({3, 3, 2, 2, 8}),
                               made_of({3, 4, 2, 9, 6}), made_of({2, 4, 2, 2, 5})})
        for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
            const code c = next(seed);
            const outcomes rc11 = by_reduction(c, {.model = model::rc11});
            const outcomes cxx20 = by_reduction(c, {.model = model::cxx20});
            const outcomes sc = by_reduction(c, {.model = model::sc});
            const auto within = [](const outcomes& some, const outcomes& all) {
                return std::ranges::all_of(some, [&](const auto& o) {
                    const auto at = all.find(o.first);
                    return at != all.end() && o.second <= at->second;
                });
            };
            ASSERT_TRUE(within(cxx20, rc11)) << "seed " << seed << "\n" << text_of(c);
            ASSERT_TRUE(within(sc, cxx20)) << "seed " << seed << "\n" << text_of(c);
            if (cxx20 != rc11) ++weaker_than_letter;
            if (sc != cxx20) ++weaker_than_interleavings;
        }
    EXPECT_GT(weaker_than_letter, 10U);
    EXPECT_GT(weaker_than_interleavings, 100U);
}

class UnlikeTheAxiomsTest : public testing::TestWithParam<int> {};

TEST_P(UnlikeTheAxiomsTest, IsAFaultOfTheEngine) {
    options faulty{.limits = {.spurious_failures = 1}};
    const options honest = faulty;
    faulty.fault = static_cast<planted_fault>(GetParam());
    for (const source& next :
         {made_of({3, 3, 2, 1, 2}), made_of({3, 3, 2, 2, 8}), source(litmus_code)})
        for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
            const code c = next(seed);
            if (!candidate::is_small(c)) continue;
            const auto axioms = candidate(c, honest).executions();
            if (axioms && !judge(c, *axioms, faulty).empty()) return;
        }
    FAIL() << "fault " << GetParam() << " went unnoticed";
}
INSTANTIATE_TEST_SUITE_P(EachRule, UnlikeTheAxiomsTest, testing::Range(1, first_state_fault));

}  // namespace
}  // namespace pidmap_stress::explore
