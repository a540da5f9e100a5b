#pragma once

#include <optional>
#include <span>
#include <vector>

#include "checkers/finding.hpp"
#include "checkers/linearization/linearizable.hpp"

namespace pidmap_stress {

/// The instant at which a namespace was closed for allocations, as far as the history shows it.
struct closing {
    /// It cannot have been before: no disable had been called, or an allocation succeeded later.
    ticks earliest = never;
    /// It cannot have been after: a caller had been told. `never` if no caller was.
    ticks latest = never;
    /// The calls that these two rest on.
    std::optional<operation> not_before{};
    std::optional<operation> not_after{};
};

/// Bounds the closing of a namespace.
///
/// `namespace_dead` is evidence of the closing where it can mean nothing else: before
/// `earliest_death`.
///
/// \param calls           Those of one namespace, sorted by `called`.
/// \param earliest_death  When the namespace can have died of its count, at the earliest.
[[nodiscard]] closing find_closing(std::span<const operation> calls,
                                   const linearizability_rules& rules, ticks earliest_death);

/// Finds a closing that is too early for an answer before it or too late for an answer after it; a
/// pid that was handed out, or an error other than `namespace_dead`, in a namespace that was surely
/// closed; and a namespace that was closed twice.
///
/// A part of judge_linearizable() that is not local to a pid; no linearization can explain what it
/// finds.
[[nodiscard]] std::optional<finding> find_wrong_closing(std::span<const operation> calls,
                                                        const linearizability_rules& rules,
                                                        const closing& when);

/// The calls, with allocations that came before the closing ending no later than that. So what is
/// local to a pid can be judged by itself. Pending ones that came too late to take effect are left
/// out.
[[nodiscard]] std::vector<operation> before_closing(std::span<const operation> calls,
                                                    const closing& when);

}  // namespace pidmap_stress
