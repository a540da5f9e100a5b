#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct only_reference_is_closed_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace& ns) noexcept {
            return namespace_lifecycle::still_open(ns) &&
                   ns.refcount.load(Namespace::orders::hint) != 1;
        }
    };
};

/// Mutant: an allocation that finds a count of 1 at its end answers as if the namespace were
/// closed: it mistakes the one reference for its own page's.
template <execution_policy P>
struct only_reference_is_closed : pid_namespace<P, sound_orders, only_reference_is_closed_steps> {
    using pid_namespace<P, sound_orders, only_reference_is_closed_steps>::pid_namespace;
    static constexpr variant_info info{.name = "only_reference_is_closed",
                                       .summary = "a namespace with a count of 1 counts as closed",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::live_pid_pins_namespace}}};
};

}  // namespace pidmap_stress
