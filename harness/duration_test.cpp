#include "harness/duration.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace pidmap_stress {
namespace {

using namespace std::chrono_literals;

// Every unit is read.
TEST(DurationTest, ReadsEveryUnit) {
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("45s"), 45s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("3h"), 3h);
    EXPECT_EQ(parse_duration("2d"), 48h);
    EXPECT_EQ(parse_duration("365d"), 24h * 365);
}

// What is no positive whole number with one unit is refused, and so is more than a year.
TEST(DurationTest, RefusesEverythingElse) {
    for (const char* text : {"",
                             "s",
                             "5",
                             "0s",
                             "-5s",
                             "+5s",
                             "5 s",
                             " 5s",
                             "5s ",
                             "5S",
                             "1.5s",
                             "1e3s",
                             "5sec",
                             "5ss",
                             "5m30s",
                             "0x5s",
                             "366d",
                             "8761h",
                             "99999999999999999999s",
                             "9223372036854775807d",
                             "five",
                             "ms"})
        EXPECT_EQ(parse_duration(text), std::nullopt) << "'" << text << "'";
}

// Times are told in two units at the most, and short ones are not told as nothing.
TEST(DurationTest, TellsTimesInTwoUnitsAtMost) {
    const std::array<std::pair<std::chrono::nanoseconds, const char*>, 9> cases{
        {{0s, "0 s"},
         {500ms, "500 ms"},
         {1s, "1 s"},
         {59999ms, "59 s"},
         {60s, "1 m 00 s"},
         {3599s, "59 m 59 s"},
         {3900s, "1 h 05 m"},
         {86399s, "23 h 59 m"},
         {49h, "2 d 01 h"}}};
    for (const auto& [time, text] : cases) EXPECT_EQ(to_human(time), text);
}

// Counts are told in three figures, also where rounding carries over to the next power.
TEST(DurationTest, TellsCountsInThreeFigures) {
    const std::array<std::pair<double, const char*>, 12> cases{{{0, "0"},
                                                                {1, "1"},
                                                                {999, "999"},
                                                                {999.6, "1.00 k"},
                                                                {1000, "1.00 k"},
                                                                {9994, "9.99 k"},
                                                                {9996, "10.0 k"},
                                                                {12345, "12.3 k"},
                                                                {99960, "100 k"},
                                                                {999600, "1.00 M"},
                                                                {4.56e9, "4.56 G"},
                                                                {7e15, "7000 T"}}};
    for (const auto& [count, text] : cases) EXPECT_EQ(to_human(count), text);
}

}  // namespace
}  // namespace pidmap_stress
