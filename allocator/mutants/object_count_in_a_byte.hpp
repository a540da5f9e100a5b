#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct object_count_in_a_byte_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            constexpr int byte = 256;
            int count = object.count.load(std::memory_order::relaxed);  // (O1)
            while (count != 0)
                if (object.count.compare_exchange_strong(count, (count + 1) % byte,
                                                         std::memory_order::relaxed,
                                                         std::memory_order::relaxed))
                    return true;
            return false;
        }
    };
};

/// Mutant: an object's count has eight bits, so with the 256th reference it looks ended.
template <execution_policy P>
struct object_count_in_a_byte : pid_namespace<P, sound_orders, object_count_in_a_byte_steps> {
    using pid_namespace<P, sound_orders, object_count_in_a_byte_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "object_count_in_a_byte",
        .summary = "an object's count has eight bits",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::linearizable, .shown_by = "many_references"},
                   {.broken = invariant::no_use_after_release, .shown_by = "many_references"}},
        .worlds = world_set(world::native) | world::tsan | world::asan};
};

}  // namespace pidmap_stress
