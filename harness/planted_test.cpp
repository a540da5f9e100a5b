// Goal: show that the harness can see. Each variant here is one as a user would write it, with one
// bug, and a bounded number of calls must find it under the name of the invariant that it breaks.

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "harness/testing/planted.hpp"

namespace pidmap_stress {
namespace {

using testing::planted;
using testing::planted_bug;

struct copy_steps : sound_steps {
    static constexpr std::string_view name = "copy_of_sound";
};
template <execution_policy P>
using copy_of_sound = planted<P, copy_steps>;

/// Drops the page's reference when the page is about to be empty, and only then says so.
struct put_first_steps : sound_steps {
    static constexpr std::string_view name = "put_first";
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        if (nr_free.load(Namespace::orders::hint) + 1 == Namespace::capacity(page)) ns.put();
        nr_free.fetch_add(1, Namespace::orders::vacate);
    }
};
template <execution_policy P>
using put_first = planted<P, put_first_steps>;

/// Never drops the page's reference.
struct lost_put_steps : sound_steps {
    static constexpr std::string_view name = "lost_put";
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate);
    }
};
template <execution_policy P>
using lost_put = planted<P, lost_put_steps>;

/// Drops it twice.
struct double_put_steps : sound_steps {
    static constexpr std::string_view name = "double_put";
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate) + 1 !=
            Namespace::capacity(page))
            return;
        ns.put();
        ns.put();
    }
};
template <execution_policy P>
using double_put = planted<P, double_put_steps>;

/// Counts free pids by a load and a store.
struct torn_count_steps : sound_steps {
    static constexpr std::string_view name = "torn_count";
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        const int free_pids = nr_free.load(Namespace::orders::hint) + 1;
        Namespace::policy::pause();
        nr_free.store(free_pids, std::memory_order::release);
        if (free_pids == Namespace::capacity(page)) ns.put();
    }
};
template <execution_policy P>
using torn_count = planted<P, torn_count_steps>;

/// At the end of page 0 the hint goes to 0, and not to where a wrap begins.
struct wrap_to_zero_steps : sound_steps {
    static constexpr std::string_view name = "wrap_to_zero";
    template <class Namespace>
    static void advance_last_pid(Namespace& ns, pid_nr last, pid_nr nr) noexcept {
        advance_last_pid_forward(ns, last, nr);
        if (nr == static_cast<pid_nr>(Namespace::geometry::bits_per_page) - 1)
            ns.last_pid.store(0, Namespace::orders::hint);
    }
};
template <execution_policy P>
using wrap_to_zero = planted<P, wrap_to_zero_steps>;

/// A search that leaves a page for the next one begins there with the second bit.
struct second_bit_steps : sound_steps {
    static constexpr std::string_view name = "second_bit";
    template <geometry_trait G>
    class search : public pid_search<G> {
        bool moved_on_ = false;

    public:
        using pid_search<G>::pid_search;
        [[nodiscard]] constexpr unsigned first_bit() const noexcept {
            return pid_search<G>::first_bit() + (moved_on_ ? 1 : 0);
        }
        constexpr void next_page() noexcept {
            moved_on_ = true;
            pid_search<G>::next_page();
        }
    };
};
template <execution_policy P>
using second_bit = planted<P, second_bit_steps>;

/// Tests a bit and sets it, in two steps.
template <class P>
struct torn_bits_world : P {
    template <class Base>
    struct torn : Base {
        using Base::Base;
        typename Base::value_type fetch_or(typename Base::value_type bits,
                                           std::memory_order how) noexcept {
            const auto before = Base::load(how);
            P::pause();
            Base::store(before | bits, std::memory_order::relaxed);
            return before;
        }
    };
    template <class T, cell_role Role = cell_role::data>
    using atomic =
        std::conditional_t<Role == cell_role::bitmap, torn<typename P::template atomic<T, Role>>,
                           typename P::template atomic<T, Role>>;
};
struct torn_bits_steps : sound_steps {
    static constexpr std::string_view name = "torn_bits";
};
template <execution_policy P>
using torn_bits = planted<torn_bits_world<P>, torn_bits_steps>;

/// A worker that loses the race to install a page keeps the page that it made.
template <class P>
struct lost_page_world : P {
    static inline thread_local bool lost = false;

    template <class Base>
    struct racing : Base {
        using Base::Base;
        bool compare_exchange_strong(typename Base::value_type& expected,
                                     typename Base::value_type wanted, std::memory_order success,
                                     std::memory_order failure) noexcept {
            const bool won = Base::compare_exchange_strong(expected, wanted, success, failure);
            lost = !won;
            return won;
        }
    };
    template <class T, cell_role Role = cell_role::data>
    using atomic =
        std::conditional_t<Role == cell_role::page, racing<typename P::template atomic<T, Role>>,
                           typename P::template atomic<T, Role>>;
    /// Slow, so that others come between: the race is rare enough as it is.
    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        std::this_thread::yield();
        return P::template create<T>(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) noexcept {
        if (!std::exchange(lost, false)) P::destroy(object);
    }
};
struct lost_page_steps : sound_steps {
    static constexpr std::string_view name = "lost_page";
};
template <execution_policy P>
using lost_page = planted<lost_page_world<P>, lost_page_steps>;

/// Takes the lowest free pid, as one's first allocator does.
struct first_fit_steps : sound_steps {
    static constexpr std::string_view name = "first_fit";
    template <class Namespace>
    static void advance_last_pid(Namespace& /*ns*/, pid_nr /*last*/, pid_nr /*nr*/) noexcept {}
};
template <execution_policy P>
using first_fit = planted<P, first_fit_steps>;

// Where a set-up brings the search forward, one that never gets on ends it, and is told.
TEST(FirstFitTest, EveryScenarioEnds) {
    const subject_entry entry = make_subject_entry<first_fit>();
    for (const scenario_entry& workload : scenarios())
        for (const discipline how :
             {discipline::member, discipline::reference, discipline::lookup}) {
            if (!fits(*workload.info, how, entry.nests)) continue;
            const cell_result result = testing::run(entry, workload, how, testing::some_calls(500));
            EXPECT_NE(result.judged.kind, verdict_kind::stall)
                << workload.info->name << ": " << testing::told(result);
            if (workload.info->name != "exhaustion") continue;
            EXPECT_TRUE(result.seen.broken().contains(invariant::no_immediate_reuse))
                << testing::told(result);
        }
}

class PlantedBugTest : public ::testing::TestWithParam<planted_bug> {};

TEST_P(PlantedBugTest, IsFound) {
    testing::expect_found(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Variants, PlantedBugTest,
    ::testing::Values(planted_bug{make_subject_entry<put_first>(),
                                  "lifecycle",
                                  discipline::member,
                                  20'000,
                                  {invariant::no_use_after_release}},
                      planted_bug{make_subject_entry<lost_put>(),
                                  "page_zero",
                                  discipline::reference,
                                  1'000,
                                  {invariant::refcount_equals_pages}},
                      planted_bug{make_subject_entry<double_put>(),
                                  "page_zero",
                                  discipline::reference,
                                  1'000,
                                  {invariant::refcount_equals_pages, invariant::no_underflow,
                                   invariant::no_use_after_release}},
                      planted_bug{make_subject_entry<torn_count>(),
                                  "churn",
                                  discipline::member,
                                  200'000,
                                  {invariant::nr_free_equals_clear_bits},
                                  8},
                      planted_bug{make_subject_entry<wrap_to_zero>(),
                                  "wraparound",
                                  discipline::reference,
                                  50'000,
                                  {invariant::pid_in_range},
                                  0,
                                  32768},
                      planted_bug{make_subject_entry<second_bit>(),
                                  "page_boundary",
                                  discipline::reference,
                                  100,
                                  {invariant::linearizable}},
                      planted_bug{make_subject_entry<torn_bits>(),
                                  "churn",
                                  discipline::member,
                                  200'000,
                                  {invariant::unique_pid, invariant::bitmap_equals_held},
                                  8},
                      planted_bug{make_subject_entry<lost_page>(),
                                  "page_install",
                                  discipline::reference,
                                  30'000,
                                  {invariant::nothing_leaked},
                                  0}),
    testing::bug_name);

// The same frame without a bug holds: it is the bugs that are found, and not the frame.
TEST(PlantedVariantTest, ACorrectCopyHolds) {
    const subject_entry copy = make_subject_entry<copy_of_sound>();
    for (const std::string_view workload : {"churn", "page_zero", "lifecycle"}) {
        const cell_result result =
            testing::run(copy, workload, discipline::reference, testing::some_calls(10'000));
        EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
        EXPECT_TRUE(result.judged.as_expected());
    }
}

}  // namespace
}  // namespace pidmap_stress
