#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct marked_when_ended_steps : sound_steps {
    struct objects : forgetful_objects {
        static constexpr int ended = 1 << 24;

        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            // (O1) Relaxed: as in forgetful_objects.
            return object.count.fetch_add(1, std::memory_order::relaxed) < ended;
        }
        template <class Object>
        [[nodiscard]] static bool drop(Object& object) noexcept {
            int count = object.count.load(std::memory_order::relaxed);
            while (!object.count.compare_exchange_strong(  // (O2)
                count, count == 1 ? ended : count - 1, std::memory_order::acq_rel,
                std::memory_order::relaxed)) {
            }
            return count == 1;
        }
    };
};

/// Equivalent: a lookup raises an object's count whatever it is. But the last put marks the object
/// as ended in the same step, and a lookup that finds the mark has no reference, however far the
/// count is raised.
template <execution_policy P>
struct marked_when_ended : pid_namespace<P, sound_orders, marked_when_ended_steps> {
    using pid_namespace<P, sound_orders, marked_when_ended_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "marked_when_ended",
        .summary = "an object's count is raised from 0, unless a mark says that it has ended",
        .kind = variant_kind::mutant};
};

}  // namespace pidmap_stress
