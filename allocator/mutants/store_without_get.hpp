#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a pointer to an object is kept without a reference of its own.
/// \source Linux before 0711f0d7060f (2021).
struct store_without_get_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        static void get(Object&) noexcept {}
    };
};

template <execution_policy P>
struct store_without_get : pid_namespace<P, sound_orders, store_without_get_steps> {
    using pid_namespace<P, sound_orders, store_without_get_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "store_without_get",
        .summary = "an object is kept without a reference on it",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
