#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct transition_read_twice_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        nr_free.fetch_add(1, Namespace::orders::vacate);  // (C2)
        Namespace::policy::pause();
        if (nr_free.load(Namespace::orders::hint) == Namespace::capacity(page)) ns.put();
    }
};

/// Mutant: whether the page is empty is read after the free was counted, so two workers may see it
/// so.
template <execution_policy P>
struct transition_read_twice : pid_namespace<P, sound_orders, transition_read_twice_steps> {
    using pid_namespace<P, sound_orders, transition_read_twice_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "transition_read_twice",
        .summary = "whether a page became empty is read in a second step",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_underflow},
                   {.broken = invariant::refcount_equals_pages},
                   {.broken = invariant::no_use_after_release},
                   {.broken = invariant::released_once},
                   {.broken = invariant::live_pid_pins_namespace},
                   {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
