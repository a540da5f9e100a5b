#include "harness/explorer/run/crash.hpp"

#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "harness/explorer/run/machine/machine.hpp"
#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr std::array<int, 5> caught{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
std::array<struct sigaction, caught.size()> former_actions{};

/// Where the program's own code lies, as opposed to that of libraries, of which the engine may be
/// one.
struct code_range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
};
[[nodiscard]] code_range find_own_code() {
    code_range own;
    ::dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* to) {
            for (unsigned n = 0; n < info->dlpi_phnum; ++n) {
                const auto& part = info->dlpi_phdr[n];
                if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
                const std::uintptr_t begin = info->dlpi_addr + part.p_vaddr;
                *static_cast<code_range*>(to) = {.begin = begin, .end = begin + part.p_memsz};
            }
            return 1;  // The program itself comes first.
        },
        &own);
    return own;
}
/// Looked for before a signal comes, whose handler may not.
[[nodiscard]] const code_range& own_code() {
    static const code_range own = find_own_code();
    return own;
}
[[nodiscard]] bool is_own_code(std::uintptr_t address) noexcept {
    return address >= own_code().begin && address < own_code().end;
}

struct registers {
    std::uintptr_t instruction = 0;
    std::uintptr_t stack = 0;
};
[[nodiscard]] registers registers_of(const void* context) noexcept {
    const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    return {.instruction = static_cast<std::uintptr_t>(machine.gregs[REG_RIP]),
            .stack = static_cast<std::uintptr_t>(machine.gregs[REG_RSP])};
#elif defined(__aarch64__)
    return {.instruction = machine.pc, .stack = machine.sp};
#else
    (void)machine;
    return {};
#endif
}

/// A frame may reach some way below the stack pointer that it found.
[[nodiscard]] bool is_by_the_stack(const siginfo_t& info, const registers& at) noexcept {
    constexpr std::uintptr_t frame = 64 * 1024;
    const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
    return at.stack != 0 && address + frame > at.stack && address < at.stack + frame;
}

/// Behind the first instruction of this program's function that an address lies in, or nullptr.
[[nodiscard]] const void* function_around(std::uintptr_t address) noexcept {
    if (!is_own_code(address)) return nullptr;
    void* const begin = _Unwind_FindEnclosingFunction(reinterpret_cast<void*>(address));
    return begin == nullptr ? nullptr : static_cast<const char*>(begin) + 1;
}

[[nodiscard]] crash_cause cause_of(int signal, const siginfo_t& info, const registers& at) {
    constexpr std::uintptr_t first_page = 64 * 1024;  // Members of what is not there.
    switch (signal) {
        case SIGFPE:
            return info.si_code == FPE_INTDIV ? crash_cause::division : crash_cause::arithmetic;
        case SIGILL:
            return crash_cause::illegal_instruction;
        case SIGABRT:
            return crash_cause::abort;
        default:
            break;
    }
    // An address that no pointer can have is not told to the handler.
    if (info.si_code == SI_KERNEL) return crash_cause::bad_address;
    if (is_by_the_stack(info, at)) return crash_cause::stack_overflow;
    return reinterpret_cast<std::uintptr_t>(info.si_addr) < first_page ? crash_cause::null_pointer
                                                                       : crash_cause::bad_address;
}

/// Whether this thread's own code raised it. What another process sends is for the process.
[[nodiscard]] bool is_from_here(int signal, const siginfo_t& info) noexcept {
    if (info.si_code > 0) return true;
    return signal == SIGABRT && info.si_code == SI_TKILL && info.si_pid == ::getpid();
}

/// Lets the signal do what it did before.
void pass_on(int signal, const siginfo_t& info) noexcept {
    for (std::size_t i = 0; i < caught.size(); ++i)
        if (caught[i] == signal) ::sigaction(signal, &former_actions[i], nullptr);
    // A fault comes again when its instruction does; what was sent must be sent again.
    if (info.si_code <= 0) ::raise(signal);
}

void on_signal(int signal, siginfo_t* info, void* context) {
    const int error = errno;
    if (!machine::running() || !is_from_here(signal, *info)) {
        pass_on(signal, *info);
        errno = error;
        return;
    }
    machine& running = machine::current();
    if (!running.program_runs()) {
        static constexpr char text[] =
            "pidmap-stress: the explorer itself crashed: this is a defect of the engine, or the "
            "code under test has overwritten its memory\n";
        (void)!::write(STDERR_FILENO, text, sizeof text - 1);
        pass_on(signal, *info);
        return;
    }
    const registers at = registers_of(context);
    crash_report seen{.cause = cause_of(signal, *info, at)};
    // The instruction itself, or who called the library that it is in. An overflown stack is not
    // looked through: it is deep, and where in its round a recursion was is chance.
    if (seen.cause == crash_cause::stack_overflow)
        seen.site = function_around(at.instruction);
    else if (is_own_code(at.instruction))
        seen.site = reinterpret_cast<const void*>(at.instruction + 1);
    else
        seen.site = own_code_above();
    // There is no way back into the program, so the handler does not return either.
    sigset_t this_one;
    ::sigemptyset(&this_one);
    ::sigaddset(&this_one, signal);
    ::pthread_sigmask(SIG_UNBLOCK, &this_one, nullptr);
    running.leave_crashed(seen);
}

void install_handlers() noexcept {
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < caught.size(); ++i)
        ::sigaction(caught[i], &action, &former_actions[i]);
}

/// An OS thread's stack for handlers: its own one may be what is used up.
class handler_stack {
public:
    handler_stack() noexcept {
        memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) return;
        const stack_t here{.ss_sp = memory_, .ss_flags = 0, .ss_size = size};
        ::sigaltstack(&here, &before_);
        pthread_attr_t own;
        if (::pthread_getattr_np(::pthread_self(), &own) != 0) return;
        void* low = nullptr;
        std::size_t bytes = 0;
        if (::pthread_attr_getstack(&own, &low, &bytes) == 0) end_ = static_cast<const char*>(low);
        ::pthread_attr_destroy(&own);
    }
    ~handler_stack() {
        if (memory_ == MAP_FAILED) return;
        ::sigaltstack(&before_, nullptr);
        ::munmap(memory_, size);
    }
    handler_stack(const handler_stack&) = delete;
    handler_stack& operator=(const handler_stack&) = delete;

    [[nodiscard]] const char* own_end() const noexcept { return end_; }

private:
    static constexpr std::size_t size = 128 * 1024;
    void* memory_ = MAP_FAILED;
    stack_t before_{};
    const char* end_ = nullptr;
};

[[nodiscard]] const handler_stack& stack_of_this_thread() noexcept {
    static thread_local const handler_stack own;
    return own;
}

_Unwind_Reason_Code look_at_frame(_Unwind_Context* frame, void* found) {
    const std::uintptr_t address = _Unwind_GetIP(frame);
    if (!is_own_code(address)) return _URC_NO_REASON;
    auto& own = *static_cast<std::pair<unsigned, const void*>*>(found);
    own.second = reinterpret_cast<const void*>(address);
    return own.first-- == 0 ? _URC_NORMAL_STOP : _URC_NO_REASON;
}

}  // namespace

void catch_crashes() {
    if constexpr (under_sanitizer) return;
    static const bool installed = [] {
        (void)own_code();
        install_handlers();
        return true;
    }();
    (void)installed;
    (void)stack_of_this_thread();
}

const char* own_stack_end() noexcept {
    return under_sanitizer ? nullptr : stack_of_this_thread().own_end();
}

[[gnu::noinline]] const void* own_code_above() noexcept {
    // Behind this function and the one that asks.
    std::pair<unsigned, const void*> found{2, nullptr};
    _Unwind_Backtrace(look_at_frame, &found);
    return found.second;
}

// --- What the machine makes of it ---------------------------------------------------------------

namespace {

[[nodiscard]] std::string sentence_about(const crash_report& seen) {
    switch (seen.cause) {
        case crash_cause::null_pointer:
            return "a null pointer is dereferenced (SIGSEGV)";
        case crash_cause::bad_address:
            return "memory is used that is not there (SIGSEGV or SIGBUS)";
        case crash_cause::stack_overflow:
            return "the stack is used up, as by a recursion without end";
        case crash_cause::division:
            return "a division by zero (SIGFPE)";
        case crash_cause::arithmetic:
            return "an arithmetic fault (SIGFPE)";
        case crash_cause::illegal_instruction:
            return "an illegal instruction (SIGILL)";
        case crash_cause::abort:
            return "abort() is called (SIGABRT)";
        case crash_cause::assertion:
            return std::string("the assertion `") + seen.expression + "' fails (SIGABRT)";
        case crash_cause::no_cell:
            return "a variable is used that was never made";
    }
    return "?";
}

}  // namespace

/// The stack of what crashed is never run on again: its thread starts anew in the next execution,
/// and who waits for the main thread's work has set the way out.
void machine::leave_crashed(const crash_report& seen) {
    program_runs_ = false;
    const unsigned t = self();
    crashes_[t] = seen;
    crashes_[t]->at_step = observed_;
    if (t == 0) {
        has_way_out_ = false;
        std::longjmp(way_out_, 1);  // NOLINT(cert-err52-cpp)
    }
    is_[t] = status::failed;
    // As fail() has it.
    if (interleaves_ && !starting_) abandoned_ = execution_end::stopped;
    fibers_.switch_to(0);
    __builtin_unreachable();
}

void machine::leave_overflown(const void* site) {
    leave_crashed({.cause = crash_cause::stack_overflow,
                   .site = function_around(reinterpret_cast<std::uintptr_t>(site))});
}

void machine::leave_without_cell(const void* site) {
    leave_crashed({.cause = crash_cause::no_cell, .site = site});
}

/// Makes a finding of a thread's crash, if it had one.
/// \return whether it had.
bool machine::record_crash(unsigned thread) {
    if (!crashes_[thread]) return false;
    const crash_report seen = *std::exchange(crashes_[thread], std::nullopt);
    finding f{.kind = finding_kind::crash,
              .what = sentence_about(seen),
              .thread = thread,
              .site = seen.site};
    f.at_step = seen.at_step;
    add(std::move(f));
    return true;
}

}  // namespace pidmap_stress::explore

// --- assert() -----------------------------------------------------------------------------------

// The C library's own one would print a line for each execution in which an assertion of the code
// under test fails, and there may be thousands. All others end the process, as ever.
#if defined(__GLIBC__)
extern "C" void __assert_fail(  // NOLINT(bugprone-reserved-identifier)
    const char* expression, const char* file, unsigned line, const char* function) noexcept {
    using pidmap_stress::explore::machine;
    if (!pidmap_stress::under_sanitizer && machine::running() && machine::current().program_runs())
        machine::current().leave_crashed({.cause = pidmap_stress::explore::crash_cause::assertion,
                                          .site = pidmap_stress::explore::own_code_above(),
                                          .expression = expression});
    std::fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", program_invocation_short_name,
                 file, line, function, expression);
    ::abort();
}
#endif
