#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct relaxed_claim_orders : sound_orders {
    /// (A1) loses its acquire. Relaxed: the last owner's writes may still be on their way.
    static constexpr auto claim = std::memory_order::relaxed;
};

/// Mutant: a worker that gets a pid does not acquire what its last owner released.
template <execution_policy P>
struct relaxed_claim : pid_namespace<P, relaxed_claim_orders, sound_steps> {
    using pid_namespace<P, relaxed_claim_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "relaxed_claim",
                                       .summary = "A1 loses its acquire",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::reuse_happens_after}},
                                       .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
