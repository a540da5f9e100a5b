#pragma once

#include <string>

namespace pidmap_stress {

/// Prints the progress of a soak, running or dead, from what it has recorded.
/// \returns exit_as_expected, or exit_usage if the folder has no journal.
[[nodiscard]] int run_status(const std::string& folder);

}  // namespace pidmap_stress
