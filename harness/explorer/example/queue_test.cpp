#include "queue.hpp"

#include <gtest/gtest.h>

#include "pidmap_stress/explorer_gtest.hpp"

namespace {

using namespace pidmap_stress::explore;
template <class T>
using cell = atomic<T>;

struct state {
    explicit state(std::memory_order publish) : queue(publish) {}
    bounded_queue<cell, plain<int>> queue;
};

/// One thread pushes 1, 2 and 3, as far as there is room; the other one pops what it gets.
auto pushes_and_pops(std::memory_order publish) {
    return program_over<state>([=](void* where) { return new (where) state(publish); })
        .thread([](state& s) {
            for (int value = 1; value <= 3; ++value)
                if (!s.queue.push(value)) return;
        })
        .thread([](state& s) {
            for (int expected = 1; expected <= 3; ++expected) {
                const auto value = s.queue.pop();
                if (!value) return;
                check(*value == expected, "values come in their order");
            }
        });
}

TEST(Queue, Holds) {
    EXPECT_THAT(explore(pushes_and_pops(std::memory_order_release)), holds_completely());
}

// The bug: without release, the consumer may see the new tail before the value.
TEST(Queue, NeedsRelease) {
    EXPECT_THAT(explore(pushes_and_pops(std::memory_order_relaxed)),
                breaks(finding_kind::data_race));
}

}  // namespace
