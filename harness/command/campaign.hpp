#pragma once

#include <vector>

#include "harness/command/options.hpp"
#include "harness/native/supervisor.hpp"

namespace pidmap_stress {

/// Runs every cell that `how` selects, prints each result as it comes, and writes the results file
/// after each cell, so that everything reported is kept however the run ends.
///
/// \param program  The shell command that runs this program again, without its options.
/// \returns The exit code of the run.
[[nodiscard]] int run_campaign(const run_options& how, const std::string& program);

/// How results are read.
struct exit_rules {
    bool strict = false;   ///< A known breakage is a violation, too.
    bool complete = true;  ///< Every cell was run to its end.
};

/// The verdict of all results, the gravest first: violated, crash, stall, killed from outside or
/// out of resources, cut short, inconclusive.
[[nodiscard]] int exit_code_of(const std::vector<cell_result>& results, exit_rules rules) noexcept;

}  // namespace pidmap_stress
