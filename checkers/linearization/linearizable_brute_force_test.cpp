#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/linearization/linearizable.hpp"

/// The judge against a search over all orders of all calls, which is too simple to be wrong.
namespace pidmap_stress {
namespace {

/// Numbers from here on are not workers: each stands for the reference that an alloc without a pid
/// had in hand, which it got and put while it was under way.
constexpr unsigned first_of_nobody = 100;

/// The specification of linearizable.hpp, word by word.
struct specification {
    std::set<pid_nr> held{};
    int references = 1;
    int in_hand = 0;
    bool dead = false;
    bool closed = false;

    /// Applies the call, or returns false if it is not legal here.
    bool apply(const operation& one) {
        switch (one.kind) {
            case operation_kind::alloc:
                if (one.error)
                    return *one.error == alloc_error::namespace_dead ? dead || closed : !closed;
                return !dead && !closed && held.insert(one.pid).second;
            case operation_kind::get:
                if (one.error) return dead;
                if (dead) return false;
                ++(one.worker >= first_of_nobody ? in_hand : references);
                return true;
            case operation_kind::free:
                if (held.erase(one.pid) == 0) return false;
                break;
            case operation_kind::put:
                if ((one.worker >= first_of_nobody ? in_hand : references)-- == 0) return false;
                break;
            case operation_kind::disable:
                if (one.error) return closed;
                return !std::exchange(closed, true);
        }
        dead = held.empty() && references == 0 && in_hand == 0;
        return true;
    }
};

[[nodiscard]] bool must_precede(const operation& a, const operation& b) {
    if (a.worker >= first_of_nobody && a.worker == b.worker)
        return a.kind == operation_kind::get && b.kind == operation_kind::put;
    return a.returned < b.called;
}

/// Tries every call that no other one must precede, then every next one, and so on.
bool any_order(const std::vector<operation>& rest, const specification& state) {
    bool done = true;
    for (const operation& one : rest) done = done && one.pending();
    if (done) return true;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        bool first = true;
        for (const operation& before : rest) first = first && !must_precede(before, rest[i]);
        specification next = state;
        if (!first || !next.apply(rest[i])) continue;
        std::vector<operation> others = rest;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        if (any_order(others, next)) return true;
    }
    return false;
}

/// The same, where each alloc that got no pid may have held the namespace, or not.
bool brute_force(const std::vector<operation>& history, const specification& state) {
    std::vector<operation> in_vain;
    for (const operation& one : history)
        if (one.kind == operation_kind::alloc && one.error) in_vain.push_back(one);
    for (unsigned holders = 0; holders < 1U << in_vain.size(); ++holders) {
        std::vector<operation> all = history;
        for (unsigned i = 0; i < in_vain.size(); ++i) {
            if ((holders >> i & 1U) == 0) continue;
            for (const operation_kind half : {operation_kind::get, operation_kind::put})
                all.push_back({.kind = half,
                               .worker = first_of_nobody + i,
                               .called = in_vain[i].called,
                               .returned = in_vain[i].returned});
        }
        if (any_order(all, state)) return true;
    }
    return false;
}

struct random_histories {
    std::mt19937 random;
    bool with_deaths = false;
    bool with_closings = false;

    int below(int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); }

    /// A legal sequence of at most 7 calls on 2 pids, each stretched in time around its place. In
    /// half of them, one call is then spoilt.
    std::vector<operation> next() {
        specification state;
        std::vector<operation> history;
        const int size = 2 + below(6);
        for (int place = 0; static_cast<int>(history.size()) < size && place < 40; ++place) {
            operation one = any_call();
            const auto now = 100 + 10 * static_cast<ticks>(place);
            one.called = now - static_cast<ticks>(below(25));
            one.returned = below(8) == 0 ? never : now + static_cast<ticks>(below(25));
            if (one.error && one.pending()) continue;
            specification after = state;
            if (!after.apply(one)) continue;
            state = after;
            history.push_back(one);
        }
        if (below(2) == 0)
            spoil(history[static_cast<std::size_t>(below(static_cast<int>(history.size())))]);
        return history;
    }

    operation any_call() {
        operation one{.pid = 1 + below(2)};
        if (with_closings && below(3) == 0) return about_closing();
        switch (below(with_deaths ? 9 : 4)) {
            case 0:
            case 1:
                one.kind = operation_kind::free;
                break;
            case 4:
            case 5:
                one = {.kind = operation_kind::put};
                break;
            case 6:
                one = {.kind = operation_kind::get};
                break;
            case 7:
                one = {.error = alloc_error::namespace_dead};
                break;
            case 8:
                one = {.error = alloc_error::no_memory};
                break;
            default:
                break;
        }
        return one;
    }

    operation about_closing() {
        switch (below(6)) {
            case 0:
            case 1:
                return {.kind = operation_kind::disable};
            case 2:
                return {.kind = operation_kind::disable, .error = alloc_error::namespace_dead};
            case 3:
                return {.error = alloc_error::no_memory};
            default:
                return {.error = alloc_error::namespace_dead};
        }
    }

    void spoil(operation& one) {
        const operation was = one;
        if (below(2) == 0) {
            one = any_call();
            one.called = was.called;
            one.returned = one.error && was.pending() ? was.called + 10 : was.returned;
        } else {
            const auto by = static_cast<ticks>(below(40));
            one.called += by;
            if (!one.pending()) one.returned += by;
        }
    }
};

std::string text(const std::vector<operation>& history) {
    std::string lines;
    for (const operation& one : history) lines += "\n    " + to_string(one);
    return lines;
}

// Without a death the judge agrees with all orders tried, both ways, on thousands of histories.
TEST(LinearizableBruteForceTest, AgreesOnPids) {
    random_histories histories{.random = std::mt19937{1}};
    int good = 0;
    int bad = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::vector<operation> history = histories.next();
        const bool truth = brute_force(history, {});
        ASSERT_EQ(judge_linearizable(history, {}).findings.empty(), truth)
            << "history " << i << text(history);
        ++(truth ? good : bad);
    }
    EXPECT_GT(good, 2'000);
    EXPECT_GT(bad, 2'000);
}

// The same with closings, which separate the allocations of all pids by one instant.
TEST(LinearizableBruteForceTest, AgreesOnClosings) {
    random_histories histories{.random = std::mt19937{3}, .with_closings = true};
    int good = 0;
    int bad = 0;
    for (int i = 0; i < 40'000; ++i) {
        const std::vector<operation> history = histories.next();
        const bool truth = brute_force(history, {});
        const bool accepted = judge_linearizable(history, {}).findings.empty();
        const bool exact = std::ranges::none_of(history, [](const operation& one) {
            return one.kind == operation_kind::alloc && one.pending();
        });
        ASSERT_TRUE(accepted == truth || (accepted && !exact))
            << "history " << i << ", " << (truth ? "good" : "bad") << text(history);
        ++(truth ? good : bad);
    }
    EXPECT_GT(good, 2'000);
    EXPECT_GT(bad, 2'000);
}

// With both, it still rejects only what no order explains.
TEST(LinearizableBruteForceTest, NeverCriesWolfOverAClosingAndADeath) {
    random_histories histories{
        .random = std::mt19937{4}, .with_deaths = true, .with_closings = true};
    int rejected = 0;
    int missed = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::vector<operation> history = histories.next();
        const bool truth = brute_force(history, {});
        const bool accepted = judge_linearizable(history, {}).findings.empty();
        ASSERT_TRUE(accepted || !truth) << "history " << i << text(history);
        rejected += accepted ? 0 : 1;
        missed += accepted && !truth ? 1 : 0;
    }
    EXPECT_GT(rejected, 2'000);
    EXPECT_LT(missed, rejected / 50);
}

// With deaths the judge rejects only what no order explains, and misses little of it.
TEST(LinearizableBruteForceTest, NeverCriesWolfOverADeath) {
    random_histories histories{.random = std::mt19937{2}, .with_deaths = true};
    int good = 0;
    int rejected = 0;
    int missed = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::vector<operation> history = histories.next();
        const bool truth = brute_force(history, {});
        const bool accepted = judge_linearizable(history, {}).findings.empty();
        ASSERT_TRUE(accepted || !truth) << "history " << i << text(history);
        good += truth ? 1 : 0;
        rejected += accepted ? 0 : 1;
        missed += accepted && !truth ? 1 : 0;
    }
    EXPECT_GT(good, 2'000);
    EXPECT_GT(rejected, 2'000);
    EXPECT_LT(missed, rejected / 100);
}

}  // namespace
}  // namespace pidmap_stress
