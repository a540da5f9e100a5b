#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct lost_put_steps : sound_steps {
    /// A worker that empties the page keeps quiet about it.
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate);  // (C2)
    }
};

/// Mutant: a page's reference is never dropped, so the namespace outlives its last pid.
template <execution_policy P>
struct lost_put : pid_namespace<P, sound_orders, lost_put_steps> {
    using pid_namespace<P, sound_orders, lost_put_steps>::pid_namespace;
    static constexpr variant_info info{.name = "lost_put",
                                       .summary = "a page's reference is never dropped",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
