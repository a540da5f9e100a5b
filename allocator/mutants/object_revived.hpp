#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct object_revived_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            // (O1) Relaxed: as in forgetful_objects, but in two steps.
            if (object.count.load(std::memory_order::relaxed) == 0) return false;
            object.count.fetch_add(1, std::memory_order::relaxed);
            return true;
        }
    };
};

/// Mutant: a lookup tests whether an object's count is 0, and raises it in a second step, by which
/// time it may be 0.
template <execution_policy P>
struct object_revived : pid_namespace<P, sound_orders, object_revived_steps> {
    using pid_namespace<P, sound_orders, object_revived_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "object_revived",
        .summary = "an object's count is tested and raised in two steps",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::released_once, .shown_by = "outliving_pid"},
                   {.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
