#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: an object whose task is gone stays in the table until the number's next owner comes, so
/// that lookups find what is no longer there.
struct stays_in_table_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Slot>
        static void unpublish(Slot&) noexcept {}
    };
};

template <execution_policy P>
struct stays_in_table : pid_namespace<P, sound_orders, stays_in_table_steps> {
    using pid_namespace<P, sound_orders, stays_in_table_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "stays_in_table",
        .summary = "an object is found by a number that went back",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"},
                   {.broken = invariant::linearizable, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
