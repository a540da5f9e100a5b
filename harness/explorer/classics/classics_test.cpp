// Goal: show that well-known structures hold in every execution, and that the mistake that each
// invites is found; and that the very same source runs on the machine, where nothing shows that was
// not explored. ThreadSanitizer has no complaint of it either: this test runs under it, too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/explorer/classics/bounded_queue.hpp"
#include "harness/explorer/classics/chase_lev_deque.hpp"
#include "harness/explorer/classics/futex_mutex.hpp"
#include "harness/explorer/classics/hazard_pointers.hpp"
#include "harness/explorer/classics/left_right.hpp"
#include "harness/explorer/classics/michael_scott_queue.hpp"
#include "harness/explorer/classics/rcuref.hpp"
#include "harness/explorer/classics/seqlock.hpp"
#include "harness/explorer/classics/split_count.hpp"
#include "harness/explorer/classics/treiber_stack.hpp"
#include "harness/explorer/native/run_natively.hpp"
#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore::classics {
namespace {

using ::testing::IsEmpty;
using enum std::memory_order;

/// \param right     Explored: it holds.
/// \param natively  The same program for the machine.
/// \param mistake   It breaks, by `kind`.
void expect(const program& right, const program& natively, const program& mistake,
            finding_kind kind) {
    const result explored = explore(right, {.strategy = strategy::prove});
    EXPECT_TRUE(explored.ok() && explored.complete) << explored.summary();
    const result broken = explore(mistake);
    EXPECT_THAT(broken, breaks(kind)) << broken.summary();
    // Where each run has to wait for a processor, it takes milliseconds.
    constexpr std::uint64_t runs = 500;
    const native_result seen = run_natively(natively, {.runs = runs});
    EXPECT_EQ(seen.runs, runs);
    EXPECT_THAT(seen.failures, IsEmpty());
    EXPECT_THAT(unexplored(seen, explored), IsEmpty());
}

TEST(Classics, TreibersStackNeedsTagsIfItsNodesAreUsedAgain) {
    expect(treiber_users<explored_world, true>(), treiber_users<native_world, true>(),
           treiber_users<explored_world, false>(), finding_kind::assertion);
}
TEST(Classics, MichaelAndScottsQueueLinksNodesByARelease) {
    expect(michael_scott_users<explored_world, release>(),
           michael_scott_users<native_world, release>(),
           michael_scott_users<explored_world, relaxed>(), finding_kind::data_race);
}
TEST(Classics, ChaseAndLevsDequeNeedsItsFences) {
    expect(chase_lev_users<explored_world, seq_cst>(), chase_lev_users<native_world, seq_cst>(),
           chase_lev_users<explored_world, acq_rel>(), finding_kind::assertion);
}
TEST(Classics, ASeqlocksReaderNeedsItsFence) {
    expect(seqlock_users<explored_world, true>(), seqlock_users<native_world, true>(),
           seqlock_users<explored_world, false>(), finding_kind::assertion);
}
TEST(Classics, AHazardPointersReaderLooksAgain) {
    expect(hazard_users<explored_world, true>(), hazard_users<native_world, true>(),
           hazard_users<explored_world, false>(), finding_kind::use_after_free);
}
TEST(Classics, LeftRightsWriterWaitsForReaders) {
    expect(left_right_users<explored_world, true>(), left_right_users<native_world, true>(),
           left_right_users<explored_world, false>(), finding_kind::data_race);
}
TEST(Classics, ABoundedQueueTellsAllThatThereIsMoreThanOne) {
    expect(bounded_queue_users<explored_world, true>(), bounded_queue_users<native_world, true>(),
           bounded_queue_users<explored_world, false>(), finding_kind::deadlock);
}
TEST(Classics, AFutexMutexRemembersWhoElseWaits) {
    // It takes a holder and two that wait. All of the right one with three takes 20 s.
    expect(futex_mutex_users<explored_world, true>(2), futex_mutex_users<native_world, true>(3),
           futex_mutex_users<explored_world, false>(3), finding_kind::deadlock);
}
TEST(Classics, ASplitCountIsGivenBackByARelease) {
    expect(split_count_users<explored_world, acq_rel>(), split_count_users<native_world, acq_rel>(),
           split_count_users<explored_world, relaxed>(), finding_kind::use_after_free);
}
TEST(Classics, AnRcurefIsDeadOnlyIfNobodyRevivedIt) {
    expect(rcuref_users<explored_world, true>(), rcuref_users<native_world, true>(),
           rcuref_users<explored_world, false>(), finding_kind::data_race);
}

}  // namespace
}  // namespace pidmap_stress::explore::classics
