// The bugs that only namespaces that nest and close, and objects, can have: each is found.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <thread>

#include "harness/testing/planted.hpp"

namespace pidmap_stress {
namespace {

using testing::planted;
using testing::planted_bug;

/// Releases a chain by a recursion, as Linux did until 2012.
struct recursive_release_steps : sound_steps {
    static constexpr std::string_view name = "recursive_release";
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void release(Namespace& last) noexcept {
            Namespace* const parent = last.parent;
            Namespace::policy::retire(&last);
            if (parent != nullptr && parent->drop()) go_on(*parent);
        }
        /// Not in line, and not as a jump: what a compiler makes a loop of is no recursion.
        template <class Namespace>
        [[gnu::noinline]] static void go_on(Namespace& parent) noexcept {
            release(parent);
            Namespace::policy::pause();
        }
    };
};
template <execution_policy P>
using recursive_release = planted<P, recursive_release_steps>;

/// A creation that fails keeps its reference on the parent.
struct leaking_creation_steps : sound_steps {
    static constexpr std::string_view name = "leaking_creation";
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static Namespace* create(const typename Namespace::pid_max_cell& pid_max,
                                               Namespace* parent) noexcept {
            if (parent != nullptr) parent->get();
            Namespace* const made = namespace_lifecycle::create(pid_max, parent);
            if (made != nullptr && parent != nullptr) parent->put();  // It has one of its own.
            return made;
        }
    };
};
template <execution_policy P>
using leaking_creation = planted<P, leaking_creation_steps>;

/// Does not look again whether the namespace is open still.
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
struct wrong_errno_steps : sound_steps {
    static constexpr std::string_view name = "wrong_errno";
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace& ns) noexcept {
            return namespace_lifecycle::still_open(ns) &&
                   ns.peek_nr_free(0) > Namespace::capacity(0) - 8;
        }
    };
};
template <execution_policy P>
using wrong_errno = planted<P, wrong_errno_steps>;

/// Does not put the hint back when the first number was in vain.
struct kept_hint_steps : sound_steps {
    static constexpr std::string_view name = "kept_hint";
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void take_back(Namespace& ns, pid_nr nr) noexcept {
            ns.free_pidmap(nr);
        }
    };
};
template <execution_policy P>
using kept_hint = planted<P, kept_hint_steps>;

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

/// The last put is thought to need no atomic step. A worker that looks for an object is slow to
/// take its reference, so that others come between: the race is rare enough as it is.
struct count_one_shortcut_steps : sound_steps {
    static constexpr std::string_view name = "count_one_shortcut";
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
using count_one_shortcut = planted<P, count_one_shortcut_steps>;

/// The table keeps the object of a number that goes back.
struct stale_slot_steps : sound_steps {
    static constexpr std::string_view name = "stale_slot";
    struct objects : forgetful_objects {
        template <class Slot>
        static void unpublish(Slot&) noexcept {}
    };
};
template <execution_policy P>
using stale_slot = planted<P, stale_slot_steps>;

/// Lets a page from the 101st on do without a reference.
struct hundred_pages_steps : sound_steps {
    static constexpr std::string_view name = "hundred_pages";
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        if (page < 100) return sound_steps::open_page(ns, page);
        ns.pages[page].nr_free.fetch_sub(1, Namespace::orders::reserve);
        return page_answer::open;
    }
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (page < 100) return sound_steps::vacate(ns, page);
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate);
    }
};
template <execution_policy P>
using hundred_pages = planted<P, hundred_pages_steps>;

/// Takes a count of 500 for one that never comes down to 0.
struct five_hundred_steps : sound_steps {
    static constexpr std::string_view name = "five_hundred";
    template <class Namespace>
    [[nodiscard]] static bool drop(Namespace& ns) noexcept {
        if (ns.refcount.load(Namespace::orders::hint) >= 500) return false;
        return ns.refcount.fetch_sub(1, Namespace::orders::put) == 1;
    }
};
template <execution_policy P>
using five_hundred = planted<P, five_hundred_steps>;

/// A variant that is no pid_namespace to whom it may concern: it allocates, and that is all.
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

// A variant that does not nest is tested like any other, and has no part in what is about nesting.
TEST(FlatVariantTest, IsLeftOutOfScenariosAboutNesting) {
    const subject_entry entry = make_subject_entry<flat>();
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
    testing::expect_found(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Variants, PlantedLevelsTest,
    ::testing::Values(planted_bug{make_subject_entry<recursive_release>(),
                                  "nested",
                                  discipline::reference,
                                  100'000,
                                  {invariant::bounded_stack}},
                      planted_bug{make_subject_entry<leaking_creation>(),
                                  "nested",
                                  discipline::member,
                                  20'000,
                                  {invariant::refcount_equals_pages}},
                      planted_bug{make_subject_entry<kept_hint>(),
                                  "nested",
                                  discipline::member,
                                  100'000,
                                  {invariant::pid_in_range}},
                      planted_bug{make_subject_entry<deaf_allocation>(),
                                  "dying_namespace",
                                  discipline::reference,
                                  50'000,
                                  {invariant::linearizable}},
                      planted_bug{make_subject_entry<wrong_errno>(),
                                  "dying_namespace",
                                  discipline::member,
                                  100'000,
                                  {invariant::linearizable}},
                      planted_bug{make_subject_entry<store_without_get>(),
                                  "outliving_pid",
                                  discipline::member,
                                  100'000,
                                  {invariant::no_use_after_release, invariant::released_once,
                                   invariant::linearizable}},
                      planted_bug{make_subject_entry<count_one_shortcut>(),
                                  "outliving_pid",
                                  discipline::reference,
                                  500'000,
                                  {invariant::no_use_after_release, invariant::released_once}},
                      planted_bug{make_subject_entry<hundred_pages>(),
                                  "many_pages",
                                  discipline::reference,
                                  1'000,
                                  {invariant::refcount_equals_pages}},
                      planted_bug{make_subject_entry<five_hundred>(),
                                  "many_references",
                                  discipline::member,
                                  1'000,
                                  {invariant::refcount_equals_pages, invariant::nothing_leaked}},
                      planted_bug{make_subject_entry<stale_slot>(),
                                  "outliving_pid",
                                  discipline::member,
                                  100'000,
                                  {invariant::no_use_after_release, invariant::linearizable}}),
    testing::bug_name);

}  // namespace
}  // namespace pidmap_stress
