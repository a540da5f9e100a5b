#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct last_put_looks_again_steps : sound_steps {
    struct objects : forgetful_objects {
        template <class Object>
        [[nodiscard]] static bool drop(Object& object) noexcept {
            object.count.fetch_sub(1, std::memory_order::acq_rel);  // (O2)
            return object.count.load(std::memory_order::acquire) == 0;
        }
    };
};

/// Mutant: a put drops its reference on an object and then reads the count again: two concurrent
/// puts may both find that they were the last.
template <execution_policy P>
struct last_put_looks_again : pid_namespace<P, sound_orders, last_put_looks_again_steps> {
    using pid_namespace<P, sound_orders, last_put_looks_again_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "last_put_looks_again",
        .summary = "whether a put was an object's last is read afterwards",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::released_once, .shown_by = "outliving_pid"},
                   {.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"}}};
};

}  // namespace pidmap_stress
