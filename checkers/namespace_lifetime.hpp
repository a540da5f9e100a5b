#pragma once

#include <optional>
#include <span>

#include "checkers/finding.hpp"
#include "checkers/linearizable.hpp"

namespace pidmap_stress {

/// Finds a `namespace_dead` while the namespace was alive, a success after it had died,
/// or a put of a reference that nobody had.
///
/// A part of judge_linearizable() that is not local to a pid; what it finds, no linearization can
/// explain.
///
/// \param calls  Those of one namespace, sorted by `called`.
[[nodiscard]] std::optional<finding> find_wrong_death(std::span<const operation> calls,
                                                      const linearizability_rules& rules);

}  // namespace pidmap_stress
