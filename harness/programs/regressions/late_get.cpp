// The posted patch takes a page's reference after the page can be seen non-empty, so that a caller
// that found the namespace in a table gets a pid of a dead one. What `sound` does instead holds.

#include <gtest/gtest.h>

#include "harness/programs/regression/regression.hpp"

TEST(Regression, SoundLookupLateGet) {
    EXPECT_EQ(
        pidmap_stress::explore::what_breaks("sound/lookup/page_zero/2x1/2x8/rc11/no_get_from_zero"),
        "");
}
