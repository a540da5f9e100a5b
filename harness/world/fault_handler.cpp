#include "harness/world/fault_handler.hpp"

#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/world/board.hpp"
#include "harness/world/memory_domain.hpp"
#include "harness/world/worker_identity.hpp"

namespace pidmap_stress {
namespace {

/// Whether a register holds a pointer made of poison, or near one: it was read from released memory
/// and followed. Such an address is not canonical, so the fault itself does not report it.
[[nodiscard]] bool poison_in_registers(const void* context) noexcept {
#if defined(__x86_64__)
    constexpr std::uint64_t poison = 0xd5d5d5d5d5d5d5d5;
    const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    return std::any_of(std::begin(registers), std::end(registers), [](greg_t value) {
        return (static_cast<std::uint64_t>(value) >> 20) == (poison >> 20);
    });
#else
    (void)context;
    return false;
#endif
}

void on_fault(int signal, siginfo_t* info, void* context) {
    // Only these two have an address.
    const bool by_address = signal == SIGSEGV || signal == SIGBUS;
    const memory_domain::address_report where =
        by_address ? memory_domain::explain(info->si_addr) : memory_domain::address_report{};
    std::array<char, 200> text{};
    const auto tell = [&text](auto&& format, auto... values) {
        const auto written =
            fmt::format_to_n(text.data(), text.size(), fmt::runtime(format), values...);
        report(invariant::no_use_after_release, {text.data(), std::min(written.size, text.size())});
        ::_exit(0);  // The worker cannot continue.
    };
    if (where.ended)
        tell("worker {} touched byte {} of a released {}", self.slot, where.offset,
             memory_domain::to_string(where.kind));
    if (by_address && poison_in_registers(context))
        tell("worker {} followed a pointer that it read from a released object", self.slot);
    // Not one of ours. The supervisor looks at the threads from outside, where everything is
    // allowed that is forbidden here; then it ends the process. Without one, the system does, by
    // the same signal.
    board* const here = current_board();
    if (here != nullptr && here->supervised) {
        here->fatal_slot.store(self.slot, std::memory_order::relaxed);
        here->fatal_address.store(reinterpret_cast<std::uintptr_t>(info->si_addr),
                                  std::memory_order::relaxed);
        // Release: the supervisor acquires it.
        here->fatal_signal.store(signal, std::memory_order::release);
        ::raise(SIGSTOP);
    }
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

}  // namespace

void install_fault_handler() noexcept {
    if constexpr (under_sanitizer) return;
    struct sigaction action = {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    ::sigemptyset(&action.sa_mask);
    for (const int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL})
        ::sigaction(signal, &action, nullptr);
}

}  // namespace pidmap_stress
