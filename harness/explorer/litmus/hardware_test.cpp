// The machine itself as the engine's oracle, which no theory can fool.
//
// Random programs of two threads are run natively, and explored. An outcome that the machine shows
// and the explorer excludes is a fault of the memory model: it would make every "holds" worthless.
//
// PIDMAP_STRESS_HARDWARE_PROGRAMS=N  how many programs; without it, what the time allows
// PIDMAP_STRESS_HARDWARE_SECONDS=N   for how long, by default five seconds
// PIDMAP_STRESS_HARDWARE_SEED=N      which ones

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "harness/explorer/litmus/native_runs.hpp"
#include "harness/explorer/litmus/straight_line_explored.hpp"
#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore {
namespace {

using namespace straight_line;
using enum std::memory_order;

class HardwareTest : public testing::Test {
protected:
    void SetUp() override {
        if (usable_processors().size() < 2)
            GTEST_SKIP() << "this process has one processor, where threads do not run in parallel";
    }
};

// --- Programs -----------------------------------------------------------------------------------

/// Short programs with few cells. A store is often read back at once, as that is what a store
/// buffer allows. In half of the programs all loads are seq_cst, so that only the stores leave
/// anything open. Each store has a value of its own.
code random_code(std::uint64_t seed) {
    dice d(seed, 4713);
    constexpr std::array load_orders{relaxed, consume, acquire, seq_cst};
    constexpr std::array store_orders{relaxed, release, seq_cst};
    constexpr std::array update_orders{relaxed, acquire, release, acq_rel, seq_cst};
    constexpr std::array fence_orders{acquire, release, acq_rel, seq_cst, seq_cst};
    const auto any = [&](const auto& orders) {
        return orders[d.below(static_cast<unsigned>(orders.size()))];
    };
    const unsigned cells = d.below(4) == 0 ? 3 : 2;
    const bool strong_loads = d.below(2) == 0;
    const auto load_order = [&] { return strong_loads ? seq_cst : any(load_orders); };
    int stored = 0;
    code c(2);
    for (auto& t : c) {
        const unsigned length = 2 + d.below(3);
        while (t.size() < length) {
            const unsigned dial = d.below(20);
            const kind what = dial < 8    ? kind::load
                              : dial < 14 ? kind::store
                              : dial < 15 ? kind::exchange
                              : dial < 16 ? kind::add
                              : dial < 18 ? kind::cas
                                          : kind::fence;
            operation o{.what = what, .cell = d.below(cells), .value = ++stored};
            o.order = what == kind::load    ? load_order()
                      : what == kind::store ? any(store_orders)
                      : what == kind::fence ? any(fence_orders)
                                            : any(update_orders);
            if (what == kind::cas) {
                o.expected = static_cast<int>(d.below(4));
                o.failure = any(std::array{relaxed, acquire, seq_cst});
            }
            t.push_back(o);
            if (what == kind::store && d.below(2) == 0)
                t.push_back({.what = kind::load, .cell = o.cell, .order = load_order()});
        }
    }
    return c;
}

/// Store buffering, where each thread may read its own store back before it reads the other's.
struct buffering {
    std::memory_order store_x;
    std::memory_order store_y;
    std::memory_order load;
    bool first_reads_back;
};
code code_of(const buffering& b) {
    code c{{{.what = kind::store, .cell = 0, .value = 1, .order = b.store_x}},
           {{.what = kind::store, .cell = 1, .value = 2, .order = b.store_y},
            {.what = kind::load, .cell = 1, .order = b.load}}};
    if (b.first_reads_back) c[0].push_back({.what = kind::load, .cell = 0, .order = b.load});
    c[0].push_back({.what = kind::load, .cell = 1, .order = b.load});
    c[1].push_back({.what = kind::load, .cell = 0, .order = b.load});
    return c;
}

// --- Comparison ---------------------------------------------------------------------------------

struct comparison {
    std::uint64_t runs = 0;
    std::size_t allowed = 0;
    std::size_t seen = 0;
    std::optional<outcome> excluded{};  ///< What the machine showed, and the model excludes.
};

comparison compare(const code& c, model m, std::uint64_t runs, std::uint64_t seed) {
    const outcomes allowed = by_reduction(c, {.model = m});
    const native_outcomes native = run_natively(c, runs, seed);
    comparison all{.runs = native.runs, .allowed = allowed.size(), .seen = native.seen.size()};
    for (const outcome& o : native.seen)
        if (!allowed.contains(o)) all.excluded = o;
    return all;
}

/// Runs a program until the machine shows what the model excludes.
/// \return how many runs that took; nothing if it was never seen.
std::optional<std::uint64_t> runs_to_refute(const code& c, model m) {
    constexpr std::uint64_t at_once = 20'000;
    constexpr std::uint64_t most = 20'000'000;
    for (std::uint64_t runs = at_once; runs <= most; runs += at_once)
        if (compare(c, m, at_once, runs).excluded) return runs;
    return std::nullopt;
}

std::string text_of(const outcome& o) {
    std::string text;
    for (const int value : o) text += (text.empty() ? "" : " ") + std::to_string(value);
    return text;
}

std::optional<std::uint64_t> wanted(const char* variable) {
    const char* const text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    const std::string_view digits(text);
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    EXPECT_TRUE(error == std::errc{} && end == digits.data() + digits.size())
        << variable << "=" << text << " is not a number";
    return n;
}

// --- The machine --------------------------------------------------------------------------------

// Goal: show that this test can see. Every machine with store buffers shows store buffering; a
// machine on which it is never seen proves nothing.
TEST_F(HardwareTest, ShowsStoreBuffering) {
    const code c = code_of({relaxed, relaxed, relaxed, false});
    const auto runs = runs_to_refute(c, model::sc);
    ASSERT_TRUE(runs) << "the stores were never buffered, or the threads never met\n"
                      << straight_line::text_of(c);
    std::printf("store buffering was seen within %llu runs\n",
                static_cast<unsigned long long>(*runs));
}

// Goal: show that it notices a model that excludes too much. Where a release store and a seq_cst
// load are plain moves, the machine shows what the letter of the standard excludes; and rc11 has
// it.
TEST_F(HardwareTest, RefutesTheLetterOfTheStandard) {
#if !defined(__x86_64__) && !defined(__i386__)
    GTEST_SKIP() << "what the letter of the standard excludes is only known to be seen on x86";
#endif
    for (const buffering& b :
         {buffering{release, release, seq_cst, true}, buffering{relaxed, relaxed, seq_cst, true},
          buffering{seq_cst, relaxed, seq_cst, false},
          buffering{seq_cst, release, seq_cst, false}}) {
        const code c = code_of(b);
        const auto runs = runs_to_refute(c, model::cxx20);
        EXPECT_TRUE(runs) << "what cxx20 excludes was never seen\n" << straight_line::text_of(c);
        if (runs)
            std::printf("what cxx20 excludes was seen within %llu runs\n",
                        static_cast<unsigned long long>(*runs));
        const comparison right = compare(c, model::rc11, 100'000, 1);
        EXPECT_FALSE(right.excluded) << straight_line::text_of(c);
    }
}

TEST_F(HardwareTest, ShowsNothingThatTheModelExcludes) {
    using clock = std::chrono::steady_clock;
    const auto programs = wanted("PIDMAP_STRESS_HARDWARE_PROGRAMS");
    const std::uint64_t seed = wanted("PIDMAP_STRESS_HARDWARE_SEED").value_or(1);
    constexpr std::uint64_t runs = 10'000;
    const auto begin = clock::now();
    const auto enough =
        begin + std::chrono::seconds(wanted("PIDMAP_STRESS_HARDWARE_SECONDS").value_or(5));
    comparison all;
    std::uint64_t done = 0;
    while (programs ? done < *programs : done == 0 || clock::now() < enough) {
        const std::uint64_t number = seed * 1'000'000'007 + done++;
        const code c = random_code(number);
        ASSERT_TRUE(runs_natively(c)) << straight_line::text_of(c);
        const comparison one = compare(c, model::rc11, runs, number);
        all.runs += one.runs;
        all.allowed += one.allowed;
        all.seen += one.seen;
        ASSERT_FALSE(one.excluded) << "program " << done << " of seed " << seed << ":\n"
                                   << straight_line::text_of(c)
                                   << "reads, and cells in the end: " << text_of(*one.excluded);
    }
    ASSERT_GT(done, 0U) << "no program was run";
    const double seconds = std::chrono::duration<double>(clock::now() - begin).count();
    std::printf(
        "%llu programs, %llu runs, %zu outcomes seen of %zu that are allowed, none that is "
        "excluded; %.1f s\n",
        static_cast<unsigned long long>(done), static_cast<unsigned long long>(all.runs), all.seen,
        all.allowed, seconds);
}

}  // namespace
}  // namespace pidmap_stress::explore
