#include "harness/base/interruption.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <ctime>

#include "harness/testing/child.hpp"

namespace pidmap_stress {
namespace {

using testing::in_child;

[[nodiscard]] std::time_t seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

// A request is noticed, whichever of the three signals it is, and the same one a moment later is
// the same request.
TEST(InterruptionTest, ARequestIsNoticedOnce) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        const auto end = in_child([signal] {
            heed_interruptions();
            EXPECT_FALSE(interrupted());
            ::raise(signal);
            EXPECT_TRUE(interrupted());
            ::raise(signal);
            EXPECT_TRUE(interrupted());
        });
        EXPECT_TRUE(end.good()) << signal;
    }
}

// A second request, later, ends the process without further ado.
TEST(InterruptionTest, AnotherRequestEndsTheProcessAtOnce) {
    const auto end = in_child([] {
        heed_interruptions();
        ::raise(SIGINT);
        const std::time_t then = seconds();
        while (seconds() - then < 3) ::usleep(10'000);
        ::raise(SIGTERM);
    });
    ASSERT_TRUE(WIFSIGNALED(end.status));
    EXPECT_EQ(WTERMSIG(end.status), SIGTERM);
}

// A signal that is ignored when the program starts, as under nohup, stays ignored.
TEST(InterruptionTest, WhatIsIgnoredStaysIgnored) {
    const auto end = in_child([] {
        ::signal(SIGHUP, SIG_IGN);
        heed_interruptions();
        ::raise(SIGHUP);
        EXPECT_FALSE(interrupted());
        ::raise(SIGTERM);
        EXPECT_TRUE(interrupted());
    });
    EXPECT_TRUE(end.good());
}

// A child whose parent decides is not asked, and one that is to end by signals does.
TEST(InterruptionTest, ChildrenIgnoreOrObey) {
    const auto deaf = in_child([] {
        heed_interruptions();
        ignore_interruptions();
        for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::raise(signal);
        EXPECT_FALSE(interrupted());
    });
    EXPECT_TRUE(deaf.good());
    const auto obeying = in_child([] {
        heed_interruptions();
        end_by_interruptions();
        ::raise(SIGINT);
    });
    ASSERT_TRUE(WIFSIGNALED(obeying.status));
    EXPECT_EQ(WTERMSIG(obeying.status), SIGINT);
}

}  // namespace
}  // namespace pidmap_stress
