// Each pool runs in a process of its own: the threads of a library stay after the pool.

#include "harness/native/worker_pool.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/testing/child.hpp"

namespace pidmap_stress {
namespace {

using testing::in_child;

[[nodiscard]] unsigned more_than_cores() {
    return 4 * std::thread::hardware_concurrency() + 3;
}

class WorkerPoolTest : public ::testing::TestWithParam<pool_kind> {
public:
    void SetUp() override {
        if (under_tsan && GetParam() == pool_kind::tbb)
            GTEST_SKIP() << "this oneTBB is not instrumented, and TSan would report its inside";
    }
};
INSTANTIATE_TEST_SUITE_P(Kinds, WorkerPoolTest,
                         ::testing::Values(pool_kind::tbb, pool_kind::jthread),
                         [](const auto& one) { return std::string(to_string(one.param)); });

// N workers run at the same time, although there are fewer cores: they all meet.
TEST_P(WorkerPoolTest, AllWorkersMeet) {
    const auto end = in_child([] {
        const unsigned workers = more_than_cores();
        const auto pool = worker_pool::make({.kind = GetParam(), .workers = workers});
        std::atomic<unsigned> arrived{0};
        for (unsigned round = 1; round <= 20; ++round)
            pool->run([&](unsigned) {
                arrived.fetch_add(1);
                while (arrived < round * workers) std::this_thread::yield();
            });
        EXPECT_EQ(arrived, 20 * workers);
    });
    EXPECT_TRUE(end.good());
}

// Each number is given once a round, each to a thread of its own.
TEST_P(WorkerPoolTest, EachNumberHasAThreadOfItsOwn) {
    const auto end = in_child([] {
        const unsigned workers = more_than_cores();
        const auto pool = worker_pool::make({.kind = GetParam(), .workers = workers});
        std::vector<std::thread::id> who(workers);
        std::vector<int> times(workers);
        for (int round = 0; round < 20; ++round) {
            pool->run([&](unsigned number) {
                who[number] = std::this_thread::get_id();
                ++times[number];
            });
            EXPECT_EQ(std::set(who.begin(), who.end()).size(), workers);
        }
        EXPECT_EQ(times, std::vector<int>(workers, 20));
    });
    EXPECT_TRUE(end.good());
}

// What workers did, in plain memory, is visible when run() returns, and to all of them in the next
// round. Under TSan a missing edge is a report.
TEST_P(WorkerPoolTest, WhatWorkersDidIsVisibleAfterwards) {
    const auto end = in_child([] {
        constexpr unsigned workers = 4;
        const auto pool = worker_pool::make({.kind = GetParam(), .workers = workers});
        std::vector<unsigned> cells(workers, 0);
        for (unsigned round = 0; round < 200; ++round) {
            // In each round a cell is another worker's.
            pool->run([&](unsigned number) { cells[(number + round) % workers] += number; });
            unsigned sum = 0;
            for (const unsigned one : cells) sum += one;
            EXPECT_EQ(sum, 6 * (round + 1));
        }
    });
    EXPECT_TRUE(end.good());
}

// A pinned worker may run on one core only, and the workers are spread over all cores.
TEST_P(WorkerPoolTest, PinnedWorkersStayOnTheirCore) {
    const auto end = in_child([] {
        const unsigned workers = 2 * std::thread::hardware_concurrency();
        const auto pool = worker_pool::make({.kind = GetParam(), .workers = workers, .pin = true});
        std::vector<int> allowed(workers);
        std::vector<int> core(workers);
        pool->run([&](unsigned number) {
            cpu_set_t set;
            CPU_ZERO(&set);
            ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
            allowed[number] = CPU_COUNT(&set);
            core[number] = ::sched_getcpu();
        });
        for (const int one : allowed) EXPECT_EQ(one, 1);
        for (unsigned n = 0; n < workers / 2; ++n) EXPECT_EQ(core[n], core[n + workers / 2]);
        EXPECT_EQ(std::set(core.begin(), core.end()).size(), workers / 2);
    });
    EXPECT_TRUE(end.good());
}

// One worker makes a pool too, and so does the largest number.
TEST_P(WorkerPoolTest, AnyNumberOfWorkersIsAPool) {
    for (const unsigned workers : {1U, 256U}) {
        const auto end = in_child([workers] {
            const auto pool = worker_pool::make({.kind = GetParam(), .workers = workers});
            std::atomic<unsigned> calls{0};
            for (int round = 0; round < 3; ++round) pool->run([&](unsigned) { ++calls; });
            EXPECT_EQ(calls, 3 * workers);
        });
        EXPECT_TRUE(end.good()) << workers;
    }
}

// The names of the pools are read back.
TEST(PoolKindTest, NamesAreReadBack) {
    for (const pool_kind which : {pool_kind::tbb, pool_kind::jthread})
        EXPECT_EQ(parse_pool(to_string(which)), which);
    EXPECT_EQ(parse_pool("TBB"), std::nullopt);
    EXPECT_EQ(parse_pool(""), std::nullopt);
}

}  // namespace
}  // namespace pidmap_stress
