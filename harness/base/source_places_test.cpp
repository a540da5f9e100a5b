// Where in the source code is, and that nothing is kept of it once it is forgotten.

#include "harness/base/source_places.hpp"

#include <gtest/gtest.h>

namespace pidmap_stress {
namespace {

TEST(SourcePlaces, AreFoundAgainAfterTheyWereForgotten) {
    const auto* const code = reinterpret_cast<const void*>(&source_places);
    const std::vector<source_place> found = source_places(code);
    if (found.empty()) GTEST_SKIP() << "built without lines, or without libdw";
    EXPECT_TRUE(found.front().file.ends_with("base/source_places.cpp")) << found.front().file;
    for (int again = 0; again < 3; ++again) {
        forget_source_places();
        const std::vector<source_place> same = source_places(code);
        ASSERT_EQ(same.size(), found.size());
        EXPECT_EQ(same.front().file, found.front().file);
        EXPECT_EQ(same.front().line, found.front().line);
    }
    forget_source_places();
    forget_source_places();  // There is nothing left.
    EXPECT_TRUE(source_places(nullptr).empty());
}

}  // namespace
}  // namespace pidmap_stress
