#include "checkers/leaks.hpp"

#include <gmock/gmock.h>

#include <array>

namespace pidmap_stress {
namespace {

// An object that was created and destroyed is not a leak.
TEST(LeaksTest, AcceptsABalance) {
    const std::array counts{object_count{.kind = "namespaces", .created = 3, .destroyed = 3}};
    EXPECT_THAT(judge_leaks(counts), testing::IsEmpty());
}

// Each kind is judged separately: one that is left, and one that was destroyed once too often.
TEST(LeaksTest, NamesWhatIsLeftAndWhatWasDestroyedTwice) {
    const std::array counts{object_count{.kind = "namespaces", .created = 3, .destroyed = 4},
                            object_count{.kind = "pages", .created = 5, .destroyed = 4}};
    EXPECT_THAT(judge_leaks(counts),
                testing::ElementsAre(
                    finding{.broken = invariant::released_once,
                            .what = "3 namespaces were created and 4 were destroyed"},
                    finding{.broken = invariant::nothing_leaked, .what = "1 of 5 pages are left"}));
}

}  // namespace
}  // namespace pidmap_stress
