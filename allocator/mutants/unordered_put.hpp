#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct unordered_put_orders : sound_orders {
    /// (R3) loses its release. Relaxed would do as much harm.
    static constexpr auto put = std::memory_order::acquire;
};

/// Mutant: no put releases anything, so the last one cannot know that the others are done.
template <execution_policy P>
struct unordered_put : pid_namespace<P, unordered_put_orders, sound_steps> {
    using pid_namespace<P, unordered_put_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "unordered_put",
                                       .summary = "R3 loses its release",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::reuse_happens_after}},
                                       .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
