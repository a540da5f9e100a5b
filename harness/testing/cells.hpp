#pragma once

#include <string>
#include <string_view>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/supervisor.hpp"

namespace pidmap_stress::testing {

/// Few workers and a bounded number of calls, on the pool that sanitizers can see through.
[[nodiscard]] inline trial_settings some_calls(std::uint64_t operations) {
    return {.workers = 3,
            .pool = under_tsan ? pool_kind::jthread : pool_kind::tbb,
            .key = 1,
            .operations = operations};
}

/// Runs a cell until its calls are used up, however long that takes on a busy machine.
[[nodiscard]] inline cell_result run(const subject_entry& variant, const scenario_entry& workload,
                                     discipline how, const trial_settings& settings) {
    return run_cell({.variant = &variant, .workload = &workload, .how = how}, settings,
                    {.budget = std::chrono::minutes(4), .stall_after = std::chrono::minutes(1)});
}
[[nodiscard]] inline cell_result run(const subject_entry& variant, std::string_view workload,
                                     discipline how, const trial_settings& settings) {
    return run(variant, *find_scenario(workload), how, settings);
}

/// The message of a failed expectation about a cell.
[[nodiscard]] inline std::string told(const cell_result& result) {
    std::string text = to_string(result.seen) + "; " + result.ending + "\n";
    for (const finding& one : result.seen.findings) text += to_string(one) + "\n";
    return text + result.last_events;
}

}  // namespace pidmap_stress::testing
