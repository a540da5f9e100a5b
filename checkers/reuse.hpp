#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "checkers/finding.hpp"

namespace pidmap_stress {

/// The last operations of all workers, and what is known of the time they span.
struct reuse_window {
    /// Every operation that returned at `complete_since` or later, and every call in flight (as a
    /// pending operation), of all workers, in any order. Older ones may be among them.
    std::span<const operation> operations{};
    ticks complete_since = 0;
    /// No more pids of one namespace than this were held at any instant since `complete_since`. A
    /// pid counts from its alloc's call to its free's return.
    std::uint64_t held_at_most = 0;
    /// The lowest pid_max in force since `complete_since`.
    pid_nr lowest_pid_max = 0;
    pid_nr reserved_pids = 0;
    /// How far the clocks of two workers may differ, in ticks.
    ticks skew = 0;
};

/// Finds a pid that was handed out again although the search cannot have gone all the way round.
[[nodiscard]] std::optional<finding> find_immediate_reuse(const reuse_window& window);

}  // namespace pidmap_stress
