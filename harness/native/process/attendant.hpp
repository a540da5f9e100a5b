#pragma once

#include <functional>
#include <map>
#include <string>

#include <sys/types.h>

#include "harness/native/process/memory_looks.hpp"
#include "harness/native/supervision.hpp"
#include "harness/world/board.hpp"

/// The process of a trial as its supervisor sees it, until it has ended.
namespace pidmap_stress {

enum class trial_end { good, crashed, stalled, killed };

/// How a trial ended, and what was learned about its process.
struct trial_course {
    trial_end end = trial_end::good;
    std::string ending{};  ///< A sentence, if it did not end well.
    std::string stacks{};
    memory_looks memory{};
};

/// The threads of a trial that are its workers, by the system's number.
[[nodiscard]] std::map<pid_t, std::string> names_of_threads(pid_t trial, const board& here,
                                                            unsigned workers);

/// Waits for the trial's end, and ends it when time is up, when it stalls, and when it was damaged.
///
/// \param trial              A child of this process, which reports to `here`.
/// \param time_is_up         Asked some times a second.
/// \param operations_before  Of earlier trials of the cell, for `watch.on_progress`.
[[nodiscard]] trial_course attend(pid_t trial, board& here, unsigned workers,
                                  const supervision& watch, const std::function<bool()>& time_is_up,
                                  std::uint64_t operations_before);

}  // namespace pidmap_stress
