#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "allocator/geometry.hpp"
#include "checkers/verdict.hpp"
#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {

/// How long a cell is run, and what its supervisor does meanwhile.
struct supervision {
    /// How long the cell is run; a few seconds longer if by then it has not shown what it is there
    /// for. 0: until the operations are used up.
    std::chrono::nanoseconds budget{};
    /// A trial none of whose workers finishes an operation for this long is stalled.
    std::chrono::nanoseconds stall_after{};
    /// Called some times a second, with the operations so far. May be empty.
    std::function<void(std::uint64_t operations)> on_progress{};
    /// Checked equally often: whether the last events of the workers are wanted, and where they go.
    /// May be empty.
    std::function<bool()> asked_for_status{};
    std::function<void(const std::string& last_events)> on_status{};
    /// Checked equally often: whether to stop early, and report what there is.
    std::function<bool()> interrupted{};
    /// A cell that has not shown yet what it is there for gets this much longer: on a busy machine
    /// its time may be over before its threads have started.
    std::chrono::nanoseconds last_chance = std::chrono::seconds(under_sanitizer ? 15 : 5);
    /// How many calls the main thread may make without a round in between. Setting a stage may take
    /// a few for each of four million pids; a set-up that makes more than this does not end.
    std::uint64_t longest_set_up = 16 * std::uint64_t{highest_pid_max<kernel_geometry>};
    /// A trial that was asked to end, as this process was, and does not, is ended after this long.
    std::chrono::nanoseconds grace_when_asked = std::chrono::seconds(10);
    /// The cell ends as soon as one of these broke.
    invariant_set enough{};
};

}  // namespace pidmap_stress
