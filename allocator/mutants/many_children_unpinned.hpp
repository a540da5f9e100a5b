#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct many_children_unpinned_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        static constexpr int enough = 200;

        template <class Namespace>
        [[nodiscard]] static Namespace* create(const typename Namespace::pid_max_cell& pid_max,
                                               Namespace* parent) noexcept {
            Namespace* const made = namespace_lifecycle::create(pid_max, parent);
            if (made != nullptr && parent != nullptr &&
                parent->refcount.load(Namespace::orders::hint) > enough)
                parent->put();
            return made;
        }
    };
};

/// Mutant: a child of a parent with more than 200 references takes none of its own, but still puts
/// one at its end.
template <execution_policy P>
struct many_children_unpinned : pid_namespace<P, sound_orders, many_children_unpinned_steps> {
    using pid_namespace<P, sound_orders, many_children_unpinned_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "many_children_unpinned",
        .summary = "a child of a parent with 200 references takes none",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "many_references"},
                   {.broken = invariant::no_use_after_release},
                   {.broken = invariant::live_pid_pins_namespace}},
        .worlds = world_set(world::native) | world::tsan | world::asan};
};

}  // namespace pidmap_stress
