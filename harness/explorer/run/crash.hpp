#pragma once

#include <cstddef>
#include <cstdint>

/// Crashes of the code under test: they end one execution, and not the process.
///
/// The signal's handler runs on a stack of its own. If the signal came out of the program that a
/// machine runs, it leaves that program for good, as a failed check does. If it came out of the
/// engine or of anything else, it is not touched: the process ends by it.
namespace pidmap_stress::explore {

enum class crash_cause : std::uint8_t {
    null_pointer,
    bad_address,
    stack_overflow,
    division,
    arithmetic,
    illegal_instruction,
    abort,
    assertion,
    no_cell,  ///< What is used as an atomic or a plain cell was never made.
};

/// What is known of a crash where it happens. Nothing of it has to be allocated.
struct crash_report {
    crash_cause cause = crash_cause::bad_address;
    /// Behind the instruction that crashed, or that called what crashed, in this program's own
    /// code; nullptr if there is none.
    const void* site = nullptr;
    const char* expression = nullptr;  ///< Of an assertion.
    unsigned at_step = 0;              ///< As finding::at_step.
};

/// Installs the handlers, once for this process, and a stack for them, once for this OS thread.
/// Does nothing under sanitizers, whose own handlers say more.
void catch_crashes();
/// The low end of this OS thread's own stack, as far as it is known.
[[nodiscard]] const char* own_stack_end() noexcept;
/// The caller's caller, and so on: the first address in this program's own code, not in a library.
[[nodiscard]] const void* own_code_above() noexcept;

}  // namespace pidmap_stress::explore
