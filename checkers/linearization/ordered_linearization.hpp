#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "checkers/finding.hpp"
#include "checkers/history.hpp"
#include "checkers/linearization/linearizable.hpp"

/// linearizable, where calls have no bounds in time, but one may have to come before another: as in
/// an execution that is explored, where all that orders calls is what happens before what.
///
/// The specification is the one of linearizable.hpp. Such histories are short, so all of it is
/// searched at once; but `exhausted` is not judged, and one thing is taken wider. A call that is
/// under way may keep the namespace alive: an allocation has its reference before it has its pid,
/// and who frees one drops the reference last. There is no one instant for such a call. So a
/// namespace that nothing holds may die at any time, and alloc gets no pid in it unless another
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
/// \param calls  At most most_ordered_calls, of one namespace. It is fastest if they are about in
///               the order in which they took effect.
/// \return       A finding, and as its witness the calls that no order explains: those that are
///               left where the longest order ends.
[[nodiscard]] std::optional<finding> judge_ordered(std::span<const ordered_call> calls,
                                                   const linearizability_rules& rules);

}  // namespace pidmap_stress
