#include "harness/base/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace pidmap_stress {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr std::array<std::string_view, 6> names{"as_posted",     "as_posted_creator", "sound",
                                                "outliving_pid", "page_zero",         "sc"};

// The intended name is found despite a slip of the finger, another case, a dash, or only its
// beginning.
TEST(NearestName, IsWhatWasMeant) {
    EXPECT_THAT(nearest_name("soudn", names), Optional(Eq("sound")));
    EXPECT_THAT(nearest_name("sonud", names), Optional(Eq("sound")));
    EXPECT_THAT(nearest_name("soound", names), Optional(Eq("sound")));
    EXPECT_THAT(nearest_name("SOUND", names), Optional(Eq("sound")));
    EXPECT_THAT(nearest_name("page-zero", names), Optional(Eq("page_zero")));
    EXPECT_THAT(nearest_name("page zero", names), Optional(Eq("page_zero")));
    EXPECT_THAT(nearest_name("pagezero", names), Optional(Eq("page_zero")));
    EXPECT_THAT(nearest_name("as_psoted", names), Optional(Eq("as_posted")));
    EXPECT_THAT(nearest_name("outliving", names), Optional(Eq("outliving_pid")));
}

// A name that resembles none of them is not turned into one.
TEST(NearestName, IsNoGuess) {
    for (const std::string_view wanted : {"", "x", "no", "luck", "as", "as_", "moonlight", "zero"})
        EXPECT_EQ(nearest_name(wanted, names), std::nullopt) << wanted;
    EXPECT_EQ(nearest_name("sound", {}), std::nullopt);
}

// Names that are known are not refused; `all` is one of them only where it stands for something.
TEST(UnknownName, IsRefusedOnlyIfItIsUnknown) {
    const known_names with_all{
        .option = "--x", .names = {"a", "b"}, .all = true, .by_name_only = {"c"}};
    for (const std::string_view name : {"a", "b", "c", "all"})
        EXPECT_EQ(unknown_name(with_all, name), std::nullopt) << name;
    EXPECT_TRUE(unknown_name(with_all, "d"));
    EXPECT_TRUE(unknown_name({.option = "--x", .names = {"a"}}, "all"));
}

// Names that this build does not have are not listed, and the message says so.
TEST(UnknownName, SaysWhatABuildDoesNotHave) {
    EXPECT_EQ(unknown_name({.option = "--x", .names = {"a"}, .called = "mutant"}, "moonlight"),
              "--x 'moonlight' is unknown; choose from: a; mutants are in pidmap-stress-mutants");
}

// Of several names, the first unknown one is reported.
TEST(UnknownName, IsTheFirstOfSeveral) {
    const std::vector<std::string> wanted{"a", "moon", "sun"};
    EXPECT_EQ(unknown_name({.option = "--x", .names = {"a"}}, wanted),
              "--x 'moon' is unknown; choose from: a");
}

}  // namespace
}  // namespace pidmap_stress
