#pragma once

#include <string>

namespace pidmap_stress {

/// Says how far a soak is, running or dead, from what it has written down.
/// \returns exit_as_expected, or exit_usage if the folder has no journal.
[[nodiscard]] int run_status(const std::string& folder);

}  // namespace pidmap_stress
