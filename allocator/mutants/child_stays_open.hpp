#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct child_stays_open_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace& ns) noexcept {
            return ns.parent != nullptr || namespace_lifecycle::still_open(ns);
        }
    };
};

/// Mutant: only a root can be closed. Those that ever die are below one.
template <execution_policy P>
struct child_stays_open : pid_namespace<P, sound_orders, child_stays_open_steps> {
    using pid_namespace<P, sound_orders, child_stays_open_steps>::pid_namespace;
    static constexpr variant_info info{.name = "child_stays_open",
                                       .summary = "the closing of a child is ignored",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::linearizable};
};

}  // namespace pidmap_stress
