#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct relaxed_vacate_orders : sound_orders {
    /// (C2) orders nothing. Relaxed: the puts that follow may come before what others did.
    static constexpr auto vacate = std::memory_order::relaxed;
};

/// Mutant: a worker that empties a page does not see what others did on it, and may release the
/// namespace under them.
template <execution_policy P>
struct relaxed_vacate : pid_namespace<P, relaxed_vacate_orders, sound_steps> {
    using pid_namespace<P, relaxed_vacate_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "relaxed_vacate",
                                       .summary = "C2 orders nothing",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::reuse_happens_after}},
                                       .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
