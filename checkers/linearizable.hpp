#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checkers/finding.hpp"

namespace pidmap_stress {

/// What is known beyond the history itself. It goes for each namespace of the history.
struct linearizability_rules {
    /// The lowest pid_max in force during the history.
    pid_nr lowest_pid_max = 0;
    pid_nr reserved_pids = 0;
    /// References at the beginning of the history; after a creation, the creator's.
    unsigned initial_references = 1;
    /// Pids that were held at the beginning of the history.
    std::span<const pid_nr> initially_held{};
    /// How far the clocks of two workers may differ, in ticks.
    ticks skew = 0;
    /// The search gives up after so many configurations for one pid.
    std::uint64_t most_configurations = 10'000'000;
};

struct linearizability {
    std::vector<finding> findings{};
    /// Every search came to its end. Without this, no finding means nothing.
    bool decided = true;
};

/// Judges whether a history can be explained call by call: each one took effect at one instant
/// between its call and its return (a pending one: then or never), and the results are those of a
/// set of pids.
///
/// \param history  In any order, of any number of namespaces; complete from its beginning on.
[[nodiscard]] linearizability judge_linearizable(std::span<const operation> history,
                                                 const linearizability_rules& rules);

}  // namespace pidmap_stress
