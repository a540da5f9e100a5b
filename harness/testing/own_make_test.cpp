// The example of a variant of its own make holds wherever it is run.

#include <gtest/gtest.h>

#include "allocator/example/own_make.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/explorer/search/gtest.hpp"
#include "harness/native/subject_of.hpp"
#include "harness/programs/explored_allocator_of.hpp"
#include "harness/testing/cells.hpp"

namespace pidmap_stress {
namespace {

TEST(OwnMakeTest, HoldsUnderHammering) {
    const subject_entry entry = make_subject_entry<own_make>();
    EXPECT_FALSE(entry.nests);
    int cells = 0;
    for (const scenario_entry& workload : scenarios())
        for (const discipline how :
             {discipline::member, discipline::reference, discipline::lookup}) {
            if (!fits(*workload.info, how, entry.nests)) continue;
            const cell_result result =
                testing::run(entry, workload, how, testing::some_calls(5'000));
            // Few calls may leave a mark unhit; nothing else may go wrong.
            EXPECT_TRUE(result.judged.kind == verdict_kind::holds ||
                        result.judged.kind == verdict_kind::inconclusive)
                << workload.info->name << ": " << testing::told(result);
            ++cells;
        }
    EXPECT_GT(cells, 20);
}

TEST(OwnMakeTest, HoldsInEveryExecution) {
    const explore::explored_variant variant = explore::make_explored_variant<own_make>();
    int cells = 0;
    for (const explore::explored_scenario* const scenario : explore::explored_scenarios())
        for (const discipline how :
             {discipline::member, discipline::reference, discipline::lookup}) {
            const explore::pidmap_setting setting{.how = how, .scenario = scenario};
            if (why_not(variant, setting)) continue;
            const explore::result r = explore::explore(*variant.make(setting));
            EXPECT_THAT(r, explore::holds_completely()) << scenario->name;
            ++cells;
        }
    EXPECT_GE(cells, 6);
}

}  // namespace
}  // namespace pidmap_stress
