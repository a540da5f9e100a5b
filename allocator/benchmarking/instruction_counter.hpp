#pragma once

#include <functional>
#include <optional>
#include <string_view>

namespace pidmap_stress::benchmarking {

/// The cost of one call of a function in instructions, whatever else the machine does meanwhile.
struct instruction_cost {
    double instructions = 0;
    /// Those of the instructions that are atomic read-modify-writes, where the method can tell.
    std::optional<double> atomic_rmws;
};

/// Counts the instructions of one call, of one thread, in user mode.
///
/// On x86-64 a forked child is single-stepped, which is exact, needs no performance counters and
/// works in a virtual machine. Elsewhere, or where ptrace is forbidden, the processor's counter is
/// read. (Single-stepping is not for machines with load-linked/store-conditional: each step breaks
/// the reservation, and an atomic loop never ends.)
///
/// \param make_calls  Makes as many calls as it is told to.
/// \returns Nothing if neither way is open here.
[[nodiscard]] std::optional<instruction_cost> count_instructions(
    const std::function<void(int)>& make_calls);

/// How count_instructions() counted when it was last called.
[[nodiscard]] std::string_view instruction_counting_method();

}  // namespace pidmap_stress::benchmarking
