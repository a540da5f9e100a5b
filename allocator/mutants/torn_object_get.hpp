#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct torn_object_get_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            const int count = object.count.load(std::memory_order::relaxed);  // (O1)
            if (count == 0) return false;
            object.count.store(count + 1, std::memory_order::relaxed);
            return true;
        }
    };
};

/// Mutant: a lookup raises an object's count by a load and a store, so one of two concurrent gets
/// is lost, and the object ends while it is kept.
template <execution_policy P>
struct torn_object_get : pid_namespace<P, sound_orders, torn_object_get_steps> {
    using pid_namespace<P, sound_orders, torn_object_get_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "torn_object_get",
        .summary = "an object's count is raised by a load and a store",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"},
                   {.broken = invariant::released_once, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
