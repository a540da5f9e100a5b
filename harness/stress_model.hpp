#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "allocator/contract.hpp"

namespace pidmap_stress {

struct cell_result;

/// What the explorer makes of something that a native run found.
struct modelled_finding {
    invariant broken{};
    std::uint64_t programs = 0;    ///< That were made of the workers' last calls.
    std::uint64_t executions = 0;  ///< Of all of them, shrinking included.
    std::string token{};           ///< Empty if it broke in none of them.
    std::string table{};           ///< The execution, step by step.
};

/// What has been modelled in this run: once is enough for each variant, invariant and discipline.
using modelled_before = std::set<std::tuple<std::string_view, invariant, discipline>>;

/// Tries to break in the model, in small programs made of the workers' last calls, each invariant
/// that broke in a cell. Takes a bounded number of executions: a second at the most, about.
///
/// \param program  The words of a shell that start this program.
[[nodiscard]] std::vector<modelled_finding> model_findings(const cell_result& result,
                                                           const std::string& program,
                                                           modelled_before& before);

/// For readers, without a line end: the table and what replays it, or that there is none.
[[nodiscard]] std::string describe(const modelled_finding& what);

}  // namespace pidmap_stress
