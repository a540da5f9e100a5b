// Goal: show that the harness can see. A bounded number of calls finds each bug that hammering can
// find, and reports an invariant that the bug breaks.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "harness/testing/planted.hpp"

namespace pidmap_stress {
namespace {

using testing::planted;

struct copy_steps : sound_steps {
    static constexpr std::string_view name = "copy_of_sound";
};
template <execution_policy P>
using copy_of_sound = planted<P, copy_steps>;

/// Takes the lowest free pid, as a first attempt at an allocator does.
struct first_fit_steps : sound_steps {
    static constexpr std::string_view name = "first_fit";
    template <class Namespace>
    static void advance_last_pid(Namespace& /*ns*/, pid_nr /*last*/, pid_nr /*nr*/) noexcept {}
};
template <execution_policy P>
using first_fit = planted<P, first_fit_steps>;

// Where a set-up brings the search forward, a search that never advances ends it, and is reported.
TEST(FirstFitTest, EveryScenarioEnds) {
    const subject_entry entry = make_mutant_entry<first_fit>();
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

/// Mutants that hammering must find, each where a bounded number of calls shows it.
struct hammered {
    std::string_view mutant;
    std::string_view workload;
    discipline how;
    std::uint64_t operations;
    std::vector<invariant> found;  ///< One of these: the schedule decides which is first.
    std::uint32_t jitter_one_in = 0;

    friend void PrintTo(const hammered& what, std::ostream* out) { *out << what.mutant; }
};

const auto mutant_name = [](const auto& info) { return std::string(info.param.mutant); };

class HammeredMutantTest : public ::testing::TestWithParam<hammered> {};

TEST_P(HammeredMutantTest, IsFound) {
    const hammered& bug = GetParam();
    const subject_entry* const mutant = find_subject(bug.mutant);
    ASSERT_NE(mutant, nullptr);
    (void)testing::expect_found({.variant = *mutant,
                                 .workload = bug.workload,
                                 .how = bug.how,
                                 .operations = bug.operations,
                                 .found = bug.found,
                                 .jitter_one_in = bug.jitter_one_in});
}

using enum invariant;
using enum discipline;
INSTANTIATE_TEST_SUITE_P(
    Mutants, HammeredMutantTest,
    ::testing::Values(
        hammered{"put_before_empty", "lifecycle", member, 20'000, {no_use_after_release}},
        hammered{"lost_put", "page_zero", reference, 1'000, {refcount_equals_pages}},
        hammered{"double_put",
                 "page_zero",
                 reference,
                 1'000,
                 {refcount_equals_pages, no_underflow, no_use_after_release}},
        hammered{"torn_nr_free", "churn", member, 200'000, {nr_free_equals_clear_bits}, 8},
        hammered{"torn_claim", "churn", member, 200'000, {unique_pid, bitmap_equals_held}, 8},
        hammered{"wrap_to_zero", "wraparound", reference, 50'000, {pid_in_range}},
        hammered{"first_after_wrap_missed", "exhaustion", reference, 1'000, {linearizable}},
        hammered{"last_of_page_missed", "page_boundary", reference, 1'000, {linearizable}},
        hammered{"lost_page", "page_install", reference, 300'000, {nothing_leaked}},
        hammered{"recursive_release", "nested", reference, 100'000, {bounded_stack}},
        hammered{"failed_create_leaks", "nested", member, 20'000, {refcount_equals_pages}},
        hammered{"first_fork_failure",
                 "nested",
                 member,
                 20'000,
                 {refcount_equals_pages, nothing_leaked}},
        hammered{"cursor_not_reset", "nested", member, 100'000, {pid_in_range}},
        hammered{"stays_in_table",
                 "outliving_pid",
                 member,
                 100'000,
                 {no_use_after_release, linearizable}},
        hammered{"high_pages_uncounted", "many_pages", reference, 1'000, {refcount_equals_pages}},
        hammered{"sticky_count",
                 "many_references",
                 member,
                 1'000,
                 {refcount_equals_pages, nothing_leaked}}),
    mutant_name);

// The same frame without a bug holds: the harness finds the bugs, and not the frame.
TEST(PlantedVariantTest, ACorrectCopyHolds) {
    const subject_entry copy = make_mutant_entry<copy_of_sound>();
    for (const std::string_view workload : {"churn", "page_zero", "lifecycle"}) {
        const cell_result result =
            testing::run(copy, workload, discipline::reference, testing::some_calls(10'000));
        EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
        EXPECT_TRUE(result.judged.as_expected());
    }
}

}  // namespace
}  // namespace pidmap_stress
