// Each variant, of whatever make, against the contract in pid_allocator.hpp, as far as one worker
// can tell. Goal: a new variant is tested because it is in its folder, and a failure is reported in
// the words of the contract.

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>
#include <vector>

#include "allocator/example/own_make.hpp"
#include "allocator/testing/supervised.hpp"
#include "allocator/testing/typed.hpp"
#include "allocator/variant_list.hpp"

namespace pidmap_stress {
namespace {

using tiny = tiny_geometry<4, 3, 2>;
template <class Geometry>
using types_on = testing::joined_t<variant_types<testing::supervised<Geometry>>,
                                   type_list<own_make<testing::supervised<Geometry>>>>;
using all_cases = testing::joined_t<types_on<tiny>, types_on<kernel_geometry>>;

/// One namespace with two pages of pids, and what the caller knows of it.
template <class V>
class ContractTest : public ::testing::Test {
public:
    using world = typename V::policy;
    using geometry = typename world::geometry;
    static constexpr auto page_size = static_cast<pid_nr>(geometry::bits_per_page);
    static constexpr pid_nr end = 2 * page_size;
    /// Enough that no variant releases it: faults of its count are not tested here.
    static constexpr int extra_references = 1000;

    ContractTest() {
        check_contract<V>();
        world::reset();
        ns = create_namespace<V>(pid_max);
        for (int n = 0; n < extra_references; ++n) ns->get();
    }
    ~ContractTest() override {
        world::destroy(ns);
        EXPECT_EQ(world::live(), 0) << "the destructor passes each page to P::destroy()";
    }

    /// Allocates until no pid is left.
    void fill() {
        alloc_result got = ns->alloc_pidmap();
        for (; got && !HasFailure(); got = ns->alloc_pidmap()) keep(got.nr());
    }
    void keep(pid_nr nr) {
        EXPECT_TRUE(nr >= 1 && nr < pid_max.load()) << nr << ": a pid is in [1, pid_max)";
        EXPECT_TRUE(held.insert(nr).second) << nr << ": a pid is given that nobody holds";
    }
    void free(pid_nr nr) {
        held.erase(nr);
        ns->free_pidmap(nr);
    }
    void free_all() {
        while (!held.empty()) free(*held.begin());
    }
    [[nodiscard]] bool is_set(pid_nr nr) const {
        const auto at = static_cast<unsigned>(nr);
        const auto* const bits = ns->peek_bits(at / geometry::bits_per_page);
        const unsigned bit = at % geometry::bits_per_page;
        return bits != nullptr && (bits->peek(bit / 64) >> (bit % 64) & 1) != 0;
    }
    /// Expects that the views say what the caller holds.
    void expect_views_to_be_right() const {
        std::set<unsigned> pages;
        for (unsigned page = 0; page < geometry::max_pages; ++page) {
            int used = 0;
            const auto* const bits = ns->peek_bits(page);
            for (unsigned w = 0; bits != nullptr && w < bits->words; ++w)
                used += std::popcount(bits->peek(w));
            const int clear = static_cast<int>(geometry::bits_per_page) -
                              (bits == nullptr && page == 0 ? 1 : used);
            EXPECT_EQ(ns->peek_nr_free(page), clear)
                << "page " << page << ": peek_nr_free(page) is the number of its clear bits";
            if (used > (page == 0 ? 1 : 0)) pages.insert(page);
        }
        EXPECT_TRUE(is_set(0)) << "start() sets bit 0 of page 0, which is never a pid";
        for (const pid_nr nr : held)
            EXPECT_TRUE(is_set(nr)) << nr << ": bit i of a page's word w is pid "
                                    << "page * bits_per_page + w * 64 + i";
        if (!testing::balances<V>::value) return;
        const auto stand_for = V::info.counts == counting::per_page ? pages.size() : held.size();
        EXPECT_EQ(ns->peek_refcount(), 1 + extra_references + static_cast<int>(stand_for))
            << "a reference stands for "
            << (V::info.counts == counting::per_page ? "a page with pids in use" : "a pid")
            << ", beside those of callers";
    }

    typename V::pid_max_cell pid_max{end};
    V* ns = nullptr;
    std::set<pid_nr> held;
};
TYPED_TEST_SUITE(ContractTest, testing::typed_cases_t<all_cases>, testing::case_name);

TYPED_TEST(ContractTest, ANamespaceBeginsEmptyWithOneReference) {
    this->expect_views_to_be_right();
    const int references = this->ns->peek_refcount() - TestFixture::extra_references;
    // A variant that declares that its references do not balance may have more from the start.
    EXPECT_TRUE(references == 1 || !testing::balances<TypeParam>::value)
        << references << ": a namespace is made with one reference, the creator's";
}

TYPED_TEST(ContractTest, EveryPidIsGivenOnceAndThenThereIsNone) {
    using G = typename TestFixture::geometry;
    this->fill();
    for (pid_nr nr = G::reserved_pids; nr < TestFixture::end; ++nr)
        EXPECT_TRUE(this->held.contains(nr)) << nr << ": `exhausted` while this pid is free";
    EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::exhausted)
        << "`exhausted` when the search found nothing";
    this->expect_views_to_be_right();
    this->free_all();
    this->expect_views_to_be_right();
}

TYPED_TEST(ContractTest, ThePidThatIsFreedInAFullMapIsFound) {
    using G = typename TestFixture::geometry;
    this->fill();
    // Not the last one that was handed out: behind that one a search begins.
    for (const pid_nr nr : {G::reserved_pids, TestFixture::page_size - 1, TestFixture::page_size,
                            TestFixture::end - 2}) {
        this->free(nr);
        const alloc_result got = this->ns->alloc_pidmap();
        EXPECT_EQ(got, nr) << "it is the only one that is free";
        if (got) this->keep(got.nr());
    }
    this->expect_views_to_be_right();
}

TYPED_TEST(ContractTest, APidIsNotGivenAgainBeforeTheSearchHasWrapped) {
    using G = typename TestFixture::geometry;
    // One stays, so that emptying and refilling pages does not matter here.
    const alloc_result resident = this->ns->alloc_pidmap();
    ASSERT_TRUE(resident);
    this->keep(resident.nr());
    std::set<pid_nr> given;
    for (pid_nr n = 1; n < TestFixture::page_size; ++n) {
        const alloc_result got = this->ns->alloc_pidmap();
        ASSERT_TRUE(got) << "`exhausted` while pids are free";
        EXPECT_TRUE(given.insert(got.nr()).second)
            << got.nr() << ": a search begins behind the last pid that was handed out";
        this->ns->free_pidmap(got.nr());
    }
    // Some time later it wraps.
    pid_nr before = 0;
    for (pid_nr n = 0; n < 3 * TestFixture::end; ++n) {
        const alloc_result got = this->ns->alloc_pidmap();
        ASSERT_TRUE(got) << "`exhausted` while pids are free";
        this->ns->free_pidmap(got.nr());
        if (got.nr() < before) {
            EXPECT_GE(got.nr(), G::reserved_pids)
                << "from a wrap on, pids are at or above geometry::reserved_pids";
            return;
        }
        before = got.nr();
    }
    FAIL() << "the search never wraps";
}

TYPED_TEST(ContractTest, APidMaxThatShrinksOrGrowsIsHeeded) {
    using G = typename TestFixture::geometry;
    this->fill();
    this->pid_max.store(lowest_pid_max<G> + 1);
    EXPECT_EQ(this->ns->alloc_pidmap(), alloc_error::exhausted) << "a pid is in [1, pid_max)";
    this->pid_max.store(TestFixture::end + 1);
    const alloc_result got = this->ns->alloc_pidmap();
    EXPECT_EQ(got, TestFixture::end) << "the cell may change at any time";
    if (got) this->keep(got.nr());
    this->expect_views_to_be_right();
    this->free_all();
}

TYPED_TEST(ContractTest, WithoutMemoryNothingIsLeftOfTheAttempt) {
    using heap = typename TestFixture::world;
    const int before = heap::live();
    int failures = 0;
    for (int k = 1; k <= 3; ++k) {
        heap::fail_creation(k);
        TypeParam* const made = create_namespace<TypeParam>(this->pid_max);
        heap::fail_creation(0);
        if (made != nullptr) {
            heap::destroy(made);
        } else {
            ++failures;
        }
        EXPECT_EQ(heap::live(), before)
            << "where start() returns false, the destructor passes each page to P::destroy()";
    }
    EXPECT_GE(failures, 1) << "memory for a namespace comes from P::create()";

    heap::fail_creation(1);
    for (int n = 0; n < 2 * static_cast<int>(TestFixture::page_size); ++n) {
        const int references = this->ns->peek_refcount();
        const int live = heap::live();
        const alloc_result got = this->ns->alloc_pidmap();
        if (got) {
            this->keep(got.nr());
            continue;
        }
        if (got.error() == alloc_error::exhausted) break;
        EXPECT_EQ(got, alloc_error::no_memory) << "`no_memory` when a page was needed";
        EXPECT_EQ(this->ns->peek_refcount(), references) << "no error leaves a trace";
        EXPECT_EQ(heap::live(), live) << "no error leaves a trace";
        heap::fail_creation(0);
    }
    heap::fail_creation(0);
    this->expect_views_to_be_right();
    this->free_all();
}

/// The variants that declare no breakage, with real references.
template <class V>
class ReleaseTest : public ::testing::Test {
public:
    using world = typename V::policy;

    ReleaseTest() {
        world::reset();
        world::keep_retired();
        ns = create_namespace<V>(pid_max);
    }
    ~ReleaseTest() override {
        world::drain();
        EXPECT_EQ(world::live(), 0) << "the destructor passes each page to P::destroy()";
    }
    void expect_alive(const char* why) { EXPECT_EQ(world::retirements(), 0) << why; }
    void expect_dead() {
        EXPECT_EQ(world::retirements(), 1)
            << "the call that takes the count to 0 passes the namespace to P::retire(), once";
        EXPECT_EQ(ns->peek_refcount(), 0);
        EXPECT_FALSE(ns->get_unless_zero()) << "once the count is 0 it stays 0";
        EXPECT_EQ(ns->alloc_pidmap(), alloc_error::namespace_dead)
            << "`namespace_dead` when the count was 0";
        EXPECT_EQ(ns->peek_refcount(), 0) << "once the count is 0 it stays 0";
        EXPECT_EQ(world::retirements(), 1) << "it is released once";
    }

    typename V::pid_max_cell pid_max{static_cast<pid_nr>(2 * world::geometry::bits_per_page)};
    V* ns = nullptr;
};
using flawless_cases = testing::with_t<testing::is_flawless, all_cases>;
TYPED_TEST_SUITE(ReleaseTest, testing::typed_cases_t<flawless_cases>, testing::case_name);

TYPED_TEST(ReleaseTest, TheLastReferenceReleases) {
    EXPECT_TRUE(this->ns->get_unless_zero()) << "get_unless_zero() takes a reference";
    this->ns->get();
    this->ns->put();
    this->ns->put();
    this->expect_alive("the creator's reference is left");
    this->ns->put();
    this->expect_dead();
}

TYPED_TEST(ReleaseTest, WhileAPidIsInUseItsNamespaceIsNotReleased) {
    const alloc_result one = this->ns->alloc_pidmap();
    const alloc_result two = this->ns->alloc_pidmap();
    ASSERT_TRUE(one && two);
    this->ns->put();
    this->expect_alive("two pids are in use");
    this->ns->free_pidmap(one.nr());
    this->expect_alive("a pid is in use");
    const alloc_result three = this->ns->alloc_pidmap();
    ASSERT_TRUE(three) << "a namespace that its pids keep is as good as any";
    this->ns->free_pidmap(two.nr());
    this->ns->free_pidmap(three.nr());
    this->expect_dead();
}

}  // namespace
}  // namespace pidmap_stress
