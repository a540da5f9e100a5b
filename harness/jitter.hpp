#pragma once

#include <cstdint>

#include "harness/worker_identity.hpp"

namespace pidmap_stress {

/// One delay in about so many atomic accesses; 0: none. Set before the workers start.
inline std::uint32_t jitter_one_in = 0;

/// Delays this thread: by some pauses mostly, by giving up the processor sometimes, and by a
/// sleep now and then. \source The mix is Linux rcutorture's idea of stutter at small scale.
void delay_here() noexcept;

/// A place where a delay may be injected.
inline void jitter_point() noexcept {
    if (self.accesses_until_delay-- == 0) [[unlikely]]
        delay_here();
}

}  // namespace pidmap_stress
