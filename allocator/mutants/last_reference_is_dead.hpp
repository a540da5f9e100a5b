#pragma once

#include "allocator/variants/per_pid.hpp"

namespace pidmap_stress {

struct last_reference_is_dead_steps : per_pid_steps {
    template <class Namespace>
    [[nodiscard]] static bool enter(Namespace& ns) noexcept {
        int count = ns.refcount.load(Namespace::orders::hint);
        while (count > 1)  // (R2)
            if (ns.refcount.compare_exchange_strong(count, count + 1, Namespace::orders::get,
                                                    Namespace::orders::hint))
                return true;
        return false;
    }
};

/// Mutant: a namespace whose count is 1 is taken for dead.
template <execution_policy P>
struct last_reference_is_dead : pid_namespace<P, per_pid_orders, last_reference_is_dead_steps> {
    using pid_namespace<P, per_pid_orders, last_reference_is_dead_steps>::pid_namespace;
    static constexpr variant_info info{.name = "last_reference_is_dead",
                                       .summary = "a namespace with a count of 1 is taken for dead",
                                       .kind = variant_kind::mutant,
                                       .counts = counting::per_pid,
                                       .breaks = {{.broken = invariant::live_pid_pins_namespace}}};
};

}  // namespace pidmap_stress
