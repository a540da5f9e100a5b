#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checkers/history.hpp"

namespace pidmap_stress {

/// The outcome of a search for a linearization of the calls on one pid.
struct pid_linearization {
    bool linearizable = false;
    /// False if the search gave up.
    bool decided = true;
    /// If there is none: the longest partial linearization that was found has this many calls,
    std::size_t explained = 0;
    /// leaves the pid like this,
    bool held = false;
    /// and none of these, one of which must come next, fits.
    std::vector<operation> stuck{};
};

struct pid_search_rules {
    bool initially_held = false;
    ticks skew = 0;
    std::uint64_t most_configurations = 0;
};

/// Searches for an order of the calls that keeps alloc and free alternating, and that puts no call
/// before one that had returned when it was called. Pending calls may be left out.
///
/// \param calls  Allocs that returned this pid or may return it, and its frees; sorted by `called`.
/// \source       J. M. Wing and C. Gong, Testing and Verifying Concurrent Objects, JPDC 17, 1993;
///               G. Lowe, Testing for Linearizability, CCPE 29(4), 2017: the cache.
[[nodiscard]] pid_linearization linearize_pid(std::span<const operation> calls,
                                              const pid_search_rules& rules);

}  // namespace pidmap_stress
