#include "harness/world/watched.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "allocator/variants/sound.hpp"
#include "harness/testing/child.hpp"
#include "harness/world/jittered.hpp"

namespace pidmap_stress {
namespace {

using testing::child_end;
using ::testing::HasSubstr;
using testing::in_child;
using enum std::memory_order;

/// Both worlds of the harness judge counts.
template <class World>
class WatchedTest : public ::testing::Test {
public:
    WatchedTest() { use_board(seen.get()); }
    ~WatchedTest() override { use_board(nullptr); }

    [[nodiscard]] std::uint64_t times(invariant which) const {
        return seen->times_broken[static_cast<std::size_t>(which)].load();
    }

    using count = typename World::template atomic<int, cell_role::refcount>;
    board_ptr seen = map_board();
};
using worlds = ::testing::Types<watched<native>, jittered<watched<native>>>;
TYPED_TEST_SUITE(WatchedTest, worlds);

// The time from a page's last clear to the next put of the same thread is taken, of one in 16.
TYPED_TEST(WatchedTest, TimesTheWayFromTheLastClearToThePut) {
    using page_count = typename TypeParam::template atomic<int, cell_role::nr_free>;
    constexpr int full = static_cast<int>(TypeParam::geometry::bits_per_page);
    page_count nr_free{full};
    typename TestFixture::count refs{1};
    self.near = {};
    self.emptied_at = 0;
    self.pages_emptied = 0;
    const auto empty_and_put = [&] {
        nr_free.fetch_sub(2, relaxed);
        refs.fetch_add(1, relaxed);
        nr_free.fetch_add(1, relaxed);
        EXPECT_EQ(self.emptied_at, 0U) << "one pid is still there";
        nr_free.fetch_add(1, relaxed);
        refs.fetch_sub(1, acq_rel);
        EXPECT_EQ(self.emptied_at, 0U) << "the put has come";
    };
    for (int n = 0; n < 15; ++n) empty_and_put();
    EXPECT_EQ(self.near.shortest_to_put, near_misses::none);
    const ticks before = rough_time();
    empty_and_put();
    EXPECT_LE(self.near.shortest_to_put, rough_time() - before);
    for (int n = 0; n < 160; ++n) {
        const ticks shortest = self.near.shortest_to_put;
        empty_and_put();
        EXPECT_LE(self.near.shortest_to_put, shortest);
    }
}

// A regular life, from 1 up and down to 0, is not reported.
TYPED_TEST(WatchedTest, ACorrectLifeIsNotReported) {
    typename TestFixture::count refs{1};
    refs.fetch_add(1, relaxed);
    int expected = 2;
    EXPECT_TRUE(refs.compare_exchange_strong(expected, 3, relaxed, relaxed));
    refs.fetch_sub(1, acq_rel);
    refs.fetch_sub(1, acq_rel);
    refs.fetch_sub(1, acq_rel);
    EXPECT_EQ(refs.load(relaxed), 0);
    EXPECT_EQ(this->seen->findings_reported, 0U);
}

// Near misses are counted, by the thread that met them: a count that was raised from 1, and a
// compare-exchange of a count or of an nr_free in which another worker was faster.
TYPED_TEST(WatchedTest, NearMissesAreCounted) {
    self.near = {};
    typename TestFixture::count refs{1};
    refs.fetch_add(1, relaxed);
    refs.fetch_add(1, relaxed);
    EXPECT_EQ(self.near.raised_from_one, 1U);
    int expected = 1;
    EXPECT_FALSE(refs.compare_exchange_strong(expected, 2, relaxed, relaxed));
    EXPECT_EQ(self.near.lost_exchanges, 1U);
    typename TypeParam::template atomic<int, cell_role::nr_free> free_pids{5};
    EXPECT_FALSE(free_pids.compare_exchange_strong(expected, 2, relaxed, relaxed));
    EXPECT_TRUE(free_pids.compare_exchange_strong(expected, 4, relaxed, relaxed));
    EXPECT_EQ(self.near.lost_exchanges, 2U);
    EXPECT_EQ(this->seen->findings_reported, 0U);
}

// A put too many is reported at once, with the numbers.
TYPED_TEST(WatchedTest, AnUnderflowIsReported) {
    typename TestFixture::count refs{0};
    refs.fetch_sub(1, acq_rel);
    EXPECT_EQ(this->times(invariant::no_underflow), 1U);
    EXPECT_THAT(this->seen->findings[0].text.data(), HasSubstr("from 0 to -1"));
}

// Reviving a dead count is reported, whether by an add or by a CAS.
TYPED_TEST(WatchedTest, AGetFromZeroIsReported) {
    typename TestFixture::count refs{1};
    refs.fetch_sub(1, acq_rel);
    refs.fetch_add(1, relaxed);
    EXPECT_EQ(this->times(invariant::no_get_from_zero), 1U);
    refs.fetch_sub(1, relaxed);
    int expected = 0;
    EXPECT_TRUE(refs.compare_exchange_weak(expected, 1, relaxed, relaxed));
    EXPECT_EQ(this->times(invariant::no_get_from_zero), 2U);
}

// A CAS that fails changes nothing, so there is nothing to judge.
TYPED_TEST(WatchedTest, AFailedExchangeIsNotReported) {
    typename TestFixture::count refs{5};
    int expected = 0;
    EXPECT_FALSE(refs.compare_exchange_strong(expected, 1, relaxed, relaxed));
    EXPECT_EQ(expected, 5);
    EXPECT_EQ(this->seen->findings_reported, 0U);
}

// A count that is read from poisoned memory is a use after release, whichever way it goes.
TYPED_TEST(WatchedTest, ACountMadeOfPoisonIsAUseAfterRelease) {
    typename TestFixture::count refs{memory_domain::poison_int};
    refs.fetch_sub(1, acq_rel);
    refs.fetch_add(1, relaxed);
    EXPECT_EQ(this->times(invariant::no_use_after_release), 2U);
}

// Cells that are not reference counts may have any value.
TYPED_TEST(WatchedTest, OtherCellsAreNotJudged) {
    typename TypeParam::template atomic<int, cell_role::nr_free> cell{0};
    cell.fetch_sub(1, relaxed);
    EXPECT_EQ(cell.load(relaxed), -1);
    EXPECT_EQ(this->seen->findings_reported, 0U);
}

// A worker that is slow at objects decides by chance when to wait, at each access to one and at no
// other; and what it reads and writes is the same.
TYPED_TEST(WatchedTest, AWorkerIsSlowAtObjectsWhenItSaysSo) {
    typename TypeParam::template atomic<int, cell_role::object> of_object{0};
    typename TypeParam::template atomic<int, cell_role::nr_free> other{0};
    const auto draws_of = [](auto& cell) {
        self.accesses_until_delay = UINT32_MAX;  // Another kind of delay draws too.
        self.delays = rng(7);
        for (int n = 0; n < 3; ++n) cell.fetch_add(1, relaxed);
        rng drawn(7);
        const std::uint64_t next = self.delays.next();
        int draws = 0;
        while (drawn.next() != next) ++draws;
        return draws;
    };
    EXPECT_EQ(draws_of(of_object), 0);
    self.slow_at_objects = true;
    EXPECT_EQ(draws_of(of_object), 3);
    EXPECT_EQ(draws_of(other), 0);
    self.slow_at_objects = false;
    EXPECT_EQ(draws_of(of_object), 0);
    EXPECT_EQ(of_object.load(relaxed), 9);
}

// Namespaces and pages are counted by their kind, from birth to death.
TYPED_TEST(WatchedTest, ObjectsLiveInTheDomain) {
    const child_end end = in_child([] {
        using tested = sound<TypeParam>;
        ASSERT_TRUE(memory_domain::open({}));
        const typename tested::pid_max_cell pid_max{32768};
        tested* const ns = create_namespace<tested>(pid_max);
        ASSERT_NE(ns, nullptr);
        EXPECT_THAT(memory_domain::counts().created, ::testing::ElementsAre(1U, 1U, 0U, 0U));
        EXPECT_THAT(memory_domain::counts().destroyed, ::testing::ElementsAre(0U, 0U, 0U, 0U));
        ns->put();
        EXPECT_THAT(memory_domain::counts().destroyed, ::testing::ElementsAre(1U, 1U, 0U, 0U));
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

// Where memory is made to fail, no namespace comes out, and nothing is left of the attempt.
TYPED_TEST(WatchedTest, AFailedCreationLeavesNothing) {
    const child_end end = in_child([] {
        using tested = sound<TypeParam>;
        ASSERT_TRUE(memory_domain::open({}));
        const typename tested::pid_max_cell pid_max{32768};
        self.faults = rng(3);
        self.fail_one_in = 2;
        int made = 0;
        for (int n = 0; n < 100; ++n)
            if (tested* const ns = create_namespace<tested>(pid_max)) {
                ++made;
                ns->put();
            }
        EXPECT_GT(made, 0);
        EXPECT_LT(made, 100);
        EXPECT_EQ(memory_domain::counts().created, memory_domain::counts().destroyed);
    });
    EXPECT_TRUE(end.good());
    EXPECT_EQ(end.findings(), 0U);
}

}  // namespace
}  // namespace pidmap_stress
