#include "allocator/benchmarking/instruction_counter.hpp"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <thread>

namespace pidmap_stress::benchmarking {
namespace {

std::string_view method = "not counted";

struct tally {
    long instructions = 0;
    long atomic_rmws = 0;
};

/// Calls are counted twice, `few` and `few + more` of them: the difference is that of the calls
/// alone, without the loop's frame and anything done once. A few are enough, since each step
/// counts, and all that is affordable, since each step is two switches of process.
constexpr int few = 2;
constexpr int more = 8;

#if defined(__x86_64__)

/// Whether the instruction at `code` locks its operand. Prefixes come first, in any order.
/// (xchg, which locks without a prefix, is how a seq_cst store is made: it counts too.)
bool is_atomic_rmw(const unsigned char* code) {
    for (int i = 0; i < 4; ++i, ++code) {
        if (*code == 0xf0) return true;
        const bool is_rex = (*code & 0xf0) == 0x40;
        if (is_rex || *code == 0x66 || *code == 0xf2 || *code == 0xf3) continue;
        const bool operand_in_memory = (code[1] & 0xc0) != 0xc0;
        return (*code == 0x86 || *code == 0x87) && operand_in_memory;
    }
    return false;
}

/// Waits for the child's next stop. \returns Its signal, or 0 if there is no child any more.
int next_stop(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return 0;
    return WSTOPSIG(status);
}

/// Steps through `count` calls in a child. Between its two SIGSTOPs it does nothing else.
std::optional<tally> step_through(const std::function<void(int)>& make_calls, int count) {
    const pid_t child = fork();
    if (child == -1) return std::nullopt;
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == -1) _exit(1);
        // In a process that never had a second thread, the C library's locks lock nothing.
        std::thread([] {}).join();
        raise(SIGSTOP);
        make_calls(count);
        raise(SIGSTOP);
        _exit(0);
    }
    tally seen;
    int stopped_by = next_stop(child);
    if (stopped_by == 0) return std::nullopt;  // Not allowed to be traced; it is gone already.
    do {
        user_regs_struct registers{};
        if (ptrace(PTRACE_GETREGS, child, nullptr, &registers) == -1) break;
        ++seen.instructions;
        // The child is a fork of this process, so it has its code at the same address.
        if (is_atomic_rmw(reinterpret_cast<const unsigned char*>(registers.rip)))
            ++seen.atomic_rmws;
        if (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == -1) break;
        stopped_by = next_stop(child);
    } while (stopped_by == SIGTRAP);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return stopped_by == SIGSTOP ? std::optional(seen) : std::nullopt;
}

#else

std::optional<tally> step_through(const std::function<void(int)>&, int) {
    return std::nullopt;
}

#endif

std::optional<tally> read_counter(const std::function<void(int)>& make_calls, int count) {
    perf_event_attr wanted{};
    wanted.size = sizeof wanted;
    wanted.type = PERF_TYPE_HARDWARE;
    wanted.config = PERF_COUNT_HW_INSTRUCTIONS;
    wanted.disabled = 1;
    wanted.exclude_kernel = 1;
    wanted.exclude_hv = 1;
    const auto counter = static_cast<int>(syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0));
    if (counter == -1) return std::nullopt;
    ioctl(counter, PERF_EVENT_IOC_ENABLE, 0);
    make_calls(count);
    ioctl(counter, PERF_EVENT_IOC_DISABLE, 0);
    std::uint64_t instructions = 0;
    const bool good = read(counter, &instructions, sizeof instructions) == sizeof instructions;
    close(counter);
    if (!good || instructions == 0) return std::nullopt;
    return tally{.instructions = static_cast<long>(instructions)};
}

}  // namespace

std::optional<instruction_cost> count_instructions(const std::function<void(int)>& make_calls) {
    make_calls(1);  // What is done once, by the loader too, is done now.
    const auto first = step_through(make_calls, few);
    const auto second = step_through(make_calls, few + more);
    if (first && second) {
        method = "single-stepped, exact";
        const auto each = [](long a, long b) { return static_cast<double>(b - a) / more; };
        return instruction_cost{.instructions = each(first->instructions, second->instructions),
                                .atomic_rmws = each(first->atomic_rmws, second->atomic_rmws)};
    }
    constexpr int many = 1000;  // The counter's own system calls cost some, and vary.
    const auto short_run = read_counter(make_calls, many);
    const auto long_run = read_counter(make_calls, 2 * many);
    if (short_run && long_run) {
        method = "hardware counter";
        return instruction_cost{
            .instructions =
                static_cast<double>(long_run->instructions - short_run->instructions) / many,
            .atomic_rmws = std::nullopt};
    }
    method = "not available here: neither ptrace nor perf_event_open";
    return std::nullopt;
}

std::string_view instruction_counting_method() {
    return method;
}

}  // namespace pidmap_stress::benchmarking
