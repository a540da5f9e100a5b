#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/native/supervisor.hpp"

namespace pidmap_stress {

/// What has been explained in this run: once is enough for each variant, invariant and discipline.
using explained_before = std::set<std::tuple<std::string_view, invariant, discipline>>;

/// Tries to break in the model, in small programs made of the workers' last calls, each invariant
/// that broke in a cell. Takes a bounded number of executions: a second at the most, about.
///
/// \param program  The words of a shell that start this program.
[[nodiscard]] std::vector<explanation> explain_findings(const cell_result& result,
                                                        const std::string& program,
                                                        explained_before& before);

/// For readers, without a line end: the table and what replays it, or that there is none.
[[nodiscard]] std::string describe(const explanation& what);

}  // namespace pidmap_stress
