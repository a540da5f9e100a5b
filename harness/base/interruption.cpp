#include "harness/base/interruption.hpp"

#include <signal.h>

#include <array>
#include <csignal>
#include <ctime>

namespace pidmap_stress {
namespace {

constexpr std::array<int, 3> requests{SIGINT, SIGTERM, SIGHUP};

/// A signal that follows so soon is the same request: timeout(1), for example, sends its signal to
/// the process and then to its group.
constexpr std::time_t one_request = 1;

volatile std::sig_atomic_t was_asked = 0;
volatile std::time_t asked_at = 0;

volatile std::sig_atomic_t status_asked = 0;

[[nodiscard]] std::time_t seconds() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void on_request(int signal) {
    if (was_asked == 0) {
        asked_at = seconds();
        was_asked = 1;
    } else if (seconds() - asked_at > one_request) {
        // Blocked until this handler returns; then it ends the process.
        ::signal(signal, SIG_DFL);
        ::raise(signal);
    }
}

}  // namespace

void heed_interruptions() noexcept {
    was_asked = 0;
    for (const int signal : requests) {
        struct sigaction before = {};
        if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        struct sigaction action = {};
        action.sa_handler = on_request;
        ::sigemptyset(&action.sa_mask);
        ::sigaction(signal, &action, nullptr);
    }
}

bool interrupted() noexcept {
    return was_asked != 0;
}

void heed_status_requests() noexcept {
    struct sigaction action = {};
    action.sa_handler = [](int) { status_asked = 1; };
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGUSR1, &action, nullptr);
}

bool take_status_request() noexcept {
    if (status_asked == 0) return false;
    status_asked = 0;
    return true;
}

void ignore_interruptions() noexcept {
    for (const int signal : requests) ::signal(signal, SIG_IGN);
}

void end_by_interruptions() noexcept {
    for (const int signal : requests) ::signal(signal, SIG_DFL);
}

}  // namespace pidmap_stress
