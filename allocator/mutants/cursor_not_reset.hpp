#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: the first allocation fails at an ancestor, and the hint stays where it was led, so the
/// namespace's init becomes pid 2. \source Linux, 2018.
struct cursor_not_reset_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void take_back(Namespace& ns, pid_nr nr) noexcept {
            ns.free_pidmap(nr);
        }
    };
};

template <execution_policy P>
struct cursor_not_reset : pid_namespace<P, sound_orders, cursor_not_reset_steps> {
    using pid_namespace<P, sound_orders, cursor_not_reset_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "cursor_not_reset",
        .summary = "after a first allocation that failed, init is pid 2",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::pid_in_range, .shown_by = "nested"}}};
};

}  // namespace pidmap_stress
