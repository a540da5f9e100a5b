// Goal: show that selectively uniform walks meet all orders of a location's accesses about equally
// often, where a fair die at each step hardly meets some.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

constexpr int many = 9;

struct counted {
    atomic<int> n;
    atomic<int> elsewhere;
    int seen = 0;
};
/// One thread counts to nine, and is busy elsewhere too. The other one looks once, somewhere
/// between. With interleavings only, what it sees is when it looked.
[[nodiscard]] auto looks_once() {
    return over<counted>()
        .thread([](counted& s) {
            for (int i = 0; i < many; ++i) {
                s.n.fetch_add(1, relaxed);
                s.elsewhere.fetch_add(1, relaxed);
            }
        })
        .thread([](counted& s) { s.seen = s.n.load(relaxed); })
        .finally([](counted& s) { tell_outcome(std::to_string(s.seen)); });
}
/// How many of 2000 walks came to the outcome that was met least.
[[nodiscard]] std::uint64_t rarest(strategy by) {
    const result seen = explore(looks_once(), {.model = model::sc, .strategy = by, .walks = 2'000});
    if (seen.outcomes.size() < many + 1) return 0;
    return std::ranges::min_element(seen.outcomes, {}, [](const auto& one) { return one.second; })
        ->second;
}

TEST(Surw, MeetsAllOrdersOfALocationsAccesses) {
    // Two hundred each, if they were met alike.
    EXPECT_GT(rarest(strategy::surw), 120U);
    EXPECT_LT(rarest(strategy::random), 40U);
}

TEST(Surw, IsARandomWalkWhereNothingIsShared) {
    const auto p = over<counted>().thread([](counted& s) { s.n.store(1, relaxed); });
    EXPECT_EQ(explore(p, {.strategy = strategy::surw, .walks = 10}).executions, 10U);
}

// A thread that has ended, or that waits, does not hold up the others; and one that is accessed
// more often than before goes on.
TEST(Surw, GoesOnWhateverThreadsDo) {
    const auto p = over<counted>()
                       .thread([](counted& s) {
                           while (s.elsewhere.load(acquire) == 0) {
                           }
                           for (int i = s.n.load(relaxed); i > 0; --i) s.n.fetch_add(1, relaxed);
                       })
                       .thread([](counted& s) {
                           s.n.fetch_add(2, relaxed);
                           s.n.fetch_add(2, relaxed);
                           s.elsewhere.store(1, release);
                       });
    const result seen = explore(p, {.strategy = strategy::surw, .walks = 500});
    EXPECT_EQ(seen.executions, 500U);
    EXPECT_TRUE(seen.ok()) << seen.summary();
    EXPECT_EQ(seen.executions,
              explore(p, {.strategy = strategy::surw, .walks = 500, .jobs = 2}).executions);
}

}  // namespace
}  // namespace pidmap_stress::explore
