#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct relaxed_put_orders : sound_orders {
    /// (R3) loses its acquire: what others did may come after the release.
    static constexpr auto put = std::memory_order::release;
};

/// Mutant: the last put does not acquire what the others released, so it may release the namespace
/// before it has been left.
template <execution_policy P>
struct relaxed_put : pid_namespace<P, relaxed_put_orders, sound_steps> {
    using pid_namespace<P, relaxed_put_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "relaxed_put",
                                       .summary = "R3 loses its acquire",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::reuse_happens_after}},
                                       .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
