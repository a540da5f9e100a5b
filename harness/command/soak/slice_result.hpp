#pragma once

#include <chrono>
#include <set>
#include <string>

#include "harness/command/soak/slice_plan.hpp"
#include "harness/journal/records.hpp"
#include "harness/native/supervisor.hpp"

namespace pidmap_stress {

/// A cell as a journal plans it, with what its variant declares.
[[nodiscard]] journal::planned_cell to_plan(const cell& what);

/// What running a slice showed, as a journal keeps it: everything except when, and the
/// consequences.
[[nodiscard]] journal::slice_record to_record(const slice_plan::slice& which,
                                              const cell_result& result);

/// All near misses of a slice together.
[[nodiscard]] std::uint64_t near_misses_of(const journal::slice_record& slice);

}  // namespace pidmap_stress
