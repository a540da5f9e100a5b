#pragma once

#include <map>
#include <string>
#include <vector>

#include "checkers/expectation.hpp"
#include "checkers/verdict.hpp"
#include "harness/native/explanation.hpp"
#include "harness/native/flights.hpp"
#include "harness/native/process/sanitizer_findings.hpp"
#include "harness/native/supervision.hpp"
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
    /// The shortest time from a page's last clear to its put, in nanoseconds, of those that were
    /// timed, which is one in 16. 0: none was.
    std::uint64_t clear_to_put_ns = 0;
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

/// Runs a cell `times` times, each with a key of its own and a share of the budget, and each up to
/// its first finding. Together they make one result; the share of runs with a finding is its
/// reproduction rate. There are fewer if they take twice the budget: a run that ends badly may last
/// longer than its share.
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
