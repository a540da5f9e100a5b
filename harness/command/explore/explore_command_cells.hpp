#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "harness/programs/matrix.hpp"

/// Explores the cells of a command: side by side, as long as there is time, with a line that shows
/// the progress.
namespace pidmap_stress {

struct cells_to_explore {
    std::vector<explore::explored_case> cases{};
    explore::options how{};
    explore::cell_checks checks{};
    unsigned jobs = 1;
    bool shrinks = true;                  ///< Whether findings are made smaller.
    std::chrono::nanoseconds duration{};  ///< For all cells together; 0: no limit.
};

/// Explores the cells, and shows each as soon as it and all before it are explored. Several cells
/// run side by side, each on a core of its own; a single one has all the cores. Time is shared out:
/// what earlier cells did not need goes to those that are left. When time is up, or the process is
/// asked to end (see interruption.hpp), cells that have begun end with what they have, and others
/// do not begin.
/// \param show  Called for one cell at a time.
void explore_cells(const cells_to_explore& wanted,
                   const std::function<void(const explore::cell_verdict&)>& show);

}  // namespace pidmap_stress
