#include "harness/command/self_test.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "harness/base/say.hpp"
#include "harness/command/options.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/world/sanitizer_hooks.hpp"

namespace pidmap_stress {
namespace {

/// Two threads, one plain cell, and nothing that orders them.
[[maybe_unused]] void race() {
    auto cell = std::make_unique<int>(0);
    std::atomic<bool> there{false};
    std::jthread other([&] {
        *cell = 1;
        there.store(true, std::memory_order::relaxed);  // It orders nothing: that is the fault.
    });
    while (!there.load(std::memory_order::relaxed)) std::this_thread::yield();
    *cell = 2;
}

/// The same with a release and an acquire between them.
[[maybe_unused]] void hand_over() {
    auto cell = std::make_unique<int>(0);
    std::atomic<bool> there{false};
    std::jthread other([&] {
        *cell = 1;
        there.store(true, std::memory_order::release);
    });
    while (!there.load(std::memory_order::acquire)) std::this_thread::yield();
    *cell = 2;
}

[[maybe_unused]] void touch_freed() {
    auto cell = std::make_unique<int>(0);
    int* const dangling = cell.get();
    cell.reset();
    // Through a volatile, so that an optimizer cannot remove the access.
    *static_cast<int volatile*>(dangling) = 1;
}

[[maybe_unused]] void touch_live() {
    auto cell = std::make_unique<int>(0);
    *static_cast<int volatile*>(cell.get()) = 1;
}

/// Runs `body` in a process of its own, with its report hidden. \returns Whether there was one.
[[nodiscard]] bool is_reported(void (*body)()) {
    std::fflush(stdout);  // Otherwise the child would print it too.
    const pid_t child = ::fork();
    if (child == 0) {
        const int nowhere = ::open("/dev/null", O_WRONLY);
        ::dup2(nowhere, STDERR_FILENO);
        body();
        ::_exit(sanitizer_reports() == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

[[nodiscard, maybe_unused]] bool expect(std::string_view what, void (*body)(), bool reported) {
    const bool seen = is_reported(body);
    say("self-test: {} is {}reported{}\n", what, seen ? "" : "not ",
        seen == reported ? "" : ", and that is wrong: this build proves nothing");
    return seen == reported;
}

}  // namespace

int run_self_test() {
    if (!under_sanitizer) {
        say(stderr,
            "pidmap-stress: self-test needs a sanitizer's build: "
            "./run_stress.sh tsan, or asan\n");
        return exit_unsupported;
    }
    bool good = false;
    if constexpr (under_tsan) {
        good = expect("a planted race", race, true);
        good = expect("a clean hand-over", hand_over, false) && good;
    } else {
        good = expect("a planted touch of freed memory", touch_freed, true);
        good = expect("a touch of live memory", touch_live, false) && good;
    }
    return good ? exit_as_expected : exit_no_resources;
}

}  // namespace pidmap_stress
