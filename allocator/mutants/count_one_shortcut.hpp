#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct count_one_shortcut_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static bool drop(Namespace& ns) noexcept {
        if (ns.refcount.load(Namespace::orders::hint) == 1) {
            ns.refcount.store(0, Namespace::orders::hint);
            return true;
        }
        return ns.refcount.fetch_sub(1, Namespace::orders::put) == 1;  // (R3)
    }
};

/// Mutant: a put that reads 1 assumes that no other user is left, and skips the decrement. A plain
/// read acquires nothing: what the others did may come after the release.
/// \source Linux f57e515a1b56 (2019), put_pid().
template <execution_policy P>
struct count_one_shortcut : pid_namespace<P, sound_orders, count_one_shortcut_steps> {
    using pid_namespace<P, sound_orders, count_one_shortcut_steps>::pid_namespace;
    static constexpr variant_info info{.name = "count_one_shortcut",
                                       .summary = "a put that reads 1 skips the decrement",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::reuse_happens_after},
                                                  {.broken = invariant::no_get_from_zero},
                                                  {.broken = invariant::live_pid_pins_namespace},
                                                  {.broken = invariant::released_once},
                                                  {.broken = invariant::no_underflow}}};
};

}  // namespace pidmap_stress
