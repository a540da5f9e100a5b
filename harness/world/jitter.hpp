#pragma once

#include <cstdint>

#include "harness/world/worker_identity.hpp"

namespace pidmap_stress {

/// One delay in about N atomic accesses; 0: no delays. Set before the workers start.
inline std::uint32_t jitter_one_in = 0;

/// Delays this thread: mostly by a few pauses, sometimes by giving up the processor, and now and
/// then by a sleep. \source The mix is Linux rcutorture's idea of stutter at small scale.
void delay_here() noexcept;

/// A place where a delay may be injected.
inline void jitter_point() noexcept {
    if (self.accesses_until_delay-- == 0) [[unlikely]]
        delay_here();
}

/// With a chance of one half, waits until the next stroke of a clock that all threads share, and
/// yields the processor meanwhile.
void wait_for_stroke() noexcept;

/// Called before each access to a pid object or to the table of objects. A slow worker gives others
/// time to change what it has read, and resumes at the same moment as other slow workers.
inline void object_point() noexcept {
    if (self.slow_at_objects) [[unlikely]]
        wait_for_stroke();
}

}  // namespace pidmap_stress
