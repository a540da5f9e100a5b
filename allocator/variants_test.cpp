// What every pid_namespace does when one worker at a time uses it, in detail. Goal: a new variant
// is tested because it is in its folder, and is held to what it declares. What holds for variants
// of any make is in conformance_test.cpp.

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <set>
#include <vector>

#include "allocator/testing/supervised.hpp"
#include "allocator/testing/typed.hpp"
#include "allocator/variant_list.hpp"

namespace pidmap_stress {
namespace {

using tiny = tiny_geometry<4, 3>;
template <class Geometry>
using supervised_types = variant_types<testing::supervised<Geometry>>;
using all_cases =
    testing::with_t<testing::is_pid_namespace,
                    testing::joined_t<supervised_types<tiny>, supervised_types<kernel_geometry>>>;

/// A namespace with two pages of pids, and more references than any variant can lose: faults of a
/// variant's count must not spoil the rest.
template <class V>
class VariantTest : public ::testing::Test {
public:
    using world = typename V::policy;
    using geometry = typename world::geometry;
    static constexpr auto page_size = static_cast<pid_nr>(geometry::bits_per_page);
    static constexpr int extra_references = 1000;

    VariantTest() {
        world::reset();
        ns = create_namespace<V>(pid_max);
        for (int i = 0; i < extra_references; ++i) ns->get();
    }
    ~VariantTest() override {
        world::destroy(ns);
        EXPECT_EQ(world::live(), 0) << "a page is left";
        EXPECT_EQ(world::retirements(), 0);
    }

    /// Allocates until the map is exhausted. \returns The pids, in their order.
    std::vector<pid_nr> fill() {
        std::vector<pid_nr> pids;
        alloc_result result = ns->alloc_pidmap();
        for (; result; result = ns->alloc_pidmap()) pids.push_back(result.nr());
        EXPECT_EQ(result, alloc_error::exhausted);
        return pids;
    }
    void free_all(const std::vector<pid_nr>& pids) {
        for (const pid_nr nr : pids) ns->free_pidmap(nr);
    }

    [[nodiscard]] int clear_bits(unsigned page) const {
        const auto* bits = ns->peek_bits(page);
        int clear = static_cast<int>(geometry::bits_per_page);
        for (unsigned i = 0; bits != nullptr && i < bits->words; ++i)
            clear -= std::popcount(bits->peek(i));
        return clear;
    }
    [[nodiscard]] int nonempty_pages() const {
        int pages = 0;
        for (unsigned page = 0; page < geometry::max_pages; ++page)
            if (clear_bits(page) != V::capacity(page) && ns->peek_bits(page) != nullptr) ++pages;
        return pages;
    }
    void expect_nr_free_to_be_clear_bits() const {
        for (unsigned page = 0; page < geometry::max_pages; ++page)
            EXPECT_EQ(ns->peek_nr_free(page), clear_bits(page)) << "page " << page;
    }

    typename V::pid_max_cell pid_max{2 * page_size};
    V* ns = nullptr;
};
TYPED_TEST_SUITE(VariantTest, testing::typed_cases_t<all_cases>, testing::case_name);

TYPED_TEST(VariantTest, HandsOutOneToPidMaxInOrderAndThenIsExhausted) {
    const std::vector<pid_nr> pids = this->fill();
    std::vector<pid_nr> expected(static_cast<std::size_t>(2 * TestFixture::page_size - 1));
    std::iota(expected.begin(), expected.end(), 1);
    EXPECT_EQ(pids, expected);
    EXPECT_EQ(this->clear_bits(0), 0);
    this->expect_nr_free_to_be_clear_bits();
    this->free_all(pids);
    this->expect_nr_free_to_be_clear_bits();
    EXPECT_EQ(this->nonempty_pages(), 0) << "bit 0 alone does not count";
}

TYPED_TEST(VariantTest, AFullMapYieldsTheOnePidThatIsFreed) {
    using G = typename TestFixture::geometry;
    this->fill();
    const pid_nr end = 2 * TestFixture::page_size;
    for (const pid_nr nr : {G::reserved_pids, TestFixture::page_size - 1, TestFixture::page_size,
                            TestFixture::page_size + 1, end - 1}) {
        this->ns->free_pidmap(nr);
        EXPECT_EQ(this->ns->alloc_pidmap(), nr);
        EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::exhausted);
    }
    this->expect_nr_free_to_be_clear_bits();
}

TYPED_TEST(VariantTest, ASearchDoesNotComeBackToWhereTheLastOneEnded) {
    using G = typename TestFixture::geometry;
    this->fill();
    constexpr pid_nr nr = G::reserved_pids + 1;
    this->ns->free_pidmap(nr);
    EXPECT_EQ(this->ns->alloc_pidmap(), nr);
    this->ns->free_pidmap(nr);
    EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::exhausted) << "the hint is at the free pid";
    this->ns->free_pidmap(nr + 1);
    EXPECT_EQ(this->ns->alloc_pidmap(), nr + 1);
    EXPECT_EQ(this->ns->alloc_pidmap(), nr);
}

TYPED_TEST(VariantTest, APidIsNotReusedBeforeTheSearchWraps) {
    const pid_nr first = this->ns->alloc_pidmap().nr();
    this->ns->free_pidmap(first);
    EXPECT_EQ(this->ns->alloc_pidmap(), first + 1);
}

TYPED_TEST(VariantTest, AWrapPassesOverTheReservedPids) {
    using G = typename TestFixture::geometry;
    const std::vector<pid_nr> pids = this->fill();
    this->free_all(pids);
    EXPECT_EQ(this->ns->alloc_pidmap(), G::reserved_pids);
}

// A caller can reach any page in one call, without allocating through all bits before it.
TYPED_TEST(VariantTest, ASearchBeginsWhereTheHintWasMovedTo) {
    using G = typename TestFixture::geometry;
    if constexpr (requires { this->ns->set_last_pid(1); }) {
        const pid_nr end = 2 * TestFixture::page_size;
        for (const pid_nr nr : {TestFixture::page_size, end - 1, G::reserved_pids,
                                TestFixture::page_size - 1, TestFixture::page_size + 1}) {
            this->ns->set_last_pid(nr - 1);
            EXPECT_EQ(this->ns->alloc_pidmap(), nr);
        }
        this->ns->set_last_pid(end - 1);
        EXPECT_EQ(this->ns->alloc_pidmap(), G::reserved_pids + 1) << "behind the last pid it wraps";
        this->ns->set_last_pid(TestFixture::page_size - 1);
        EXPECT_EQ(this->ns->alloc_pidmap(), TestFixture::page_size + 2)
            << "what is taken is passed";
        this->expect_nr_free_to_be_clear_bits();
    }
}

TYPED_TEST(VariantTest, APageIsInstalledWhenTheSearchFirstComesToIt) {
    using heap = typename TestFixture::world;
    EXPECT_NE(this->ns->peek_bits(0), nullptr);
    for (pid_nr nr = 1; nr < TestFixture::page_size; ++nr) {
        ASSERT_EQ(this->ns->alloc_pidmap(), nr);
        ASSERT_EQ(this->ns->peek_bits(1), nullptr);
    }
    EXPECT_EQ(heap::live(), 2) << "the namespace and page 0";
    EXPECT_EQ(this->ns->alloc_pidmap(), TestFixture::page_size);
    EXPECT_NE(this->ns->peek_bits(1), nullptr);
    EXPECT_EQ(this->ns->peek_bits(2), nullptr);
    EXPECT_EQ(heap::live(), 3);
}

TYPED_TEST(VariantTest, WithoutMemoryForAPageAnAllocationFailsAndChangesNothing) {
    using heap = typename TestFixture::world;
    for (pid_nr nr = 1; nr < TestFixture::page_size; ++nr) ASSERT_TRUE(this->ns->alloc_pidmap());
    const int references = this->ns->peek_refcount();
    for (int attempt = 0; attempt < 3; ++attempt) {
        heap::fail_creation(1);
        EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::no_memory);
        EXPECT_EQ(this->ns->peek_refcount(), references);
        EXPECT_EQ(this->ns->peek_bits(1), nullptr);
        EXPECT_EQ(heap::live(), 2);
        this->expect_nr_free_to_be_clear_bits();
    }
    heap::fail_creation(0);
    EXPECT_EQ(this->ns->alloc_pidmap(), TestFixture::page_size) << "the hint had not moved";
}

TYPED_TEST(VariantTest, WhoComesLateToInstallAPageFreesItsOwnAndTakesTheOther) {
    using heap = typename TestFixture::world;
    for (pid_nr nr = 1; nr < TestFixture::page_size; ++nr) ASSERT_TRUE(this->ns->alloc_pidmap());
    alloc_result faster = alloc_error::exhausted;
    heap::during_creation([&] { faster = this->ns->alloc_pidmap(); });
    const alloc_result slower = this->ns->alloc_pidmap();
    EXPECT_EQ(faster, TestFixture::page_size);
    EXPECT_EQ(slower, TestFixture::page_size + 1);
    EXPECT_EQ(heap::live(), 3) << "the namespace and two pages";
    this->expect_nr_free_to_be_clear_bits();
}

TYPED_TEST(VariantTest, AfterPidMaxShrankOldPidsAreFreedAndOnlyLowOnesHandedOut) {
    using G = typename TestFixture::geometry;
    const std::vector<pid_nr> old = this->fill();
    const pid_nr end = lowest_pid_max<G> + 1;
    this->pid_max.store(end);
    EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::exhausted);
    this->free_all(old);
    EXPECT_EQ(this->nonempty_pages(), 0);
    this->expect_nr_free_to_be_clear_bits();
    for (const pid_nr nr : this->fill()) {
        EXPECT_GE(nr, G::reserved_pids);
        EXPECT_LT(nr, end);
    }
}

TYPED_TEST(VariantTest, AfterPidMaxGrewNewPidsAreHandedOut) {
    this->fill();
    this->pid_max.store(2 * TestFixture::page_size + 1);
    EXPECT_EQ(this->ns->alloc_pidmap(), 2 * TestFixture::page_size);
    EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::exhausted);
}

// Every creation on the way is made to fail, one after another.
TYPED_TEST(VariantTest, WhicheverCreationFailsNothingIsLeakedAndTheNextAttemptSucceeds) {
    using heap = typename TestFixture::world;
    const int before = heap::live();
    for (int k = 1; k <= 3; ++k) {
        heap::fail_creation(k);
        TypeParam* made = create_namespace<TypeParam>(this->pid_max);
        EXPECT_EQ(made == nullptr, k <= 2) << "the namespace, then its page 0";
        EXPECT_EQ(heap::live(), made == nullptr ? before : before + 2);
        if (made == nullptr) continue;
        int failures = 0;
        for (pid_nr nr = 1; nr < 2 * TestFixture::page_size;) {
            const alloc_result result = made->alloc_pidmap();
            failures += result == alloc_error::no_memory ? 1 : 0;
            ASSERT_LE(failures, 1);
            if (!result) continue;
            ASSERT_EQ(result, nr);
            ++nr;
        }
        EXPECT_EQ(failures, 1) << "page 1";
        heap::destroy(made);
    }
    EXPECT_EQ(heap::live(), before);
}

// ------------------------------------------------------------------------------------------------

template <class V>
class BalanceTest : public VariantTest<V> {};
using balanced_cases = testing::with_t<testing::balances, all_cases>;
TYPED_TEST_SUITE(BalanceTest, testing::typed_cases_t<balanced_cases>, testing::case_name);

TYPED_TEST(BalanceTest, TheCountIsExternalReferencesAndPagesOrPidsAtEveryStep) {
    int held = 0;
    const auto expect_balance = [&] {
        const bool per_page = TypeParam::info.counts == counting::per_page;
        ASSERT_EQ(this->ns->peek_refcount(),
                  1 + TestFixture::extra_references + (per_page ? this->nonempty_pages() : held));
    };
    expect_balance();
    for (int round = 0; round < 2; ++round) {
        std::vector<pid_nr> pids;
        for (alloc_result got = this->ns->alloc_pidmap(); got; got = this->ns->alloc_pidmap()) {
            pids.push_back(got.nr());
            ++held;
            // All of it on tiny geometry; near the boundaries on the kernel's.
            if (got.nr() % TestFixture::page_size < 3) expect_balance();
        }
        expect_balance();
        for (const pid_nr nr : pids) {
            this->ns->free_pidmap(nr);
            --held;
            if (nr % TestFixture::page_size < 3) expect_balance();
        }
        expect_balance();
    }
}

/// The variants that declare that they hold, one namespace at a time, with their real references.
template <class V>
class FlawlessTest : public ::testing::Test {
public:
    using world = typename V::policy;
    static constexpr auto page_size = static_cast<pid_nr>(world::geometry::bits_per_page);

    FlawlessTest() {
        world::reset();
        world::keep_retired();
        ns = create_namespace<V>(pid_max);
    }
    ~FlawlessTest() override {
        EXPECT_EQ(world::retirements(), 1);
        world::drain();
        EXPECT_EQ(world::live(), 0);
    }
    void expect_dead() {
        EXPECT_EQ(world::retirements(), 1);
        EXPECT_EQ(ns->alloc_pidmap(), alloc_error::namespace_dead);
        EXPECT_FALSE(ns->get_unless_zero());
        EXPECT_EQ(ns->peek_refcount(), 0);
        EXPECT_EQ(world::retirements(), 1) << "released once";
    }

    typename V::pid_max_cell pid_max{2 * page_size};
    V* ns = nullptr;
};
using flawless_cases = testing::with_t<testing::is_flawless, all_cases>;
TYPED_TEST_SUITE(FlawlessTest, testing::typed_cases_t<flawless_cases>, testing::case_name);

TYPED_TEST(FlawlessTest, WithoutPidsTheLastPutReleasesTheNamespace) {
    ASSERT_TRUE(this->ns->get_unless_zero());
    this->ns->put();
    EXPECT_EQ(TypeParam::policy::retirements(), 0);
    this->ns->put();
    this->expect_dead();
}

TYPED_TEST(FlawlessTest, TheLastPidReleasesTheNamespaceWhenNoReferenceIsLeft) {
    const pid_nr one = this->ns->alloc_pidmap().nr();
    const pid_nr two = this->ns->alloc_pidmap().nr();
    this->ns->put();
    this->ns->free_pidmap(one);
    EXPECT_EQ(TypeParam::policy::retirements(), 0) << "a live pid keeps it";
    this->ns->free_pidmap(two);
    this->expect_dead();
}

TYPED_TEST(FlawlessTest, ANamespaceOfWhichOnlyPidsAreLeftStillAllocates) {
    std::vector<pid_nr> pids{this->ns->alloc_pidmap().nr()};
    this->ns->put();
    for (pid_nr nr = 2; nr < TestFixture::page_size + 2; ++nr) {
        const alloc_result result = this->ns->alloc_pidmap();
        ASSERT_EQ(result, nr);
        pids.push_back(result.nr());
    }
    for (const pid_nr nr : pids) this->ns->free_pidmap(nr);
    this->expect_dead();
}

// Page 0 empties, refills and empties again: what the posted form miscounts.
TYPED_TEST(FlawlessTest, PageZeroMayEmptyAsOftenAsItLikes) {
    for (int i = 0; i < 5; ++i) this->ns->free_pidmap(this->ns->alloc_pidmap().nr());
    EXPECT_EQ(this->ns->peek_refcount(), 1);
    this->ns->put();
    this->expect_dead();
}

// ------------------------------------------------------------------------------------------------

template <class V>
class PageCountingTest : public ::testing::Test {};
using page_counting_cases =
    testing::with_t<testing::counts_pages,
                    testing::joined_t<variant_types<testing::counted_refcount<tiny>>,
                                      variant_types<testing::counted_refcount<kernel_geometry>>>>;
TYPED_TEST_SUITE(PageCountingTest, testing::typed_cases_t<page_counting_cases>, testing::case_name);

TYPED_TEST(PageCountingTest, APageThatStaysNonEmptyCostsNoAccessToTheCount) {
    using world = typename TypeParam::policy;
    typename TypeParam::pid_max_cell pid_max{world::geometry::bits_per_page};
    TypeParam* const ns = create_namespace<TypeParam>(pid_max);
    ASSERT_NE(ns, nullptr);
    ASSERT_EQ(ns->alloc_pidmap(), 1);
    const int before = world::accesses();
    for (int i = 0; i < 10; ++i) {
        const alloc_result result = ns->alloc_pidmap();
        ASSERT_TRUE(result);
        ns->free_pidmap(result.nr());
    }
    EXPECT_EQ(world::accesses(), before);
    world::destroy(ns);
}

// ------------------------------------------------------------------------------------------------

template <template <class> class Variant>
std::vector<int> counts_while_page_zero_empties() {
    using world = testing::supervised<tiny>;
    world::reset();
    typename Variant<world>::pid_max_cell pid_max{4};
    auto* ns = create_namespace<Variant<world>>(pid_max);
    ns->get();  // Enough that nothing is released.
    ns->get();
    std::vector<int> counts{ns->peek_refcount()};
    for (int i = 0; i < 2; ++i) {
        const alloc_result result = ns->alloc_pidmap();
        counts.push_back(ns->peek_refcount());
        ns->free_pidmap(result.nr());
        counts.push_back(ns->peek_refcount());
    }
    world::destroy(ns);
    return counts;
}

// No concurrency needed: each emptying of page 0 puts, and no allocation on it ever gets.
TEST(AsPostedTest, PageZeroLosesAReferenceEachTimeThatItEmpties) {
    EXPECT_EQ(counts_while_page_zero_empties<as_posted>(), (std::vector{4, 4, 3, 3, 2}));
    EXPECT_EQ(counts_while_page_zero_empties<as_posted_creator>(), (std::vector{3, 3, 2, 2, 1}));
    EXPECT_EQ(counts_while_page_zero_empties<symmetric>(), (std::vector{3, 4, 3, 4, 3}));
    EXPECT_EQ(counts_while_page_zero_empties<sound>(), (std::vector{3, 4, 3, 4, 3}));
}

TEST(AsPostedTest, TheSecondEmptyingOfPageZeroReleasesANamespaceThatIsStillReferenced) {
    using world = testing::supervised<tiny>;
    world::reset();
    world::keep_retired();
    as_posted<world>::pid_max_cell pid_max{4};
    auto* ns = create_namespace<as_posted<world>>(pid_max);
    ns->free_pidmap(ns->alloc_pidmap().nr());
    EXPECT_EQ(world::retirements(), 0);
    ns->free_pidmap(ns->alloc_pidmap().nr());
    EXPECT_EQ(world::retirements(), 1) << "the creator still holds a reference";
    world::reset();
}

TEST(VariantListTest, EveryVariantIsNamedAfterItsFile) {
    std::size_t index = 0;
    for_each_variant<native>([&]<class V>(std::type_identity<V>) {
        static_assert(pid_allocator<V>);
        EXPECT_EQ(V::info.name, variant_files[index++]);
        EXPECT_FALSE(V::info.summary.empty());
        EXPECT_EQ(V::info.kind, variant_kind::variant);
    });
    EXPECT_EQ(index, variant_files.size());
}

#ifndef NDEBUG
TEST(FreePidmapDeathTest, APidThatCannotBeOneIsAnAssertion) {
    using world = basic_native<tiny>;
    sound<world>::pid_max_cell pid_max{4};
    sound<world>* const ns = create_namespace<sound<world>>(pid_max);
    for (const pid_nr nr : {-1, 0, 12, 1 << 30})
        EXPECT_DEATH(ns->free_pidmap(nr), "nr > 0 && nr < highest_pid_max") << nr;
    EXPECT_DEATH(ns->free_pidmap(5), "installed") << "a page that never was";
    world::destroy(ns);
}
#endif

}  // namespace
}  // namespace pidmap_stress
