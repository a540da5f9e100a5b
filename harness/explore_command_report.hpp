#pragma once

#include <optional>
#include <span>
#include <string>

#include "harness/explore/matrix.hpp"

/// What `explore` prints of its cells, and what its exit code says of them.
namespace pidmap_stress {

/// A cell in one line, and two for each defect: what it is, and a command that replays it.
/// \param program  The words of a shell that start this program.
[[nodiscard]] std::string describe_cell(const explore::cell_verdict& seen,
                                        const std::string& program);
/// The defects of all cells that have some: below the table of the matrix, as tokens are of one
/// build only.
[[nodiscard]] std::string describe_below_matrix(std::span<const explore::cell_verdict> all,
                                                const std::string& program);
/// How many cells hold, fail and are not as expected, and why they are not.
[[nodiscard]] std::string describe_total(std::span<const explore::cell_verdict> all);

/// The first of these that applies, as for `run`: exit_violated if an invariant broke that is not
/// known to break, or any at all if `strict`, or if the harness is at fault; exit_crash;
/// exit_inconclusive if a variant held where it must break; exit_as_expected.
[[nodiscard]] int exit_code_of(std::span<const explore::cell_verdict> all, bool strict);
/// Of a replay: exit_crash if it crashed, and that was to be shown, or nothing else broke;
/// exit_violated if anything broke.
[[nodiscard]] int exit_code_of(const explore::replay_result& run,
                               std::optional<explore::defect> shows);

}  // namespace pidmap_stress
