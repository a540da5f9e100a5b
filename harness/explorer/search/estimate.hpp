#pragma once

#include <chrono>
#include <cstdint>

#include "harness/explorer/search/explore.hpp"

namespace pidmap_stress::explore {

/// How many executions an exhaustive exploration would have.
struct size_estimate {
    double executions = 0;      ///< Its expectation is the true number.
    double standard_error = 0;  ///< Of that, from the spread of the rounds.
    unsigned rounds = 0;
};

struct estimate_effort {
    unsigned rounds = 100;            ///< At most ...
    std::chrono::nanoseconds time{};  ///< ... and no new one after this; 0: no limit.
};

/// Goes down the exhaustive search's tree of choices, level by level. Nodes of a level that are
/// alike, in what they have of events and of choices to come, are taken together: one of them,
/// drawn by weight, goes on for all.
///
/// \source Chen: Heuristic sampling: a method for predicting the performance of tree searching
///         programs. SIAM J. Comput. 21 (1992).
[[nodiscard]] size_estimate estimate_size(const program& p, const options& how,
                                          const estimate_effort& effort = {});

}  // namespace pidmap_stress::explore
