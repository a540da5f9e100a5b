#include "harness/base/forked.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

namespace pidmap_stress {
namespace {

using ::testing::ElementsAre;

TEST(Forked, LosesNeitherAResultNorACrashNorAnEndlessLoop) {
    std::vector<std::string> ends(3);
    run_forked({[] { return std::string(100'000, 'x'); },
                []() -> std::string {
                    std::raise(SIGKILL);
                    return {};
                },
                []() -> std::string {
                    for (;;) ::pause();
                }},
               3, 1, [&](std::size_t n, const task_end& end) {
                   ends[n] = end.how == task_end::kind::returned ? std::to_string(end.text.size())
                             : end.how == task_end::kind::died   ? "died"
                                                                 : "timed out";
                   return true;
               });
    EXPECT_THAT(ends, ElementsAre("100000", "died", "timed out"));
}

}  // namespace
}  // namespace pidmap_stress
