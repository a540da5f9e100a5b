#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: the end of a namespace drops its parent's reference by a call of itself, a frame for
/// each level. \source Linux before bbc2e3ef8785 (2012).
struct recursive_release_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[gnu::noinline]] static void release(Namespace& last) noexcept {
            auto* const parent = last.parent;
            // Volatile, and read after the call: no compiler may turn this into a loop.
            volatile unsigned level = last.level;
            Namespace::policy::retire(&last);
            if (parent != nullptr) parent->put();
            (void)level;
        }
    };
};

template <execution_policy P>
struct recursive_release : pid_namespace<P, sound_orders, recursive_release_steps> {
    using pid_namespace<P, sound_orders, recursive_release_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "recursive_release",
        .summary = "releasing a chain of namespaces recurses",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::bounded_stack, .shown_by = "nested"}},
        .worlds = world_set(world::native) | world::tsan | world::asan};
};

}  // namespace pidmap_stress
