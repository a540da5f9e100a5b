#pragma once

#include "allocator/variants/per_pid.hpp"

namespace pidmap_stress {

struct torn_get_unless_zero_steps : per_pid_steps {
    template <class Namespace>
    [[nodiscard]] static bool enter(Namespace& ns) noexcept {
        if (ns.refcount.load(Namespace::orders::hint) == 0) return false;
        Namespace::policy::pause();
        ns.get();
        return true;
    }
};

/// Mutant: the count is tested, and then it is raised: it may have become 0 in between.
template <execution_policy P>
struct torn_get_unless_zero : pid_namespace<P, per_pid_orders, torn_get_unless_zero_steps> {
    using pid_namespace<P, per_pid_orders, torn_get_unless_zero_steps>::pid_namespace;
    static constexpr variant_info info{.name = "torn_get_unless_zero",
                                       .summary = "get_unless_zero tests and adds in two steps",
                                       .kind = variant_kind::mutant,
                                       .counts = counting::per_pid,
                                       .breaks = {{.broken = invariant::no_get_from_zero}}};
};

}  // namespace pidmap_stress
