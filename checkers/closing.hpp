#pragma once

#include <optional>
#include <span>
#include <vector>

#include "checkers/finding.hpp"
#include "checkers/linearization/linearizable.hpp"

namespace pidmap_stress {

/// The instant at which a namespace was closed for allocations: what the history says of it.
struct closing {
    /// It cannot have been before: no disable had been called, or an allocation succeeded later.
    ticks earliest = never;
    /// It cannot have been after: somebody had been told. `never` if nobody was.
    ticks latest = never;
    /// The calls that these two rest on.
    std::optional<operation> not_before{};
    std::optional<operation> not_after{};
};

/// Bounds the closing of a namespace.
///
/// `namespace_dead` tells of the closing where it can mean nothing else: if it was said before
/// `earliest_death`.
///
/// \param calls           Those of one namespace, sorted by `called`.
/// \param earliest_death  When the namespace can have died of its count, at the earliest.
[[nodiscard]] closing find_closing(std::span<const operation> calls,
                                   const linearizability_rules& rules, ticks earliest_death);

/// Finds a closing that comes too early for what was said before it or too late for what was said
/// after it; a pid that was handed out, or an error other than `namespace_dead`, in a namespace
/// that was surely closed; and a namespace that was closed twice.
///
/// A part of judge_linearizable() that is not local to a pid; what it finds, no linearization can
/// explain.
[[nodiscard]] std::optional<finding> find_wrong_closing(std::span<const operation> calls,
                                                        const linearizability_rules& rules,
                                                        const closing& when);

/// The calls with allocations that end no later than the closing: whatever came after it, they
/// came before. So what is local to a pid can be judged by itself. Without those pending ones that
/// came too late to take effect.
[[nodiscard]] std::vector<operation> before_closing(std::span<const operation> calls,
                                                    const closing& when);

}  // namespace pidmap_stress
