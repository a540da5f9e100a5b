#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/journal/records.hpp"
#include "harness/native/supervisor.hpp"

/// Planted bugs that a campaign must find, to show that it can see.
namespace pidmap_stress {

/// The planted bugs to draw from: mutants that a run is sure to find at once, each in one cell.
/// Empty if the program was linked without mutants.
[[nodiscard]] std::vector<cell> canaries();

/// The `number`-th canary of a campaign: drawn from canaries() by its seed.
/// \pre canaries() is not empty.
[[nodiscard]] cell draw_canary(std::uint64_t seed, std::uint64_t number);

/// How long a canary may take: a fifth of a campaign, within limits. A busy machine alone must not
/// make the harness seem blind, so the lower limit holds even where the campaign is shorter.
[[nodiscard]] std::chrono::nanoseconds time_for_canary(std::chrono::nanoseconds campaign);

/// Runs a planted bug until it is found, or its time is up.
[[nodiscard]] journal::canary_record look_for(const cell& planted, const trial_settings& how,
                                              const supervision& watch);

}  // namespace pidmap_stress
