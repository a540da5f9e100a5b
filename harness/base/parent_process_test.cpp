#include "harness/base/parent_process.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace pidmap_stress {
namespace {

/// A process whose parent ends before it calls end_with_parent().
/// \param output  It writes one byte there if it goes on.
void be_late(pid_t parent, int parents_end, int output) {
    char unused = 0;
    (void)::read(parents_end, &unused, 1);        // Ends when the parent has closed its files ...
    while (::getppid() == parent) ::usleep(100);  // ... and after that it has ended.
    end_with_parent(parent);
    (void)::write(output, "x", 1);
    ::_exit(0);
}

// A trial that was just started when its supervisor was killed must not run forever.
TEST(ParentProcess, ThatHasEndedAlreadyEndsTheChild) {
    std::array<int, 2> alive{};
    std::array<int, 2> output{};
    ASSERT_EQ(::pipe(alive.data()), 0);
    ASSERT_EQ(::pipe(output.data()), 0);
    const pid_t parent = ::fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        ::close(output[0]);
        const pid_t self = ::getpid();
        if (::fork() == 0) {
            ::close(alive[1]);
            be_late(self, alive[0], output[1]);
        }
        ::_exit(0);
    }
    ::close(alive[1]);
    ::close(output[1]);
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
    char told = 0;
    EXPECT_EQ(::read(output[0], &told, 1), 0) << "the child went on";
    ::close(alive[0]);
    ::close(output[0]);
}

// A supervisor that is killed takes its trial with it.
TEST(ParentProcess, ThatEndsLaterEndsTheChild) {
    std::array<int, 2> output{};
    ASSERT_EQ(::pipe(output.data()), 0);
    const pid_t parent = ::fork();
    ASSERT_GE(parent, 0);
    if (parent == 0) {
        const pid_t self = ::getpid();
        if (::fork() == 0) {
            end_with_parent(self);
            (void)!::write(output[1], "+", 1);
            for (;;) ::pause();
        }
        for (;;) ::pause();
    }
    ::close(output[1]);
    char told = 0;
    ASSERT_EQ(::read(output[0], &told, 1), 1) << "the child ended though its parent was there";
    ASSERT_EQ(::kill(parent, SIGKILL), 0);
    ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
    // Only the child has the other end now: it closes when the child ends.
    pollfd end{.fd = output[0], .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&end, 1, 30'000), 1) << "the child went on";
    ::close(output[0]);
}

// Otherwise it would end every process at once, and this test of it with it.
TEST(ParentProcess, ThatIsThereLetsTheChildGoOn) {
    const pid_t self = ::getpid();
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        end_with_parent(self);
        ::_exit(7);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

}  // namespace
}  // namespace pidmap_stress
