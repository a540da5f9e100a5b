#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a creation that fails right after the first pid gives that back, sees the count at its
/// earlier value, and leaves it there. \source Linux, 2013.
struct first_fork_failure_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void abandon(Namespace& ns, pid_nr first) noexcept {
            ns.free_pidmap(first);
        }
    };
};

template <execution_policy P>
struct first_fork_failure : pid_namespace<P, sound_orders, first_fork_failure_steps> {
    using pid_namespace<P, sound_orders, first_fork_failure_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "first_fork_failure",
        .summary = "a creation that fails after the first pid is never cleaned up",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "nested"},
                   {.broken = invariant::nothing_leaked, .shown_by = "nested"}}};
};

}  // namespace pidmap_stress
