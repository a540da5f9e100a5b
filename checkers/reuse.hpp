#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "checkers/finding.hpp"

/// no_immediate_reuse: no pid is handed out again before the search has gone all the way around.
///
/// The argument. Let A1 and A2 both return p, and A2 be called after A1 returned. In an allocator
/// whose cursor (`last_pid`) only moves forward, the cursor stands at p or beyond when A1 returns,
/// and A2 starts at the cursor. So between A1's call and A2's return the cursor and A2 together
/// passed every other eligible pid, those in [reserved_pids, pid_max). A pid is passed by a call
/// that claims it or found it taken, and that call overlapped the time from A1's call to A2's
/// return; let S be the earliest call of any of these. Then each of the eligible pids was taken at
/// some instant between S and A2's return. It was held at S already, or it was claimed by an
/// allocation that overlapped the span from S to A2's return. This bounds the number of pids that
/// can have been passed, and if there are more eligible pids than that, the cursor moved back.
///
/// What could cause a false alarm, and why it does not:
/// - A map that is nearly full, or one with a single free pid: the held pids are in the bound.
/// - A slow call that moves the cursor over pids that it found taken long ago: that is why the span
///   begins at S, not at A1's call.
/// - Page counters are hints: a page may be skipped as full while it has clear bits, but not more
///   of them than other calls are in flight, as each of them makes bits and counter differ by at
///   most one. A worker is in one call at a time, and one round visits a page at most twice, so
///   another 2 * pages * (workers - 1) pids may be skipped.
/// - Pids below reserved_pids, which are not searched after a wrap: they are not eligible.
/// - A pid_max that changed: only pids below its lowest value are eligible.
/// - A window whose old end is cut off: nothing is judged unless S is inside it.
/// - Clocks that differ: spans are widened by the skew, A2 must be called later than by the skew.
///
/// It uses real time, so it is for native histories. Whether a free happens-before the next
/// allocation of the pid (reuse_happens_after) cannot be seen from times: the explorer checks that.
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
    unsigned bits_per_page = 32768;
    /// How far the clocks of two workers may differ, in ticks.
    ticks skew = 0;
};

/// Finds a pid that was handed out again although the search cannot have gone all the way around.
///
/// Only what the argument above proves is a finding.
[[nodiscard]] std::optional<finding> find_immediate_reuse(const reuse_window& window);

}  // namespace pidmap_stress
