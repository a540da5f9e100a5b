#pragma once

#include <optional>
#include <span>

#include "checkers/finding.hpp"
#include "checkers/linearization/linearizable.hpp"

namespace pidmap_stress {

/// The earliest instant at which the namespace can have died of its count; `never` if it cannot.
///
/// \param calls  Those of one namespace, sorted by `called`.
[[nodiscard]] ticks earliest_death_of(std::span<const operation> calls,
                                      const linearizability_rules& rules);

/// Finds a `namespace_dead` while the namespace was alive, a success after it had died, or a put of
/// a reference that no caller had. What a closing may explain is left to find_wrong_closing().
///
/// A part of judge_linearizable() that is not local to a pid; no linearization can explain what it
/// finds.
///
/// \param calls  Those of one namespace, sorted by `called`.
[[nodiscard]] std::optional<finding> find_wrong_death(std::span<const operation> calls,
                                                      const linearizability_rules& rules);

}  // namespace pidmap_stress
