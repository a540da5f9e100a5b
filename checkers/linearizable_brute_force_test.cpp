#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/linearizable.hpp"

/// The judge against a search over all orders of all calls, which is too simple to be wrong.
namespace pidmap_stress {
namespace {

/// The specification of linearizable.hpp, word by word.
struct specification {
    std::set<pid_nr> held{};
    int references = 1;
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
                ++references;
                return true;
            case operation_kind::free:
                if (held.erase(one.pid) == 0) return false;
                break;
            case operation_kind::put:
                if (references-- == 0) return false;
                break;
            case operation_kind::disable:
                if (one.error) return closed;
                return !std::exchange(closed, true);
        }
        dead = held.empty() && references == 0;
        return true;
    }
};

/// Tries every call that no other one must precede, then every next one, and so on.
bool brute_force(const std::vector<operation>& rest, const specification& state) {
    bool done = true;
    for (const operation& one : rest) done = done && one.pending();
    if (done) return true;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        bool first = true;
        for (const operation& before : rest) first = first && before.returned >= rest[i].called;
        specification next = state;
        if (!first || !next.apply(rest[i])) continue;
        std::vector<operation> others = rest;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        if (brute_force(others, next)) return true;
    }
    return false;
}

struct random_histories {
    std::mt19937 random;
    bool with_deaths = false;
    bool with_closings = false;

    int below(int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); }

    /// A legal sequence of at most 7 calls on 2 pids, each stretched in time around its place. Half
    /// of them are then spoilt in one call.
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
        switch (below(with_deaths ? 8 : 4)) {
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

// The same with closings, which part the allocations of all pids by one instant.
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

// With both it rejects only what no order explains, too.
TEST(LinearizableBruteForceTest, NeverCriesWolfOverAClosingAndADeath) {
    random_histories histories{
        .random = std::mt19937{4}, .with_deaths = true, .with_closings = true};
    int rejected = 0;
    int missed = 0;
    for (int i = 0; i < 40'000; ++i) {
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
