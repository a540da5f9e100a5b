// Every cell of what the program runs, with enough calls to hit its marks.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "harness/testing/cells.hpp"

namespace pidmap_stress {
namespace {

struct one_cell {
    const subject_entry* variant;
    const scenario_entry* workload;
    discipline how;

    friend void PrintTo(const one_cell& what, std::ostream* out) {
        *out << what.variant->info->name << ' ' << to_string(what.how) << ' '
             << what.workload->info->name;
    }
};

/// All cells of variants that break nowhere.
[[nodiscard]] std::vector<one_cell> cells_that_hold() {
    std::vector<one_cell> cells;
    for (const subject_entry& variant : variant_subjects()) {
        if (!variant.info->breaks.empty()) continue;
        for (const scenario_entry& workload : scenarios())
            for (int n = 0; n < discipline_count; ++n)
                if (const auto how = static_cast<discipline>(n);
                    fits(*workload.info, how, variant.nests))
                    cells.push_back({&variant, &workload, how});
    }
    return cells;
}

/// Fewer calls where a stage takes long to set, more where a mark takes luck to hit.
[[nodiscard]] std::uint64_t enough_for(std::string_view workload) {
    if (workload == "page_install") return 3'000;
    if (find_scenario(workload)->info->nests) return 20'000;
    return workload == "churn" || workload == "exhaustion" ? 20'000 : 50'000;
}

class SoundCellTest : public ::testing::TestWithParam<one_cell> {};

// A variant that should hold does, in every scenario and under every discipline, and what the
// scenario is for did happen.
TEST_P(SoundCellTest, Holds) {
    const auto& [variant, workload, how] = GetParam();
    cell_result result = testing::run(*variant, *workload, how,
                                      testing::some_calls(enough_for(workload->info->name)));
    // The schedule decides whether a mark is hit: on a busy machine it may take longer.
    for (int more = 0; more < 3 && result.judged.kind == verdict_kind::inconclusive; ++more)
        result = testing::run(*variant, *workload, how,
                              testing::some_calls(4 * enough_for(workload->info->name)));
    EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
    EXPECT_TRUE(result.judged.as_expected());
}

INSTANTIATE_TEST_SUITE_P(Variants, SoundCellTest, ::testing::ValuesIn(cells_that_hold()),
                         [](const auto& one) {
                             return std::string(one.param.variant->info->name) + "_" +
                                    std::string(to_string(one.param.how)) + "_" +
                                    std::string(one.param.workload->info->name);
                         });

// Where pages are emptied all the time, some of the puts that follow are timed; where they never
// are, none is.
TEST(ClearToPut, IsTimedWherePagesAreEmptied) {
    const subject_entry& sound = *find_subject("sound");
    const cell_result timed =
        testing::run(sound, "page_boundary", discipline::member, testing::some_calls(50'000));
    EXPECT_GT(timed.clear_to_put_ns, 0U);
    EXPECT_LT(timed.clear_to_put_ns, 1'000'000'000U) << "the shortest of thousands";
    const cell_result never =
        testing::run(sound, "many_references", discipline::member, testing::some_calls(1'000));
    EXPECT_EQ(never.clear_to_put_ns, 0U);
}

// A variant that holds also does so where accesses are delayed.
TEST(DelayedCellTest, SoundHoldsWithDelays) {
    trial_settings how = testing::some_calls(3'000);
    how.jitter_one_in = 16;
    how.pid_max = 600;
    const cell_result result =
        testing::run(*find_subject("sound"), "churn", discipline::lookup, how);
    EXPECT_EQ(result.judged.kind, verdict_kind::holds) << testing::told(result);
}

/// Runs a cell that must break, with more calls if chance was against it.
[[nodiscard]] cell_result run_to_break(std::string_view variant, std::string_view workload,
                                       discipline how) {
    cell_result result =
        testing::run(*find_subject(variant), workload, how, testing::some_calls(50'000));
    for (int more = 0; more < 5 && !result.judged.missing.empty(); ++more)
        result = testing::run(*find_subject(variant), workload, how, testing::some_calls(200'000));
    return result;
}

class KnownBreakageTest : public ::testing::TestWithParam<one_cell> {};

// What a variant declares to break in a scenario breaks there, and nothing else does.
TEST_P(KnownBreakageTest, IsShown) {
    const auto& [variant, workload, how] = GetParam();
    const cell_result result = run_to_break(variant->info->name, workload->info->name, how);
    EXPECT_EQ(result.judged.kind, verdict_kind::violated) << testing::told(result);
    EXPECT_TRUE(result.judged.as_expected()) << to_string(result.judged) << testing::told(result);
}

/// All cells for which a variant declares that a breakage must show.
[[nodiscard]] std::vector<one_cell> cells_that_break() {
    std::vector<one_cell> cells;
    for (const subject_entry& variant : variant_subjects())
        for (const scenario_entry& workload : scenarios())
            for (int n = 0; n < discipline_count; ++n) {
                const auto how = static_cast<discipline>(n);
                bool must = false;
                for (const breakage& one : variant.info->breaks)
                    must |= one.shown_by == workload.info->name && one.where.contains(how);
                if (must && fits(*workload.info, how, variant.nests))
                    cells.push_back({&variant, &workload, how});
            }
    return cells;
}

INSTANTIATE_TEST_SUITE_P(Variants, KnownBreakageTest, ::testing::ValuesIn(cells_that_break()),
                         [](const auto& one) {
                             return std::string(one.param.variant->info->name) + "_" +
                                    std::string(to_string(one.param.how)) + "_" +
                                    std::string(one.param.workload->info->name);
                         });

// The posted patch fails in page_zero without any concurrency: one worker is enough.
TEST(PostedPatchTest, FailsOnPageZeroWithOneWorker) {
    trial_settings how = testing::some_calls(10'000);
    how.workers = 1;
    const cell_result result =
        testing::run(*find_subject("as_posted"), "page_zero", discipline::reference, how);
    EXPECT_EQ(result.judged.kind, verdict_kind::violated) << testing::told(result);
}

}  // namespace
}  // namespace pidmap_stress
