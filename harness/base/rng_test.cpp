#include "harness/base/rng.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>

namespace pidmap_stress {
namespace {

// The stream is splitmix64's: the first numbers are those that its author's code gives for key 0.
TEST(RngTest, IsSplitmix64) {
    rng chance(0);
    EXPECT_EQ(chance.next(), 0xe220a8397b1dcdaf);
    EXPECT_EQ(chance.next(), 0x6e789e6aa1b965f4);
    EXPECT_EQ(chance.next(), 0x06c45d188009454f);
}

// The same key gives the same numbers, on every machine and in every build.
TEST(RngTest, TheSameKeyGivesTheSameNumbers) {
    rng one(42);
    rng other(42);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(one.next(), other.next());
}

// below(n) gives each number of [0, n), about as often as any other.
TEST(RngTest, BelowGivesEachNumberAboutEquallyOften) {
    rng chance(7);
    std::array<int, 10> times{};
    for (int i = 0; i < 10'000; ++i) {
        const std::uint32_t draw = chance.below(10);
        ASSERT_LT(draw, 10U);
        ++times[draw];
    }
    for (const int one : times) {
        EXPECT_GT(one, 800);
        EXPECT_LT(one, 1200);
    }
}

// The bounds of below() itself: one number, and nearly all of them.
TEST(RngTest, BelowIsInRangeAtItsBounds) {
    rng chance(7);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(chance.below(1), 0U);
        EXPECT_LT(chance.below(UINT32_MAX), UINT32_MAX);
    }
}

// one_in(n) is true that rarely, and one_in(1) always.
TEST(RngTest, OneInIsAsRareAsItSays) {
    rng chance(7);
    int hits = 0;
    for (int i = 0; i < 10'000; ++i) {
        EXPECT_TRUE(chance.one_in(1));
        hits += chance.one_in(100) ? 1 : 0;
    }
    EXPECT_GT(hits, 60);
    EXPECT_LT(hits, 140);
}

// Streams that are derived from one key, by number or by name, have nothing in common.
TEST(RngTest, SplitStreamsDiffer) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t key = 0; key < 3; ++key) {
        for (std::uint64_t number = 0; number < 100; ++number)
            EXPECT_TRUE(seen.insert(rng(split(key, number)).next()).second);
        for (const char* name : {"delays", "faults", "rounds", "main", ""})
            EXPECT_TRUE(seen.insert(rng(split(key, name)).next()).second);
    }
}

}  // namespace
}  // namespace pidmap_stress
