#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/native/supervisor.hpp"

namespace pidmap_stress {

/// What this run has explained: once is enough for each variant, invariant and discipline.
using explained_before = std::set<std::tuple<std::string_view, invariant, discipline>>;

/// Tries to break each invariant that broke in a cell in the model too, by small programs made of
/// the workers' last calls. Takes a bounded number of executions: about a second at most.
///
/// \param program  The shell command that starts this program.
[[nodiscard]] std::vector<explanation> explain_findings(const cell_result& result,
                                                        const std::string& program,
                                                        explained_before& before);

/// For readers, without a line end: the table and the command that replays it, or that there is
/// none.
[[nodiscard]] std::string describe(const explanation& what);

}  // namespace pidmap_stress
