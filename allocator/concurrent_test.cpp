// What variants guarantee when workers meet in one namespace. Each round is short and small, so
// that there are many rounds, and many moments at which pages empty and fill.

#include <gtest/gtest.h>

#include <array>
#include <latch>
#include <thread>
#include <vector>

#include "allocator/testing/supervised.hpp"
#include "allocator/testing/typed.hpp"
#include "allocator/variant_list.hpp"

namespace pidmap_stress {
namespace {

constexpr int workers = 4;

/// Runs `work(worker)` on every worker, all starting together, and waits for them.
template <class Work>
void run_together(Work work) {
    std::latch start(workers);
    std::vector<std::jthread> threads;
    for (int worker = 1; worker <= workers; ++worker)
        threads.emplace_back([&work, &start, worker] {
            start.arrive_and_wait();
            work(worker);
        });
}

template <class V>
class ConcurrentTest : public ::testing::Test {
public:
    using world = typename V::policy;
    using geometry = typename world::geometry;
    static constexpr auto page_size = static_cast<pid_nr>(geometry::bits_per_page);
    static constexpr pid_nr end = 2 * page_size;

    ConcurrentTest() { world::reset(); }
    ~ConcurrentTest() override {
        world::drain();
        EXPECT_EQ(world::live(), 0);
    }

    /// Every page is free, with no reference except the creator's; then that one is dropped too.
    void expect_empty_and_release(V* ns) {
        for (unsigned page = 0; page < geometry::max_pages; ++page) {
            EXPECT_EQ(ns->peek_nr_free(page), page_capacity<geometry>(page)) << "page " << page;
            const auto* bits = ns->peek_bits(page);
            for (unsigned i = 0; bits != nullptr && i < bits->words; ++i)
                EXPECT_EQ(bits->peek(i), page == 0 && i == 0 ? 1U : 0U);
        }
        EXPECT_EQ(ns->peek_refcount(), 1);
        EXPECT_EQ(world::retirements(), 0);
        ns->put();
        EXPECT_EQ(world::retirements(), 1);
    }

    typename V::pid_max_cell pid_max{end};
};

template <class Geometry>
using supervised_types = variant_types<testing::supervised<Geometry>>;
using tiny = tiny_geometry<4, 2>;
using all_cases = testing::joined_t<supervised_types<tiny>, supervised_types<kernel_geometry>>;

// ------------------------------------------------------------------------------------------------

template <class V>
class BalancedConcurrentTest : public ConcurrentTest<V> {};
using balanced_cases = testing::with_t<testing::balances, all_cases>;
TYPED_TEST_SUITE(BalancedConcurrentTest, testing::typed_cases_t<balanced_cases>,
                 testing::case_name);

TYPED_TEST(BalancedConcurrentTest, NoPidHasTwoTenantsAndAllIsBackInTheEnd) {
    auto* ns = create_namespace<TypeParam>(this->pid_max);
    std::vector<std::atomic<int>> tenants(static_cast<std::size_t>(TestFixture::end));
    std::atomic<int> clashes{0};
    run_together([&](int worker) {
        std::vector<pid_nr> held;
        for (int i = 0; i < 3000; ++i) {
            if (held.size() < 2)
                if (const alloc_result got = ns->alloc_pidmap()) {
                    // Relaxed: to see two tenants, not to order them.
                    std::atomic<int>& tenant = tenants[static_cast<std::size_t>(got.nr())];
                    if (tenant.exchange(worker, std::memory_order::relaxed) != 0) ++clashes;
                    held.push_back(got.nr());
                    if (i % 3 != 0) continue;
                }
            if (held.empty()) continue;
            const pid_nr nr = held.back();
            held.pop_back();
            std::atomic<int>& tenant = tenants[static_cast<std::size_t>(nr)];
            if (tenant.exchange(0, std::memory_order::relaxed) != worker) ++clashes;
            ns->free_pidmap(nr);
        }
        for (const pid_nr nr : held) {
            tenants[static_cast<std::size_t>(nr)].store(0, std::memory_order::relaxed);
            ns->free_pidmap(nr);
        }
    });
    EXPECT_EQ(clashes, 0);
    this->expect_empty_and_release(ns);
}

TYPED_TEST(BalancedConcurrentTest, OneWorkerInstallsAPageAndTheOthersFreeTheirs) {
    using heap = typename TestFixture::world;
    const int rounds = TestFixture::page_size > 100 ? 10 : 300;
    for (int round = 0; round < rounds; ++round) {
        heap::reset();
        auto* ns = create_namespace<TypeParam>(this->pid_max);
        std::vector<pid_nr> held;
        for (pid_nr nr = 1; nr < TestFixture::page_size; ++nr)
            held.push_back(ns->alloc_pidmap().nr());
        ASSERT_EQ(ns->peek_bits(1), nullptr);
        std::array<pid_nr, workers> got{};
        run_together([&](int worker) {
            const alloc_result result = ns->alloc_pidmap();
            got[static_cast<std::size_t>(worker - 1)] = result ? result.nr() : 0;
        });
        EXPECT_EQ(heap::live(), 3) << "the namespace and two pages";
        for (const pid_nr nr : got) {
            ASSERT_GE(nr, TestFixture::page_size);
            held.push_back(nr);
        }
        for (const pid_nr nr : held) ns->free_pidmap(nr);
        this->expect_empty_and_release(ns);
        ASSERT_EQ(heap::live(), 0);
    }
}

// ------------------------------------------------------------------------------------------------

template <class V>
class HandOverTest : public ConcurrentTest<V> {};
using hand_over_cases = testing::with_t<testing::hands_over, balanced_cases>;
TYPED_TEST_SUITE(HandOverTest, testing::typed_cases_t<hand_over_cases>, testing::case_name);

// The plain counters are the point: under ThreadSanitizer a missing order is a report.
TYPED_TEST(HandOverTest, WhatTheLastOwnerWroteIsSeenByTheNextOne) {
    auto* ns = create_namespace<TypeParam>(this->pid_max);
    std::vector<int> uses(static_cast<std::size_t>(TestFixture::end));
    std::atomic<int> total{0};
    run_together([&](int) {
        for (int i = 0; i < 3000; ++i)
            if (const alloc_result got = ns->alloc_pidmap()) {
                ++uses[static_cast<std::size_t>(got.nr())];
                total.fetch_add(1, std::memory_order::relaxed);
                ns->free_pidmap(got.nr());
            }
    });
    int sum = 0;
    for (const int count : uses) sum += count;
    EXPECT_EQ(sum, total);
    this->expect_empty_and_release(ns);
}

// ------------------------------------------------------------------------------------------------

template <class V>
class LookupTest : public ConcurrentTest<V> {};
using flawless_cases = testing::with_t<testing::is_flawless, all_cases>;
TYPED_TEST_SUITE(LookupTest, testing::typed_cases_t<flawless_cases>, testing::case_name);

// Only the creator holds a reference, and drops it while the others allocate: memory stays, as
// within a read-side critical section, and death is final.
TYPED_TEST(LookupTest, ANamespaceDiesOnceAndThenHandsOutNothing) {
    using heap = typename TestFixture::world;
    for (int round = 0; round < 200; ++round) {
        heap::reset();
        heap::keep_retired();
        auto* ns = create_namespace<TypeParam>(this->pid_max);
        std::atomic<int> revivals{0};
        run_together([&](int worker) {
            bool dead = false;
            for (int i = 0; i < 50; ++i) {
                if (worker == 1 && i == round % 50) ns->put();
                if (const alloc_result got = ns->alloc_pidmap()) {
                    if (dead) ++revivals;
                    ns->free_pidmap(got.nr());
                } else if (got == alloc_error::namespace_dead) {
                    dead = true;
                }
            }
        });
        EXPECT_EQ(revivals, 0);
        EXPECT_EQ(heap::retirements(), 1);
        EXPECT_EQ(ns->alloc_pidmap(), alloc_error::namespace_dead);
        EXPECT_EQ(ns->peek_refcount(), 0);
        heap::drain();
        ASSERT_EQ(heap::live(), 0);
    }
}

}  // namespace
}  // namespace pidmap_stress
