#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "harness/base/rng.hpp"
#include "harness/world/board.hpp"
#include "harness/world/releases_of_call.hpp"

namespace pidmap_stress {

/// How often a thread came close to what a bug needs. Its own books: no other thread reads them.
struct near_misses {
    /// Another worker was faster at a count or at a page's nr_free: a compare-exchange failed.
    std::uint64_t lost_exchanges = 0;
    /// A count was raised from 1: the last reference but this was about to be, or had just been.
    std::uint64_t raised_from_one = 0;
    /// The shortest time from a page's last clear to the next put of the same thread; `none` if
    /// none was timed.
    ticks shortest_to_put = none;

    static constexpr ticks none = std::numeric_limits<ticks>::max();

    void add(const near_misses& more) noexcept {
        lost_exchanges += more.lost_exchanges;
        raised_from_one += more.raised_from_one;
        shortest_to_put = std::min(shortest_to_put, more.shortest_to_put);
    }
};

/// A thread's place in its trial: which worker it is, and its source of chance.
struct worker_identity {
    /// In [0, max_workers); max_workers is the main thread, and one more is the reclaimer.
    unsigned slot = max_workers;
    /// For injected delays. A stream of its own, so that delays change no operation.
    rng delays{};
    std::uint32_t accesses_until_delay = 0;
    /// Whether it is slow at pid objects now: see object_point().
    bool slow_at_objects = false;
    /// One allocation of shared memory in N fails; 0: no failures.
    std::uint32_t fail_one_in = 0;
    /// The n-th allocation of shared memory from now on fails; 0: no failure.
    std::uint32_t fail_in = 0;
    rng faults{};
    releases_of_call releases{};
    near_misses near{};
    /// Of the clear of a page's last pid, if its put is still to come and is timed; else 0.
    ticks emptied_at = 0;
    std::uint32_t pages_emptied = 0;
};

inline constexpr unsigned reclaimer_slot = max_workers + 1;
inline constexpr unsigned identity_slots = max_workers + 2;

/// This thread's.
inline thread_local worker_identity self{};

}  // namespace pidmap_stress
