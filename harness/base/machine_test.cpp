#include "harness/base/machine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <thread>

namespace pidmap_stress {
namespace {

// A time is ISO 8601 with milliseconds, and a later one is greater as a text.
TEST(Machine, SaysWhenSoThatTextsSortAsTimesDo) {
    const std::string first = utc_now();
    EXPECT_TRUE(std::regex_match(
        first, std::regex("2[0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
                          "[.][0-9]{3}Z")))
        << first;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_LT(first, utc_now());
}

// A machine has a name, or is said to have none.
TEST(Machine, HasAName) {
    EXPECT_FALSE(host_name().empty());
}

}  // namespace
}  // namespace pidmap_stress
