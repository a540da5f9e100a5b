#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a worker that reads a count of 1 assumes that it is the last and skips the decrement,
/// and with it the order: what others did with the object need not have happened before its end.
/// \source put_pid() of Linux before f57e515a1b56 (2019).
struct pid_count_one_shortcut_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool drop(Object& object) noexcept {
            // Relaxed: this is the bug, where (O2) would have acquired.
            return object.count.load(std::memory_order::relaxed) == 1 ||
                   forgetful_objects::drop(object);
        }
    };
};

template <execution_policy P>
struct pid_count_one_shortcut : pid_namespace<P, sound_orders, pid_count_one_shortcut_steps> {
    using pid_namespace<P, sound_orders, pid_count_one_shortcut_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "pid_count_one_shortcut",
        .summary = "a put that reads a count of 1 skips the decrement, and its order",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release}}};
};

}  // namespace pidmap_stress
