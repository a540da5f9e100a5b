// Goal: show that the less usual words of std mean under the explorer what they mean there:
// fetch_max and fetch_min, values of 16 bytes, atomic_ref, variables that each thread has of its
// own, spurious wake-ups.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "harness/explorer/native/run_natively.hpp"
#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

// --- fetch_max, fetch_min -----------------------------------------------------------------------

template <class World>
struct extremes {
    typename World::template atomic<int> i{-5};
    typename World::template atomic<std::int8_t> small{-1};
    typename World::template atomic<std::uint8_t> byte{200};
    typename World::template atomic<double> d{0.5};
};
template <class World>
[[nodiscard]] auto largest_and_smallest() {
    return over<extremes<World>>().thread([](extremes<World>& s) {
        check(s.i.fetch_max(-7) == -5 && s.i.fetch_max(3) == -5 && s.i.load() == 3, "max of int");
        check(s.i.fetch_min(4) == 3 && s.i.fetch_min(-9) == 3 && s.i.load() == -9, "min of int");
        check(s.small.fetch_max(1) == -1 && s.small.fetch_min(-128) == 1 && s.small == -128,
              "of a small signed one");
        check(s.byte.fetch_max(7) == 200 && s.byte.fetch_min(7) == 200 && s.byte == 7,
              "of an unsigned one");
        check(s.d.fetch_max(-1.0) == 0.5 && s.d.fetch_min(-1.0) == 0.5 && s.d == -1.0, "of double");
    });
}
TEST(Vocabulary, HasTheLargestAndTheSmallest) {
    EXPECT_THAT(explore(largest_and_smallest<explored_world>()), has_executions(1));
    EXPECT_TRUE(run_natively(largest_and_smallest<native_world>(), {.runs = 3}).ok());
}

// It is a read-modify-write, even where the value stays: so each comes after the other.
TEST(Vocabulary, TheLargestIsAReadModifyWrite) {
    const auto p = over<extremes<explored_world>>()
                       .threads(2, [](auto& s, unsigned t) { s.i.fetch_max(int(t), relaxed); })
                       .finally([](auto& s) { check(s.i.load() == 1); });
    EXPECT_THAT(explore(p), has_executions(2));
    const auto same = over<extremes<explored_world>>().threads(
        2, [](auto& s, unsigned) { s.i.fetch_max(std::numeric_limits<int>::min()); });
    EXPECT_THAT(explore(same), has_executions(2));
}

// --- 16 bytes -----------------------------------------------------------------------------------

struct tagged {
    const void* pointer = nullptr;
    std::uint64_t tag = 0;
    friend bool operator==(const tagged&, const tagged&) = default;
};
struct wide {
    int target = 0;
    atomic<tagged> cell;
};

TEST(Vocabulary, HasValuesOf16Bytes) {
    const auto p = over<wide>()
                       .thread([](wide& s) {
                           const tagged mine{.pointer = &s.target, .tag = 1ULL << 63U};
                           s.cell.store(mine, release);
                           tagged seen = s.cell.load(acquire);
                           check(seen == mine || seen.tag == 7);
                           check(!s.cell.compare_exchange_strong(seen, {nullptr, 3}) ||
                                 seen == mine || seen.tag == 7);
                       })
                       .thread([](wide& s) {
                           tagged expected{};
                           if (s.cell.compare_exchange_strong(expected, {nullptr, 7})) return;
                           check(expected.pointer == &s.target || expected.tag == 3);
                       });
    const result seen = explore(p);
    EXPECT_THAT(seen, holds_completely());
    EXPECT_EQ(seen.executions, explore(p, {.jobs = 2}).executions)
        << "a graph goes on in another machine";
    EXPECT_THAT(explore(p, {.strategy = strategy::stateful}), holds_completely());
}

// Only the half that differs tells two values apart.
TEST(Vocabulary, ComparesBothHalves) {
    const auto p = over<wide>().thread([](wide& s) {
        s.cell.store({&s.target, 1});
        tagged expected{&s.target, 2};
        check(!s.cell.compare_exchange_strong(expected, {}) && expected.tag == 1);
        expected = {nullptr, 1};
        check(!s.cell.compare_exchange_strong(expected, {}) && expected.pointer == &s.target);
        check(s.cell.compare_exchange_strong(expected, {}) && s.cell.load() == tagged{});
        check(s.cell.exchange({nullptr, 9}) == tagged{} && s.cell.load().tag == 9);
    });
    EXPECT_THAT(explore(p), has_executions(1));
}

// --- atomic_ref ---------------------------------------------------------------------------------

template <class World>
struct counted {
    typename World::template nonatomic<int> n{0};
    using ref = typename World::template atomic_ref<int>;
};
template <class World>
[[nodiscard]] auto counting(bool by_reference) {
    using state = counted<World>;
    return over<state>()
        .threads(2,
                 [=](state& s, unsigned t) {
                     if (t == 1 || by_reference)
                         typename state::ref(s.n).fetch_add(1, relaxed);
                     else
                         s.n.set(s.n.get() + 1);
                 })
        .finally([](state& s) { check(s.n.get() == 2, "a count is lost"); });
}
TEST(Vocabulary, AtomicRefMakesAccessesAtomic) {
    EXPECT_THAT(explore(counting<explored_world>(true)), has_executions(2));
    EXPECT_THAT(explore(counting<explored_world>(false)), breaks(finding_kind::data_race));
    EXPECT_TRUE(run_natively(counting<native_world>(true), {.runs = 100}).ok());
}
TEST(Vocabulary, AtomicRefOrdersAndNotifies) {
    struct mailbox {
        nonatomic<int> ready{0};
        plain<int> letter{0};
    };
    const auto hand_over = [](bool notifies) {
        return over<mailbox>()
            .thread([=](mailbox& s) {
                s.letter.set(42);
                atomic_ref<int> ready(s.ready);
                ready.store(1, release);
                if (notifies) ready.notify_one();
            })
            .thread([](mailbox& s) {
                const atomic_ref<int> ready(s.ready);
                ready.wait(0, acquire);
                check(s.letter.get() == 42);
            });
    };
    EXPECT_THAT(explore(hand_over(true)), holds_completely());
    EXPECT_THAT(explore(hand_over(false)), breaks(finding_kind::deadlock));
}

// --- Variables of threads -----------------------------------------------------------------------

template <class World>
struct caches {
    typename World::template per_thread<int> own{10};
    typename World::template atomic<int> sum{0};
};
template <class World>
[[nodiscard]] auto caching() {
    using state = caches<World>;
    return over<state>()
        .threads(2,
                 [](state& s, unsigned t) {
                     s.own.local() += static_cast<int>(t);
                     s.sum.fetch_add(s.own.local(), relaxed);
                 })
        .finally([](state& s) { check(s.sum.load() == 21 && s.own.local() == 10); });
}
TEST(Vocabulary, EachThreadHasItsOwn) {
    EXPECT_THAT(explore(caching<explored_world>()), has_executions(2));
    EXPECT_THAT(explore(caching<explored_world>(), {.strategy = strategy::stateful}),
                holds_completely());
    EXPECT_TRUE(run_natively(caching<native_world>(), {.runs = 100}).ok());
}

// --- Spurious wake-ups --------------------------------------------------------------------------

struct door {
    mutex lock;
    condition_variable opened;
    plain<bool> open{false};
};
[[nodiscard]] auto waiting_at(bool looks_again) {
    return over<door>()
        .thread([=](door& s) {
            std::unique_lock held(s.lock);
            if (looks_again)
                while (!s.open.get()) s.opened.wait(held);
            else if (!s.open.get())
                s.opened.wait(held);
            check(s.open.get(), "it went in, and the door is closed");
        })
        .thread([](door& s) {
            {
                const std::lock_guard held(s.lock);
                s.open.set(true);
            }
            s.opened.notify_one();
        });
}
TEST(Vocabulary, WakesSpuriouslyIfItIsToldTo) {
    EXPECT_THAT(explore(waiting_at(false)), holds_completely());
    const options spurious{.limits = {.spurious_wakeups = 1}};
    EXPECT_THAT(explore(waiting_at(false), spurious), breaks(finding_kind::assertion));
    EXPECT_THAT(explore(waiting_at(true), spurious), holds_completely());
    EXPECT_GT(explore(waiting_at(true), spurious).executions, explore(waiting_at(true)).executions);
    EXPECT_THAT(explore(waiting_at(true),
                        {.strategy = strategy::stateful, .limits = {.spurious_wakeups = 2}}),
                holds_completely());
}

}  // namespace
}  // namespace pidmap_stress::explore
