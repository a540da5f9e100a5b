#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct double_put_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate) + 1 !=  // (C2)
            Namespace::capacity(page))
            return;
        ns.put();
        ns.put();
    }
};

/// Mutant: a page that becomes empty drops its reference twice.
template <execution_policy P>
struct double_put : pid_namespace<P, sound_orders, double_put_steps> {
    using pid_namespace<P, sound_orders, double_put_steps>::pid_namespace;
    static constexpr variant_info info{.name = "double_put",
                                       .summary = "a page's reference is dropped twice",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_underflow},
                                                  {.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::released_once},
                                                  {.broken = invariant::live_pid_pins_namespace},
                                                  {.broken = invariant::reference_covers_pages}}};
};

}  // namespace pidmap_stress
