#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "allocator/geometry.hpp"
#include "checkers/expectation.hpp"
#include "checkers/verdict.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/explanation.hpp"
#include "harness/native/flights.hpp"
#include "harness/native/process/sanitizer_findings.hpp"
#include "harness/native/trial.hpp"

namespace pidmap_stress {

/// What running one cell showed.
struct cell_result {
    cell what{};
    verdict seen{};
    assessment judged{};
    /// What a sanitizer reported, by cause. They are among the findings that were seen.
    std::vector<sanitizer_finding> by_sanitizer{};
    /// The last events of the workers in the first trial that found something.
    std::string last_events{};
    std::vector<flight_log> flights{};
    /// What the explorer made of it, if it was asked.
    std::vector<explanation> explained{};
    /// How the process of a trial ended, where it did not end well: a sentence.
    std::string ending{};
    /// How a trial ended that was ended from outside and tried again, as a sentence.
    std::string tried_again{};
    bool out_of_resources = false;
    /// It was asked to end before its time: what did not happen might still have happened.
    bool cut_short = false;
    /// The stacks of all threads, where a trial stalled or crashed.
    std::string stacks{};
    /// Marks that were hit in any trial.
    std::vector<std::string> marks_hit{};
    /// How often something happened that bugs need, by its name.
    std::map<std::string, std::uint64_t> near_misses{};
    /// The most memory that a trial's process had, in KiB.
    std::uint64_t trial_resident_kib = 0;
    std::uint64_t undecided_histories = 0;
    std::uint64_t rounds = 0;
    std::uint64_t trials = 0;
    std::uint64_t trials_with_findings = 0;
    /// If it was run repeatedly: how often, and in how many of these runs something broke.
    std::uint64_t repeated = 0;
    std::uint64_t repeated_with_findings = 0;
    double seconds = 0;

    /// It was cut short before it showed anything, good or bad.
    [[nodiscard]] bool came_to_nothing() const noexcept {
        return cut_short && judged.unexpected.empty() &&
               (judged.kind == verdict_kind::inconclusive || !judged.missing.empty());
    }
};

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

/// Runs a cell `times` times, each with a key of its own and a share of the budget, and each up to
/// its first finding. Together they make one result; the share of runs with a finding is its
/// reproduction rate.
///
/// \pre As for run_cell(); times > 0.
[[nodiscard]] cell_result repeat_cell(const cell& what, const trial_settings& how,
                                      const supervision& watch, unsigned times);

/// Runs a cell as a series of trials, each in a process of its own, so that whatever happens to one
/// is a finding and not the end. A trial ends when memory can no longer be trusted; the next one
/// looks for what else is broken.
///
/// \pre This process has one thread.
[[nodiscard]] cell_result run_cell(const cell& what, const trial_settings& how,
                                   const supervision& watch);

}  // namespace pidmap_stress
