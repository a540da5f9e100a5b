// Bugs of namespaces that nest and close, and of objects, that no mutant has in a form that
// hammering finds: each is found here.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>

#include "harness/testing/planted.hpp"

namespace pidmap_stress {
namespace {

using testing::planted;
using testing::planted_bug;

/// Does not check again whether the namespace is still open.
struct deaf_allocation_steps : sound_steps {
    static constexpr std::string_view name = "deaf_allocation";
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace&) noexcept {
            return true;
        }
    };
};
template <execution_policy P>
using deaf_allocation = planted<P, deaf_allocation_steps>;

/// Says that it is dead when it has many pids in use.
struct busy_says_dead_steps : sound_steps {
    static constexpr std::string_view name = "busy_says_dead";
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace& ns) noexcept {
            return namespace_lifecycle::still_open(ns) &&
                   ns.peek_nr_free(0) > Namespace::capacity(0) - 8;
        }
    };
};
template <execution_policy P>
using busy_says_dead = planted<P, busy_says_dead_steps>;

/// A worker that finds an object stores it without a reference.
struct store_without_get_steps : sound_steps {
    static constexpr std::string_view name = "store_without_get";
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            return object.count.load(std::memory_order::relaxed) != 0;
        }
    };
};
template <execution_policy P>
using store_without_get = planted<P, store_without_get_steps>;

/// The author thought that the last put needs no atomic step. A worker that looks for an object is
/// slow to take its reference, so that others come between: the race is rare enough as it is.
struct slow_shortcut_steps : sound_steps {
    static constexpr std::string_view name = "slow_shortcut";
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            std::this_thread::yield();
            return forgetful_objects::get_unless_zero(object);
        }
        template <class Object>
        [[nodiscard]] static bool drop(Object& object) noexcept {
            return object.count.load(std::memory_order::relaxed) == 1 ||
                   forgetful_objects::drop(object);
        }
    };
};
template <execution_policy P>
using slow_shortcut = planted<P, slow_shortcut_steps>;

/// A variant that is not a pid_namespace: it can allocate, and nothing else.
template <execution_policy P>
class flat : private pid_namespace<P, sound_orders, sound_steps> {
    using base = pid_namespace<P, sound_orders, sound_steps>;

public:
    using typename base::geometry;
    using typename base::pid_max_cell;
    using typename base::policy;
    explicit flat(const pid_max_cell& pid_max) noexcept : base(pid_max) {}
    using base::alloc_pidmap;
    using base::free_pidmap;
    using base::get;
    using base::get_unless_zero;
    using base::peek_bits;
    using base::peek_nr_free;
    using base::peek_refcount;
    using base::put;
    using base::start;
    static constexpr variant_info info{.name = "flat", .summary = "for tests"};
};

// A variant that does not nest is tested like any other, and is left out of everything about
// nesting.
TEST(FlatVariantTest, IsLeftOutOfScenariosAboutNesting) {
    const subject_entry entry = make_mutant_entry<flat>();
    EXPECT_FALSE(entry.nests);
    EXPECT_TRUE(find_subject("sound")->nests);
    for (const scenario_entry& workload : scenarios()) {
        constexpr std::array<std::string_view, 5> about_nesting{
            "nested", "outliving_pid", "dying_namespace", "many_pages", "many_references"};
        const bool nests =
            std::ranges::find(about_nesting, workload.info->name) != about_nesting.end();
        EXPECT_EQ(fits(*workload.info, discipline::member, false),
                  workload.info->disciplines.contains(discipline::member) && !nests);
    }
    const cell_result result =
        testing::run(entry, "churn", discipline::reference, testing::some_calls(5'000));
    EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
}

class PlantedLevelsTest : public ::testing::TestWithParam<planted_bug> {};

TEST_P(PlantedLevelsTest, IsFound) {
    EXPECT_FALSE(testing::expect_found(GetParam()).judged.as_expected())
        << "the variant declares nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Variants, PlantedLevelsTest,
    ::testing::Values(planted_bug{make_mutant_entry<deaf_allocation>(),
                                  "dying_namespace",
                                  discipline::reference,
                                  50'000,
                                  {invariant::linearizable}},
                      planted_bug{make_mutant_entry<busy_says_dead>(),
                                  "dying_namespace",
                                  discipline::member,
                                  100'000,
                                  {invariant::linearizable}},
                      planted_bug{make_mutant_entry<store_without_get>(),
                                  "outliving_pid",
                                  discipline::member,
                                  100'000,
                                  {invariant::no_use_after_release, invariant::released_once,
                                   invariant::linearizable}},
                      planted_bug{make_mutant_entry<slow_shortcut>(),
                                  "outliving_pid",
                                  discipline::reference,
                                  500'000,
                                  {invariant::no_use_after_release, invariant::released_once}}),
    testing::bug_name);

}  // namespace
}  // namespace pidmap_stress
