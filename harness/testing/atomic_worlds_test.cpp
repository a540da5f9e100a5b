// Every operation of std::atomic, in every world: it does what std::atomic does, and no world
// misses one that it is to watch, to delay or to explore.

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <set>

#include "allocator/execution_policy.hpp"
#include "checkers/refcount_transitions.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/programs/interpreter/judged.hpp"
#include "harness/testing/atomic_operations.hpp"
#include "harness/world/board.hpp"
#include "harness/world/jittered.hpp"
#include "harness/world/watched.hpp"

namespace pidmap_stress {
namespace {

using testing::atomic_operation;
using testing::for_each_atomic_operation;

/// Calls `visit(operation, to, apply)` for each operation and each value that it can bring about.
template <class Visit>
void for_each_change(Visit visit) {
    for_each_atomic_operation([&](const atomic_operation& what, auto apply) {
        if (what.raises) visit(what, 1, apply);
        if (what.lowers) visit(what, -1, apply);
    });
}

/// Tries all of them on cells of one type, without anything that watches them.
template <class Cell>
void expect_the_meaning_of_std_atomic() {
    for_each_change([](const atomic_operation& what, int to, auto apply) {
        Cell cell{what.from};
        EXPECT_TRUE(apply(cell, to)) << what.name;
        EXPECT_EQ(cell.load(), what.changes ? to : what.from) << what.name;
    });
}

// The table of operations is true of std::atomic itself, and of the cells of every world.
TEST(AtomicWorldsTest, EachOperationMeansWhatItMeansInStdAtomic) {
    expect_the_meaning_of_std_atomic<std::atomic<int>>();
    expect_the_meaning_of_std_atomic<native::atomic<int>>();
    expect_the_meaning_of_std_atomic<watched<native>::atomic<int>>();
    expect_the_meaning_of_std_atomic<watched<native>::atomic<int, cell_role::object>>();
    expect_the_meaning_of_std_atomic<jittered<watched<native>>::atomic<int>>();
    expect_the_meaning_of_std_atomic<jittered<watched<native>>::atomic<int, cell_role::object>>();
}

/// The invariant that a change of a count breaks, if it is not the first one of its life.
[[nodiscard]] std::optional<invariant> broken_by_change(const atomic_operation& what, int to) {
    if (!what.changes) return std::nullopt;
    return broken_by({.before = what.from, .delta = to - what.from});
}

/// How many changes of a count each world is tried with.
constexpr int changes_of_a_count = 48;

/// A count with this value that has been above 0 before: it does not start its life, it continues.
template <class Count>
void expect_each_change_is_judged() {
    const board_ptr seen = map_board();
    use_board(seen.get());
    int changes = 0;
    for_each_change([&](const atomic_operation& what, int to, auto apply) {
        Count count{1};
        count.store(what.from);
        for (auto& times : seen->times_broken) times = 0;
        EXPECT_TRUE(apply(count, to)) << what.name;
        const auto broken = broken_by_change(what, to);
        changes += broken.has_value() ? 1 : 0;
        for (int n = 0; n < invariant_count; ++n)
            EXPECT_EQ(seen->times_broken[static_cast<std::size_t>(n)],
                      broken == static_cast<invariant>(n) ? 1U : 0U)
                << what.name << " to " << to << ", " << to_string(static_cast<invariant>(n));
    });
    EXPECT_EQ(changes, changes_of_a_count);
    use_board(nullptr);
}

TEST(AtomicWorldsTest, EachChangeOfACountIsJudgedNatively) {
    expect_each_change_is_judged<watched<native>::atomic<int, cell_role::refcount>>();
}
TEST(AtomicWorldsTest, EachChangeOfACountIsJudgedWithDelays) {
    expect_each_change_is_judged<jittered<watched<native>>::atomic<int, cell_role::refcount>>();
}

// A count that its maker sets from 0 begins, whatever operation does it; the second time that is a
// revival.
template <class Count>
void expect_a_beginning_is_no_revival() {
    const board_ptr seen = map_board();
    use_board(seen.get());
    for_each_change([&](const atomic_operation& what, int to, auto apply) {
        if (!what.changes || what.from != 0 || to != 1) return;
        Count count;
        EXPECT_TRUE(apply(count, to)) << what.name;
        EXPECT_EQ(seen->findings_reported, 0U) << what.name;
    });
    Count count;
    count = 1;
    --count;
    EXPECT_EQ(seen->findings_reported, 0U);
    count = 1;
    EXPECT_EQ(seen->times_broken[static_cast<std::size_t>(invariant::no_get_from_zero)], 1U);
    use_board(nullptr);
}
TEST(AtomicWorldsTest, ACountMayBeginAtZero) {
    expect_a_beginning_is_no_revival<watched<native>::atomic<int, cell_role::refcount>>();
    expect_a_beginning_is_no_revival<jittered<watched<native>>::atomic<int, cell_role::refcount>>();
}

// Each operation is one access that may be delayed, and so is one that changes nothing.
TEST(AtomicWorldsTest, EachOperationMayBeDelayed) {
    int operations = 0;
    for_each_change([&](const atomic_operation& what, int to, auto apply) {
        jittered<watched<native>>::atomic<int> cell{what.from};
        self.accesses_until_delay = 1'000;
        EXPECT_TRUE(apply(cell, to)) << what.name;
        EXPECT_EQ(self.accesses_until_delay, 999U) << what.name;
        ++operations;
    });
    EXPECT_GT(operations, changes_of_a_count);
    self.accesses_until_delay = 0;
}

/// A count that one thread changes and another one reads.
struct shared_count {
    explore::judged<tiny_geometry<8, 2>>::atomic<int, cell_role::refcount> count;
};

// Each operation is a step that the explorer interleaves with others, and means what it does in
// std::atomic; and each change of a count is judged.
TEST(AtomicWorldsTest, EachOperationIsAJudgedStepOfTheExplorer) {
    int changes = 0;
    for_each_change([&](const atomic_operation& what, int to, auto apply) {
        std::set<int> last;
        std::set<int> seen;
        const auto program = explore::program_over<shared_count>([&](void* where) {
                                 return new (where) shared_count{what.from == 0 ? 1 : -1};
                             })
                                 .first([&](shared_count& s) {
                                     if (what.from == 0) --s.count;
                                 })
                                 .thread([&](shared_count& s) { (void)apply(s.count, to); })
                                 .thread([&](shared_count& s) { seen.insert(s.count.load()); })
                                 .finally([&](shared_count& s) { last.insert(s.count.peek()); });
        const explore::result r = explore::explore(program, {.jobs = 1, .stop_at_first = false});
        EXPECT_TRUE(r.complete) << what.name;
        EXPECT_TRUE(last.contains(what.changes ? to : what.from)) << what.name;
        EXPECT_EQ(seen, what.changes ? (std::set<int>{what.from, to}) : std::set<int>{what.from})
            << what.name;
        const auto broken = broken_by_change(what, to);
        changes += broken.has_value() ? 1 : 0;
        EXPECT_EQ(!r.findings.empty(), broken.has_value()) << what.name << " to " << to;
        for (const explore::finding& one : r.findings) EXPECT_EQ(one.broken, broken) << what.name;
    });
    EXPECT_EQ(changes, changes_of_a_count);
}

}  // namespace
}  // namespace pidmap_stress
