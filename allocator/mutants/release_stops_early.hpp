#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct release_stops_early_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void release(Namespace& last) noexcept {
            Namespace* const parent = last.parent;
            Namespace::policy::retire(&last);
            if (parent != nullptr && parent->drop()) Namespace::policy::retire(parent);
        }
    };
};

/// Mutant: the release of a namespace may end its parent, but none above: a repair of the recursion
/// that forgets the loop.
template <execution_policy P>
struct release_stops_early : pid_namespace<P, sound_orders, release_stops_early_steps> {
    using pid_namespace<P, sound_orders, release_stops_early_steps>::pid_namespace;
    static constexpr variant_info info{.name = "release_stops_early",
                                       .summary = "a release goes up one level only",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::nothing_leaked};
};

}  // namespace pidmap_stress
