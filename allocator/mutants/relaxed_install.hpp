#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct relaxed_install_orders : sound_orders {
    /// (I1) loses its release. Relaxed: a worker that sees the page may not see it zeroed.
    static constexpr auto page_install = std::memory_order::relaxed;
};

/// Mutant: a page is published without its contents.
template <execution_policy P>
struct relaxed_install : pid_namespace<P, relaxed_install_orders, sound_steps> {
    using pid_namespace<P, relaxed_install_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "relaxed_install",
                                       .summary = "I1 loses its release",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::reuse_happens_after},
                                                  {.broken = invariant::no_use_after_release}},
                                       .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
