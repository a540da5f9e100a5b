#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a lookup raises an object's count whatever it is, and takes that back if it was 0. While
/// it is raised, a second lookup sees a count that is not 0, and gets an object that has ended.
/// Takes three threads: one that ends the object, and two that look up its number meanwhile.
struct raised_and_taken_back_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool get_unless_zero(Object& object) noexcept {
            if (object.count.fetch_add(1, std::memory_order::relaxed) != 0) return true;  // (O1)
            object.count.fetch_sub(1, std::memory_order::relaxed);
            return false;
        }
    };
};

template <execution_policy P>
struct raised_and_taken_back : pid_namespace<P, sound_orders, raised_and_taken_back_steps> {
    using pid_namespace<P, sound_orders, raised_and_taken_back_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "raised_and_taken_back",
        .summary = "an object's count is raised from 0, and that is taken back",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::released_once, .shown_by = "outliving_pid"},
                   {.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
