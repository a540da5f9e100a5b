#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "checkers/finding.hpp"
#include "checkers/history.hpp"
#include "checkers/linearization/linearizable.hpp"

/// linearizable, where calls have no bounds in time, but one may have to come before another: as in
/// an explored execution, where only happens-before orders calls.
///
/// The specification is the one of linearizable.hpp. Such histories are short, so everything is
/// searched at once; but `exhausted` is not judged, and one rule is wider. A call that is under way
/// may keep the namespace alive: an allocation has its reference before it has its pid, and a free
/// drops the reference last. There is no one instant for such a call. So a namespace that nothing
/// holds may die at any time, and alloc gets a pid in it only if another call overlaps that alloc.
/// call overlaps that one.
namespace pidmap_stress {

/// The most calls that a history can have.
inline constexpr std::size_t most_ordered_calls = 62;

struct ordered_call {
    operation what{};  ///< Its times only say whether it is pending.
    /// The calls that had returned when this one was called: bit i is the i-th of the history.
    std::uint64_t after = 0;
};

/// Searches for an order of the calls that puts each one behind all that it is `after`, and in
/// which each result is as the specification has it.
///
/// \param calls  At most most_ordered_calls, of one namespace. Fastest if they are roughly in the
///               order in which they took effect.
/// \return       A finding, and as its witness the calls that no order explains: those that are
///               left where the longest order ends.
[[nodiscard]] std::optional<finding> judge_ordered(std::span<const ordered_call> calls,
                                                   const linearizability_rules& rules);

}  // namespace pidmap_stress
