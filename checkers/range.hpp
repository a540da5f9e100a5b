#pragma once

#include <optional>

#include "checkers/finding.hpp"

namespace pidmap_stress {

/// A pid that an allocation returned, and the limits that it had to keep.
struct range_evidence {
    pid_nr pid = 0;
    /// The highest pid_max in force at any instant of the call.
    pid_nr pid_max = 0;
    pid_nr reserved_pids = 0;
    /// The first wrap had surely happened when the call began. A lower pid than an earlier one
    /// proves it, unless the search's start can move backwards.
    bool wrapped_before = false;

    [[nodiscard]] constexpr bool fits() const noexcept {
        return pid >= (wrapped_before ? reserved_pids : 1) && pid < pid_max;
    }
};

[[nodiscard]] finding describe_misfit(const range_evidence& evidence);

/// Judges pid_in_range: 1 <= pid < pid_max, and >= reserved_pids after the first wrap.
[[nodiscard]] inline std::optional<finding> judge_range(const range_evidence& evidence) {
    if (evidence.fits()) [[likely]]
        return std::nullopt;
    return describe_misfit(evidence);
}

}  // namespace pidmap_stress
