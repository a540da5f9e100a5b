#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: an allocation does not check whether the namespace has been closed.
/// \source Linux before c876ad768215 (2012).
struct alloc_into_dead_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace&) noexcept {
            return true;
        }
    };
};

template <execution_policy P>
struct alloc_into_dead : pid_namespace<P, sound_orders, alloc_into_dead_steps> {
    using pid_namespace<P, sound_orders, alloc_into_dead_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "alloc_into_dead",
        .summary = "a namespace that was closed hands out pids",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::linearizable, .shown_by = "dying_namespace"}}};
};

}  // namespace pidmap_stress
