#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "harness/world/board.hpp"
#include "harness/world/sanitizer_hooks.hpp"

namespace pidmap_stress::testing {

/// How a process ended, and what it left on its board.
struct child_end {
    int status = 0;
    board_ptr seen;

    /// It ended by itself, no expectation failed in it, and no sanitizer reported anything.
    [[nodiscard]] bool good() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
    [[nodiscard]] std::uint64_t times(invariant which) const {
        return seen->times_broken[static_cast<std::size_t>(which)].load();
    }
    [[nodiscard]] std::uint64_t findings() const { return seen->findings_reported.load(); }
    /// The text of the n-th finding.
    [[nodiscard]] std::string text(std::size_t n = 0) const {
        return seen->findings[n].text.data();
    }
};

/// Runs `body` in a process of its own, with a board of its own: it may start threads, open the
/// memory domain or die. Expectations in it count as its failure, and print as usual.
[[nodiscard]] inline child_end in_child(const std::function<void()>& body) {
    child_end end{.seen = map_board()};
    std::fflush(nullptr);  // Otherwise the child would print it too.
    const pid_t child = ::fork();
    if (child == 0) {
        use_board(end.seen.get());
        body();
        std::fflush(nullptr);
        ::_exit(::testing::Test::HasFailure() || sanitizer_reports() != 0 ? 1 : 0);
    }
    ::waitpid(child, &end.status, 0);
    return end;
}

}  // namespace pidmap_stress::testing
