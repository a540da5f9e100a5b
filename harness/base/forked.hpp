#pragma once

#include <functional>
#include <string>
#include <vector>

namespace pidmap_stress {

/// How a task ended that ran in a process of its own.
struct task_end {
    enum class kind { returned, died, timed_out };
    kind how = kind::returned;
    std::string text{};  ///< What it returned; otherwise how it ended.
};

/// Runs tasks, each in a process of its own, so that damage to its memory, or a loop that it never
/// leaves, is a result and not the end.
///
/// \param tasks     Each returns what it found, as text.
/// \param jobs      How many run at once.
/// \param patience  Seconds after which a task is killed.
/// \param on_end    Called in this process as each one ends, with its number, in any order. It
///                  returns whether the tasks that have not begun are to be run at all.
/// \param give_up   Asked some times a second. Once it returns true, the tasks that run are killed,
///                  and on_end is not called for them.
/// \pre             This process has one thread.
void run_forked(const std::vector<std::function<std::string()>>& tasks, unsigned jobs,
                double patience, const std::function<bool(std::size_t, const task_end&)>& on_end,
                const std::function<bool()>& give_up = {});

}  // namespace pidmap_stress
