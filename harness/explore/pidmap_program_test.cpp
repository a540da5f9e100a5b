// The project's own variants under the explorer: what is to hold holds in every execution, and what
// is to break breaks where the variant says so.

#include "harness/explore/pidmap_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/explore/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

result explore_all(std::string_view variant, const pidmap_setting& setting) {
    const auto p = find_explored_variant(variant)->make(setting);
    return explore(*p, {.stop_at_first = false});
}

std::vector<pidmap_setting> every_cell(unsigned threads, unsigned rounds) {
    std::vector<pidmap_setting> cells;
    for (int how = 0; how < discipline_count; ++how)
        for (const explored_scenario* const scenario : explored_scenarios())
            for (unsigned variation = 0;
                 variation < std::max<std::size_t>(1, scenario->variations.size()); ++variation) {
                const pidmap_setting cell{.how = static_cast<discipline>(how),
                                          .scenario = scenario,
                                          .threads = threads,
                                          .rounds = rounds,
                                          .variation = variation};
                if (!why_not(cell)) cells.push_back(cell);
            }
    return cells;
}

// Programs of `per_pid` with several namespaces or objects are too many executions for a test.
[[nodiscard]] bool is_small(std::string_view variant, const pidmap_setting& cell) {
    return cell.variation == 0 &&
           (variant == "sound" || cell.scenario->disciplines == every_discipline);
}

TEST(PidmapProgram, WhatIsSoundHoldsCompletelyUnderEveryDiscipline) {
    for (const std::string_view variant : {"sound", "per_pid"})
        for (const pidmap_setting& cell : every_cell(2, 1))
            if (is_small(variant, cell))
                EXPECT_THAT(explore_all(variant, cell), holds_completely())
                    << variant << ' ' << to_string(cell);
}

TEST(PidmapProgram, WhatIsSoundBreaksInNoSampleOfTheRest) {
    for (const std::string_view variant : {"sound", "per_pid"})
        for (const unsigned rounds : {1U, 2U})
            for (const pidmap_setting& cell : every_cell(3, rounds)) {
                const auto p = find_explored_variant(variant)->make(cell);
                EXPECT_TRUE(explore(*p, {.strategy = strategy::portfolio, .budget = 2'000}).ok())
                    << variant << ' ' << to_string(cell);
            }
}

TEST(PidmapProgram, EveryVariantIsThere) {
    std::set<std::string_view> names;
    for (const explored_variant& one : explored_variants()) names.insert(one.info->name);
    EXPECT_TRUE(names.contains("as_posted") && names.contains("as_posted_creator") &&
                names.contains("symmetric") && names.contains("sound") &&
                names.contains("per_pid"));
}

TEST(PidmapProgram, SettingsAreReadAsTheyAreWritten) {
    for (const pidmap_setting& cell : every_cell(3, 1)) {
        const auto read = parse_pidmap_setting(to_string(cell));
        ASSERT_TRUE(read) << to_string(cell);
        EXPECT_EQ(to_string(*read), to_string(cell));
    }
    for (const std::string_view wrong :
         {"", "member", "member/page_zero/2x1/2x7", "owner/page_zero/2x1/2x8",
          "member/page_zero/9x1/2x8", "member/page_zero/2x1/2x8/resident_first",
          "member/page_zero/2x1/2x8/", "member/page_two/2x1/2x8"})
        EXPECT_FALSE(parse_pidmap_setting(wrong)) << wrong;
}

}  // namespace
}  // namespace pidmap_stress::explore
