#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a child takes no reference on its parent, but still drops one.
struct parent_not_pinned_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static Namespace* create(const typename Namespace::pid_max_cell& pid_max,
                                               Namespace* parent) noexcept {
            Namespace* const made = namespace_lifecycle::create(pid_max, parent);
            if (made != nullptr && parent != nullptr) parent->put();
            return made;
        }
    };
};

template <execution_policy P>
struct parent_not_pinned : pid_namespace<P, sound_orders, parent_not_pinned_steps> {
    using pid_namespace<P, sound_orders, parent_not_pinned_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "parent_not_pinned",
        .summary = "a child has no reference on its parent",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "nested"},
                   {.broken = invariant::no_use_after_release, .shown_by = "nested"},
                   {.broken = invariant::no_underflow, .shown_by = "nested"},
                   {.broken = invariant::live_pid_pins_namespace, .shown_by = "nested"}}};
};

}  // namespace pidmap_stress
