#include "harness/base/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace pidmap_stress {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

[[nodiscard]] std::chrono::nanoseconds duration_of(const char* text) {
    std::chrono::nanoseconds read{};
    EXPECT_EQ(read_duration(text, read), std::nullopt);
    return read;
}

// Every unit is read, and so are the ends of the range.
TEST(DurationTest, ReadsEveryUnit) {
    EXPECT_EQ(duration_of("1ms"), 1ms);
    EXPECT_EQ(duration_of("500ms"), 500ms);
    EXPECT_EQ(duration_of("45s"), 45s);
    EXPECT_EQ(duration_of("5m"), 5min);
    EXPECT_EQ(duration_of("3h"), 3h);
    EXPECT_EQ(duration_of("2d"), 48h);
    EXPECT_EQ(duration_of("365d"), 24h * 365);
    EXPECT_EQ(duration_of("8760h"), 24h * 365);
}

struct refused {
    const char* text;
    const char* why;
};

// Each refusal says which part of the text is wrong, and what would be right.
TEST(DurationTest, SaysWhyItRefuses) {
    const char* const no_duration =
        "is not a duration; it must be a whole number and a unit, like 500ms, 45s, 5m, 3h or 2d";
    const char* const no_unit = "has no unit; it must have one, like 500ms, 45s, 5m, 3h or 2d";
    const char* const unknown_unit =
        "is not a unit; it must be ms, s, m, h or d, like 500ms, 45s, 5m, 3h or 2d";
    const char* const out_of_range = "is out of range; it must be 1ms to 365d";
    for (const refused& one : {refused{"", no_duration},
                               refused{"s", no_duration},
                               refused{"ms", no_duration},
                               refused{"five", no_duration},
                               refused{"+5s", no_duration},
                               refused{" 5s", no_duration},
                               refused{"5 s", no_duration},
                               refused{"5s ", no_duration},
                               refused{"1.5s", no_duration},
                               refused{"1e3s", no_duration},
                               refused{"5m30s", no_duration},
                               refused{"0x5s", no_duration},
                               refused{"5", no_unit},
                               refused{"0", no_unit},
                               refused{"99999999999999999999", no_unit},
                               refused{"5S", unknown_unit},
                               refused{"5sec", unknown_unit},
                               refused{"5ss", unknown_unit},
                               refused{"5y", unknown_unit},
                               refused{"0s", out_of_range},
                               refused{"0ms", out_of_range},
                               refused{"-5s", out_of_range},
                               refused{"366d", out_of_range},
                               refused{"8761h", out_of_range},
                               refused{"1000000d", out_of_range},
                               refused{"99999999999999999999s", out_of_range},
                               refused{"9223372036854775807d", out_of_range}}) {
        std::chrono::nanoseconds read = 7s;
        const auto why = read_duration(one.text, read);
        ASSERT_TRUE(why) << "'" << one.text << "'";
        EXPECT_THAT(*why, AllOf(HasSubstr(one.text), EndsWith(one.why)));
        EXPECT_EQ(read, 7s) << "'" << one.text << "'";
    }
}

// Times are given in at most two units, and short ones are not rounded to nothing.
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

// Counts are given in three figures, also where rounding carries over to the next power.
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
