#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "harness/explorer/litmus/straight_line.hpp"

/// Straight-line programs of two threads on the machine that this runs on: its std::atomic, with
/// the memory orders of the program, compiled into the instructions that users get.
namespace pidmap_stress::explore::straight_line {

/// The processors that this process may use.
[[nodiscard]] std::vector<unsigned> usable_processors();

/// Whether native_runs can run a program: two threads of at most `longest_thread` operations, whose
/// cells never hold more than `largest_value`, and no weak compare-exchange.
inline constexpr std::size_t longest_thread = 5;
inline constexpr int largest_value = 255;
[[nodiscard]] bool runs_natively(const code& c);

struct native_outcomes {
    std::set<outcome> seen;
    std::uint64_t runs = 0;
};

/// Runs `c` at least `runs` times, by two threads on two processors of their own.
///
/// As in litmus7, there are many copies of the cells, and both threads walk over them in step. They
/// wait for each other every few copies, and each for a little longer by chance, so that all the
/// ways in which two short pieces of code can meet are tried.
///
/// \param seed  For processors, distances and delays. The outcomes are up to the machine.
/// \pre  runs_natively(c), and usable_processors() has two or more.
/// \source Alglave, Maranget, Sarkar, Sewell: Litmus: running tests against hardware. TACAS 2011.
[[nodiscard]] native_outcomes run_natively(const code& c, std::uint64_t runs, std::uint64_t seed);

}  // namespace pidmap_stress::explore::straight_line
