#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct torn_last_pid_steps : sound_steps {
    template <class Namespace>
    static void advance_last_pid(Namespace& ns, pid_nr last, pid_nr nr) noexcept {
        const pid_nr current = ns.last_pid.load(Namespace::orders::hint);
        Namespace::policy::pause();
        if (pid_before(last, current, nr)) ns.last_pid.store(nr, Namespace::orders::hint);
    }
};

/// Mutant: the hint is tested for moving forward, and then it is stored: what others did in between
/// is undone. Takes a preemption and two rounds.
template <execution_policy P>
struct torn_last_pid : pid_namespace<P, sound_orders, torn_last_pid_steps> {
    using pid_namespace<P, sound_orders, torn_last_pid_steps>::pid_namespace;
    static constexpr variant_info info{.name = "torn_last_pid",
                                       .summary = "last_pid is tested and set in two steps",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_immediate_reuse}}};
};

}  // namespace pidmap_stress
