#include "checkers/reuse.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pidmap_stress {
namespace {

operation alloc(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.worker = worker, .pid = pid, .called = called, .returned = returned};
}
operation free(worker_nr worker, pid_nr pid, ticks called, ticks returned) {
    return {.kind = operation_kind::free,
            .worker = worker,
            .pid = pid,
            .called = called,
            .returned = returned};
}

/// Pids 1 to 7, none held for long, unless a test says otherwise.
struct rules {
    std::uint64_t held_at_most = 1;
    pid_nr lowest_pid_max = 8;
    pid_nr reserved_pids = 1;
    unsigned bits_per_page = 8;
    ticks complete_since = 0;
    ticks skew = 0;
};
std::optional<finding> judged(const std::vector<operation>& operations, const rules& with = {}) {
    return find_immediate_reuse({.operations = operations,
                                 .complete_since = with.complete_since,
                                 .held_at_most = with.held_at_most,
                                 .lowest_pid_max = with.lowest_pid_max,
                                 .reserved_pids = with.reserved_pids,
                                 .bits_per_page = with.bits_per_page,
                                 .skew = with.skew});
}

/// Pid 5 is allocated, freed, and at once allocated again.
std::vector<operation> at_once() {
    return {alloc(1, 5, 10, 11), free(1, 5, 12, 13), alloc(1, 5, 20, 21)};
}

// A slow worker stores an old last_pid, and on a kernel-size map a pid is reused at once: found.
TEST(ReuseTest, CatchesAPlainLastPidOnAKernelSizeMap) {
    const std::vector history{alloc(2, 1001, 10, 200), alloc(1, 1002, 20, 30),
                              free(1, 1002, 40, 50), alloc(1, 1002, 210, 220)};
    const auto found =
        judged(history, {.held_at_most = 2000, .lowest_pid_max = 32768, .reserved_pids = 300});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->broken, invariant::no_immediate_reuse);
    EXPECT_EQ(found->witness, (std::vector{history[1], history[2], history[3]}));
}

// After a full round the pid may come again; one allocation less, and it may not.
TEST(ReuseTest, KnowsAFullRound) {
    std::vector<operation> history{alloc(1, 5, 10, 11), free(1, 5, 12, 13)};
    ticks now = 20;
    for (const pid_nr pid : {6, 7, 1, 2, 3}) {
        history.push_back(alloc(1, pid, now, now + 1));
        history.push_back(free(1, pid, now + 2, now + 3));
        now += 10;
    }
    std::vector<operation> short_of_one = history;
    short_of_one.push_back(alloc(1, 5, now, now + 1));
    EXPECT_TRUE(judged(short_of_one, {.held_at_most = 0}));
    history.push_back(alloc(1, 4, now, now + 1));
    history.push_back(free(1, 4, now + 2, now + 3));
    history.push_back(alloc(1, 5, now + 10, now + 11));
    EXPECT_FALSE(judged(history, {.held_at_most = 0}));
}

// A nearly full map has a free pid or two: the search passes all others at once.
TEST(ReuseTest, AllowsReuseInANearlyFullMap) {
    EXPECT_TRUE(judged(at_once(), {.held_at_most = 5}));
    EXPECT_FALSE(judged(at_once(), {.held_at_most = 6}));
}

// A call that began before the first allocation returned may have read the cursor before it.
TEST(ReuseTest, AllowsAReuseByACallThatBeganEarly) {
    std::vector<operation> history = at_once();
    history[2].called = 11;
    EXPECT_FALSE(judged(history));
}

// With pid_max at 301 one pid is eligible, and below reserved_pids none: both may come again.
TEST(ReuseTest, CountsEligiblePidsOnly) {
    EXPECT_FALSE(judged({alloc(1, 300, 10, 11), free(1, 300, 12, 13), alloc(1, 300, 20, 21)},
                        {.held_at_most = 0, .lowest_pid_max = 301, .reserved_pids = 300}));
    EXPECT_FALSE(judged(at_once(), {.held_at_most = 0, .lowest_pid_max = 6, .reserved_pids = 5}));
}

// Events that may have happened before the window's old end are not evidence.
TEST(ReuseTest, AllowsForACutOffWindow) {
    EXPECT_TRUE(judged(at_once(), {.complete_since = 10}));
    EXPECT_FALSE(judged(at_once(), {.complete_since = 11}));
    // Here the span begins with a slow call in flight, outside the window.
    std::vector<operation> history = at_once();
    history.push_back(alloc(2, 7, 5, 12));
    EXPECT_FALSE(judged(history, {.complete_since = 10}));
}

// A slow call in flight carries the cursor over pids that were taken while it ran.
TEST(ReuseTest, CountsWhatASlowCallMayHaveSeen) {
    std::vector<operation> history = at_once();
    for (const pid_nr pid : {1, 2, 3}) {
        const auto now = static_cast<ticks>(pid);
        history.push_back(alloc(1, pid, now, now));
        history.push_back(free(1, pid, now, now));
    }
    history.push_back(alloc(2, 7, 9, 15));
    EXPECT_TRUE(judged(history, {.held_at_most = 0}));
    history.back() = alloc(2, 7, 0, 15);
    EXPECT_FALSE(judged(history, {.held_at_most = 0}));
    history.back() = alloc(2, 0, 0, never);
    EXPECT_FALSE(judged(history, {.held_at_most = 0}));
}

// While other workers are active, a page can look full that has as many clear bits.
TEST(ReuseTest, AllowsForPagesThatLookFull) {
    std::vector<operation> history = at_once();
    EXPECT_TRUE(judged(history, {.held_at_most = 4}));
    EXPECT_TRUE(judged(history, {.held_at_most = 3, .bits_per_page = 8}));
    history.push_back(free(2, 3, 5, 15));
    EXPECT_TRUE(judged(history, {.held_at_most = 3, .bits_per_page = 8}));
    EXPECT_FALSE(judged(history, {.held_at_most = 4, .bits_per_page = 8}));
    EXPECT_FALSE(judged(history, {.held_at_most = 3, .bits_per_page = 4}));
}

// Times that clocks may have swapped prove nothing.
TEST(ReuseTest, AllowsForClockSkew) {
    EXPECT_TRUE(judged(at_once(), {.skew = 8}));
    EXPECT_FALSE(judged(at_once(), {.skew = 9}));
}

// Two tenants are not reuse: without a free, another invariant covers it.
TEST(ReuseTest, LeavesTwoTenantsToUniquePid) {
    EXPECT_FALSE(judged({alloc(1, 5, 10, 11), alloc(1, 5, 20, 21)}));
}

// The same pid of two namespaces is two pids.
TEST(ReuseTest, KeepsNamespacesApart) {
    std::vector<operation> history = at_once();
    history[2].where.generation = 1;
    EXPECT_FALSE(judged(history));
}

}  // namespace
}  // namespace pidmap_stress
