#pragma once

#include <string>

/// Where and when: for reports.
namespace pidmap_stress {

/// The name that the machine has in its network; "unknown" if it has none.
[[nodiscard]] std::string host_name();

/// Now, in UTC, ISO 8601, with milliseconds: "2025-11-25T22:09:12.345Z". The texts sort like the
/// times.
[[nodiscard]] std::string utc_now();

}  // namespace pidmap_stress
