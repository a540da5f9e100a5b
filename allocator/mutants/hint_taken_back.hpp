#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct hint_taken_back_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        static void take_back(Namespace& ns, pid_nr nr) noexcept {
            ns.last_pid.store(nr - 1, std::memory_order::relaxed);  // Relaxed: a hint.
            ns.free_pidmap(nr);
        }
    };
};

/// Mutant: a pid that goes back unused, because an ancestor had none, takes the hint back with it.
/// A worker that moved the hint on meanwhile gets the same pid again.
template <execution_policy P>
struct hint_taken_back : pid_namespace<P, sound_orders, hint_taken_back_steps> {
    using pid_namespace<P, sound_orders, hint_taken_back_steps>::pid_namespace;
    static constexpr variant_info info{.name = "hint_taken_back",
                                       .summary = "take_back always moves the hint back",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::no_immediate_reuse};
};

}  // namespace pidmap_stress
