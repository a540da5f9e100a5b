// Namespaces that nest, close, and end; and objects that have a number at every level.

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "allocator/pid_object.hpp"
#include "allocator/testing/supervised.hpp"
#include "allocator/testing/typed.hpp"
#include "allocator/variant_list.hpp"

namespace pidmap_stress {
namespace {

using tiny = tiny_geometry<8, 2>;
template <class Geometry>
using supervised_types = variant_types<testing::supervised<Geometry>>;
using all_cases =
    testing::with_t<testing::is_pid_namespace,
                    testing::joined_t<supervised_types<tiny>, supervised_types<kernel_geometry>>>;
using numbers = std::array<pid_nr, max_level + 1>;

template <class V>
class LevelsTest : public ::testing::Test {
public:
    using world = typename V::policy;

    LevelsTest() {
        world::reset();
        world::keep_retired();
    }
    ~LevelsTest() override { world::reset(); }

    /// A chain of `depth` namespaces below a root; the creator's references of all but the deepest
    /// are dropped. \returns The deepest.
    V* chain(unsigned depth) {
        V* ns = create_namespace<V>(pid_max);
        for (unsigned n = 0; n < depth; ++n) {
            V* const child = create_namespace<V>(pid_max, ns);
            ns->put();
            ns = child;
        }
        return ns;
    }
    [[nodiscard]] static V& above(V& ns) { return *static_cast<V*>(ns.parent); }

    typename V::pid_max_cell pid_max{2 * static_cast<pid_nr>(V::geometry::bits_per_page)};
};
using flawless_cases = testing::with_t<testing::is_flawless, all_cases>;
TYPED_TEST_SUITE(LevelsTest, testing::typed_cases_t<flawless_cases>, testing::case_name);

TYPED_TEST(LevelsTest, AnAllocationTakesANumberAtEveryLevel) {
    for (const unsigned depth : {0U, 1U, 2U, 31U, 32U}) {
        TypeParam* const deepest = this->chain(depth);
        EXPECT_EQ(deepest->level, depth);
        numbers first{};
        numbers second{};
        ASSERT_EQ(alloc_numbers(*deepest, first).result, 1);
        ASSERT_EQ(alloc_numbers(*deepest, second).result, 2);
        for (unsigned level = 0; level <= max_level; ++level) {
            EXPECT_EQ(first[level], level <= depth ? 1 : 0);
            EXPECT_EQ(second[level], level <= depth ? 2 : 0);
        }
        const int retired = TypeParam::policy::retirements();
        deepest->put();
        free_numbers(*deepest, first);
        EXPECT_EQ(TypeParam::policy::retirements(), retired) << "one task is left";
        free_numbers(*deepest, second);
        EXPECT_EQ(TypeParam::policy::retirements(), retired + static_cast<int>(depth) + 1)
            << "the last one out releases the whole chain";
    }
}

TYPED_TEST(LevelsTest, AParentOutlivesItsChildren) {
    TypeParam* const root = create_namespace<TypeParam>(this->pid_max);
    TypeParam* const child = create_namespace<TypeParam>(this->pid_max, root);
    root->put();
    EXPECT_EQ(TypeParam::policy::retirements(), 0) << "the child keeps its parent";
    EXPECT_EQ(root->alloc_pidmap(), 1);
    root->free_pidmap(1);
    child->put();
    EXPECT_EQ(TypeParam::policy::retirements(), 2);
}

TYPED_TEST(LevelsTest, WhereOneLevelHasNoneTheDeeperOnesAreAsBefore) {
    this->pid_max.store(lowest_pid_max<typename TypeParam::geometry> + 8);
    for (unsigned full_level = 0; full_level < 3; ++full_level) {
        TypeParam* const deepest = this->chain(2);
        TypeParam* full = deepest;
        while (full->level != full_level) full = &TestFixture::above(*full);
        while (full->alloc_pidmap()) {
        }
        numbers got{};
        const numbers_result result = alloc_numbers(*deepest, got);
        EXPECT_EQ(result.result, alloc_error::exhausted);
        EXPECT_EQ(result.at_level, full_level);
        for (TypeParam* ns = deepest; ns != full; ns = &TestFixture::above(*ns)) {
            EXPECT_EQ(ns->peek_nr_free(0), TypeParam::capacity(0));
            EXPECT_EQ(ns->peek_refcount(), 1) << "the creator's, or the child's";
            EXPECT_EQ(ns->alloc_pidmap(), 1) << "init is pid 1, the first attempt notwithstanding";
        }
    }
}

TYPED_TEST(LevelsTest, ACreationThatFailsLeavesTheParentAsItWas) {
    using heap = typename TestFixture::world;
    TypeParam* const root = create_namespace<TypeParam>(this->pid_max);
    for (int k = 1; k <= 2; ++k) {
        heap::fail_creation(k);
        EXPECT_EQ(create_namespace<TypeParam>(this->pid_max, root), nullptr);
        EXPECT_EQ(root->peek_refcount(), 1);
        EXPECT_EQ(heap::live(), 2);
    }
    heap::fail_creation(0);
    TypeParam* const child = create_namespace<TypeParam>(this->pid_max, root);
    EXPECT_EQ(root->peek_refcount(), 2);
    const pid_nr first = child->alloc_pidmap().nr();
    TypeParam::lifecycle::abandon(*child, first);
    EXPECT_EQ(heap::retirements(), 1) << "and so does one that fails right after the first pid";
    EXPECT_EQ(root->peek_refcount(), 1);
    root->put();
}

TYPED_TEST(LevelsTest, AClosedNamespaceGivesNoPidAndKeepsThoseInUse) {
    TypeParam* const ns = create_namespace<TypeParam>(this->pid_max);
    const pid_nr one = ns->alloc_pidmap().nr();
    EXPECT_TRUE(ns->disable_pid_allocation());
    EXPECT_FALSE(ns->disable_pid_allocation()) << "it is closed already";
    for (int attempt = 0; attempt < 3; ++attempt)
        EXPECT_EQ(ns->alloc_pidmap(), alloc_error::namespace_dead);
    EXPECT_EQ(ns->peek_nr_free(0), TypeParam::capacity(0) - 1);
    ns->put();
    EXPECT_EQ(TypeParam::policy::retirements(), 0);
    ns->free_pidmap(one);
    EXPECT_EQ(TypeParam::policy::retirements(), 1);
}

TYPED_TEST(LevelsTest, EachCauseHasItsOwnError) {
    using heap = typename TestFixture::world;
    using G = typename TypeParam::geometry;
    constexpr auto page_size = static_cast<pid_nr>(G::bits_per_page);
    this->pid_max.store(page_size + 1);
    TypeParam* const ns = create_namespace<TypeParam>(this->pid_max);
    for (pid_nr nr = 1; nr < page_size; ++nr) ASSERT_EQ(ns->alloc_pidmap(), nr);
    heap::fail_creation(1);
    EXPECT_EQ(ns->alloc_pidmap(), alloc_error::no_memory);
    EXPECT_EQ(ns->alloc_pidmap(), page_size);
    EXPECT_EQ(ns->alloc_pidmap(), alloc_error::exhausted);
    ns->disable_pid_allocation();
    EXPECT_EQ(ns->alloc_pidmap(), alloc_error::namespace_dead) << "full, too, but above all dead";
    heap::destroy(ns);
}

// ------------------------------------------------------------------------------------------------

template <class V>
class ObjectTest : public LevelsTest<V> {};
TYPED_TEST_SUITE(ObjectTest, testing::typed_cases_t<flawless_cases>, testing::case_name);

TYPED_TEST(ObjectTest, ItIsFoundAtEveryLevelUntilItsNumbersGo) {
    TypeParam* const child = this->chain(1);
    TypeParam& root = TestFixture::above(*child);
    ASSERT_EQ(root.alloc_pidmap(), 1);
    auto* const object = alloc_pid(*child).object;
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(object->numbers[0].get(), 2);
    EXPECT_EQ(object->numbers[1].get(), 1);
    EXPECT_EQ(find_pid(*child, 1), object);
    EXPECT_EQ(find_pid(root, 2), object);
    EXPECT_EQ(find_pid(root, 1), nullptr) << "a number without an object";
    EXPECT_EQ(find_pid(root, -1), nullptr);
    EXPECT_EQ(find_pid(root, 1 << 30), nullptr);
    EXPECT_EQ(object->peek_count(), 3);
    free_pid(*child, *object);
    EXPECT_EQ(find_pid(*child, 1), nullptr);
    EXPECT_EQ(find_pid(root, 2), nullptr);
    EXPECT_EQ(TypeParam::policy::retirements(), 0);
    put_pid<TypeParam>(*object);
    put_pid<TypeParam>(*object);
    EXPECT_EQ(TypeParam::policy::retirements(), 1) << "the object";
    child->put();
    root.free_pidmap(1);
    EXPECT_EQ(TypeParam::policy::retirements(), 3);
}

TYPED_TEST(ObjectTest, AReusedNumberLeadsToItsNewOwner) {
    constexpr pid_nr nr = TypeParam::geometry::reserved_pids;
    this->pid_max.store(nr + 3);
    TypeParam* const ns = create_namespace<TypeParam>(this->pid_max);
    const auto next_of_that_number = [&] {
        for (;;) {
            auto* const object = alloc_pid(*ns).object;
            if (object->numbers[0].get() == nr) return object;
            free_pid(*ns, *object);
        }
    };
    auto* const old = next_of_that_number();
    get_pid<TypeParam>(*old);
    free_pid(*ns, *old);
    EXPECT_EQ(find_pid(*ns, nr), nullptr);
    auto* const fresh = next_of_that_number();
    EXPECT_NE(fresh, old);
    EXPECT_EQ(find_pid(*ns, nr), fresh);
    EXPECT_EQ(old->peek_count(), 1) << "the old one is still there";
}

// Every creation on the way is made to fail, one after another.
TYPED_TEST(ObjectTest, WhicheverCreationFailsNothingIsLeaked) {
    using heap = typename TestFixture::world;
    TypeParam* const child = this->chain(1);
    TypeParam& root = TestFixture::above(*child);
    const int before = heap::live();
    int k = 1;
    for (;; ++k) {
        heap::fail_creation(k);
        const auto got = alloc_pid(*child);
        if (got.object != nullptr) {
            heap::fail_creation(0);
            EXPECT_EQ(got.object->numbers[1].get(), 1) << "init, at last";
            free_pid(*child, *got.object);
            break;
        }
        EXPECT_EQ(got.error, alloc_error::no_memory);
        EXPECT_EQ(child->peek_nr_free(0), TypeParam::capacity(0));
        EXPECT_EQ(root.peek_nr_free(0), TypeParam::capacity(0));
        EXPECT_EQ(child->peek_refcount(), 1);
        EXPECT_EQ(root.peek_refcount(), 1);
    }
    EXPECT_EQ(k, 5) << "the object and two parts of each table; of those, what is made stays";
    child->put();
    heap::drain();
    EXPECT_LE(heap::live(), before);
    EXPECT_EQ(heap::live(), 0);
}

// The seed's third claim, without concurrency: the namespace goes with its last page, and the
// object that came from it does not.
TEST(OutlivingObjectTest, OnlyACountedObjectKeepsItsNamespace) {
    const auto released = []<template <class> class Variant>() {
        using world = testing::supervised<tiny>;
        world::reset();
        world::keep_retired();
        typename Variant<world>::pid_max_cell pid_max{8};
        auto* const ns = create_namespace<Variant<world>>(pid_max);
        auto* const object = alloc_pid(*ns).object;
        get_pid<Variant<world>>(*object);
        ns->put();
        free_pid(*ns, *object);
        const bool gone = world::retirements() == 1;
        const int made = ns->objects_made.load();
        put_pid<Variant<world>>(*object);
        const bool touched = ns->objects_made.load() != made;
        world::reset();
        return std::pair{gone, touched};
    };
    using seen = std::pair<bool, bool>;
    EXPECT_EQ(released.template operator()<per_pid>(), (seen{false, true}));
    EXPECT_EQ(released.template operator()<symmetric>(), (seen{true, true}))
        << "a use after release";
    EXPECT_EQ(released.template operator()<sound>(), (seen{true, false}));
}

}  // namespace
}  // namespace pidmap_stress
