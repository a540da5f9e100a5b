#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct relaxed_clear_orders : sound_orders {
    /// (F1) loses its release. Relaxed: the next owner of a pid may miss its last owner's writes.
    static constexpr auto clear = std::memory_order::relaxed;
};

/// Mutant: the kernel's clear_bit(), which orders nothing.
template <execution_policy P>
struct relaxed_clear : pid_namespace<P, relaxed_clear_orders, sound_steps> {
    using pid_namespace<P, relaxed_clear_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "relaxed_clear",
                                       .summary = "F1 loses its release",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::reuse_happens_after,
                                       .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
