#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct marked_too_late_steps : sound_steps {
    struct objects : forgetful_objects {
        static constexpr int ended = 1 << 24;

        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            // (O1) Relaxed: as in forgetful_objects.
            return object.count.fetch_add(1, std::memory_order::relaxed) < ended;
        }
        template <class Object>
        [[nodiscard]] static bool drop(Object& object) noexcept {
            if (object.count.fetch_sub(1, std::memory_order::acq_rel) != 1) return false;  // (O2)
            int none = 0;
            return object.count.compare_exchange_strong(none, ended, std::memory_order::acq_rel,
                                                        std::memory_order::relaxed);
        }
    };
};

/// Mutant: a lookup raises an object's count whatever it is, and an object has ended when it is
/// marked. The last put sets the mark if the count is still 0 by then. But a lookup may have raised
/// the count and put it again before that, and the mark is set on an object that is gone.
template <execution_policy P>
struct marked_too_late : pid_namespace<P, sound_orders, marked_too_late_steps> {
    using pid_namespace<P, sound_orders, marked_too_late_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "marked_too_late",
        .summary = "a mark that an object has ended is set after its last put",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release},
                   {.broken = invariant::reuse_happens_after}},
        .worlds = world_set(world::tsan) | world::explorer};
};

}  // namespace pidmap_stress
