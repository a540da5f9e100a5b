#pragma once

#include "allocator/variants/per_pid.hpp"

namespace pidmap_stress {

struct error_path_keeps_reference_steps : per_pid_steps {
    template <class Namespace>
    static void leave(Namespace&) noexcept {}
};

/// Mutant: an allocation that finds no pid forgets to drop the reference that it entered with.
/// \source Linux 24c037ebf572 (2014).
template <execution_policy P>
struct error_path_keeps_reference
    : pid_namespace<P, per_pid_orders, error_path_keeps_reference_steps> {
    using pid_namespace<P, per_pid_orders, error_path_keeps_reference_steps>::pid_namespace;
    static constexpr variant_info info{.name = "error_path_keeps_reference",
                                       .summary = "a failed allocation keeps its reference",
                                       .kind = variant_kind::mutant,
                                       .counts = counting::per_pid,
                                       .breaks = {{.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
