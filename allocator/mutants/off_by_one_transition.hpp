#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct off_by_one_transition_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate) + 2 ==  // (C2)
            Namespace::capacity(page))
            ns.put();
    }
};

/// Mutant: the reference is dropped when one pid is left on the page.
template <execution_policy P>
struct off_by_one_transition : pid_namespace<P, sound_orders, off_by_one_transition_steps> {
    using pid_namespace<P, sound_orders, off_by_one_transition_steps>::pid_namespace;
    static constexpr variant_info info{.name = "off_by_one_transition",
                                       .summary = "a page counts as empty with one pid left",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::live_pid_pins_namespace},
                                                  {.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::nothing_leaked},
                                                  {.broken = invariant::no_underflow},
                                                  {.broken = invariant::reference_covers_pages}}};
};

}  // namespace pidmap_stress
