#pragma once

#include <optional>
#include <span>

#include "checkers/finding.hpp"
#include "checkers/linearization/linearizable.hpp"

namespace pidmap_stress {

/// Finds an `exhausted` that nothing overlapped, while an eligible pid was free.
///
/// A part of judge_linearizable() that is not local to a pid; no linearization can explain what it
/// finds.
///
/// \param calls  Those of one namespace, sorted by `called`.
[[nodiscard]] std::optional<finding> find_wrong_exhaustion(std::span<const operation> calls,
                                                           const linearizability_rules& rules);

}  // namespace pidmap_stress
