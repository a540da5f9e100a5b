#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a namespace that ends leaves its reference on the parent behind.
struct parent_not_put_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void release(Namespace& last) noexcept {
            Namespace::policy::retire(&last);
        }
    };
};

template <execution_policy P>
struct parent_not_put : pid_namespace<P, sound_orders, parent_not_put_steps> {
    using pid_namespace<P, sound_orders, parent_not_put_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "parent_not_put",
        .summary = "a namespace that ends keeps its reference on the parent",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "nested"},
                   {.broken = invariant::nothing_leaked, .shown_by = "nested"}}};
};

}  // namespace pidmap_stress
