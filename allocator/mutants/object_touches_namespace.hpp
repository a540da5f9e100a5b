#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: `sound`, with objects that touch their namespace at their end without a reference on
/// it. This is what the patch overlooks: page-level counting alone does not carry them.
struct object_touches_namespace_steps : sound_steps {
    using objects = remembering_objects;
};

template <execution_policy P>
struct object_touches_namespace : pid_namespace<P, sound_orders, object_touches_namespace_steps> {
    using pid_namespace<P, sound_orders, object_touches_namespace_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "object_touches_namespace",
        .summary = "an object's last put touches a namespace that may be gone",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
