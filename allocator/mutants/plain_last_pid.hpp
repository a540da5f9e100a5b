#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct plain_last_pid_steps : sound_steps {
    template <class Namespace>
    static void advance_last_pid(Namespace& ns, pid_nr /*last*/, pid_nr nr) noexcept {
        ns.last_pid.store(nr, Namespace::orders::hint);
    }
};

/// Mutant: the hint is stored, not moved forward. A slow allocation takes it back behind a faster
/// one, whose pid is then handed out again as soon as it is free. Takes a
/// preemption and two rounds.
/// \source Linux 5fdee8c4a5e1 (2010) fixed it.
template <execution_policy P>
struct plain_last_pid : pid_namespace<P, sound_orders, plain_last_pid_steps> {
    using pid_namespace<P, sound_orders, plain_last_pid_steps>::pid_namespace;
    static constexpr variant_info info{.name = "plain_last_pid",
                                       .summary = "a slow store moves last_pid backwards",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_immediate_reuse}}};
};

}  // namespace pidmap_stress
