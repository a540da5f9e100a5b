#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/shard.hpp"
#include "harness/programs/matrix.hpp"

/// What `explore` prints and keeps about its cells, and its exit code.
namespace pidmap_stress {

struct explored_so_far {
    std::vector<explore::cell_verdict> cells{};  ///< Those that have begun.
    std::size_t wanted = 0;                      ///< How many cells there are.
    bool strict = false;                         ///< Any violation counts, known or not.
    bool interrupted = false;                    ///< It was asked to end.
    double seconds = 0;

    /// How many cells were explored to their end.
    [[nodiscard]] std::size_t ended() const;
    [[nodiscard]] bool complete() const { return ended() == wanted; }
};

/// A token for an execution that was cut off at the step limit, if there was one.
[[nodiscard]] std::optional<std::string> token_of_too_long(const explore::cell_verdict& seen);

/// A cell in one line, and two for each defect: its name, and a command that replays it.
/// \param program  The shell command that starts this program.
[[nodiscard]] std::string describe_cell(const explore::cell_verdict& seen,
                                        const std::string& program);
/// Two lines for a defect.
[[nodiscard]] std::string describe_defect(const explore::broken_invariant& one,
                                          const std::string& program);
[[nodiscard]] nlohmann::json finding_to_json(const explore::broken_invariant& one,
                                             const std::string& program);
/// The defects of all cells that have some: below the table of the matrix, as tokens belong to one
/// build only.
[[nodiscard]] std::string describe_below_matrix(std::span<const explore::cell_verdict> all,
                                                const std::string& program);
/// How many cells hold, fail and are not as expected, and why they are not.
[[nodiscard]] std::string describe_total(const explored_so_far& seen);

/// "violated", "crash", "holds", or "unbroken": nothing broke, but not all was explored.
[[nodiscard]] std::string_view verdict_of(const explore::cell_verdict& seen);
/// The results file.
/// \param configuration  The settings of the command.
[[nodiscard]] nlohmann::json to_json(const explored_so_far& seen,
                                     const nlohmann::json& configuration, const shard& part,
                                     const std::string& program);
/// {"index": 1, "count": 8}.
[[nodiscard]] nlohmann::json to_json(const shard& part);

/// The first of these that applies, as for `run`: exit_violated if an invariant broke that is not
/// known to break, or any at all if `strict`, or if the harness is at fault; exit_crash;
/// exit_cut_short if it was asked to end; exit_inconclusive if a variant held where it must break,
/// or if there was no time to begin some cell; exit_as_expected.
[[nodiscard]] int exit_code_of(const explored_so_far& seen);
/// For a replay: exit_crash if it crashed, and that was to be shown, or nothing else broke;
/// exit_violated if anything broke.
[[nodiscard]] int exit_code_of(const explore::replay_result& run,
                               std::optional<explore::defect> shows);

}  // namespace pidmap_stress
