#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct stale_transition_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        int free_pids = nr_free.load(Namespace::orders::hint);
        const bool was_empty = free_pids == Namespace::capacity(page);
        if (was_empty && !ns.get_unless_zero()) return page_answer::namespace_dead;
        while (free_pids > 0)
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint))
                return page_answer::open;
        if (was_empty) ns.put();
        return page_answer::full;
    }
};

/// Mutant: whether the page was empty is decided once, before the loop. If the CAS fails because
/// the page became empty meanwhile, it is taken without a reference.
template <execution_policy P>
struct stale_transition : pid_namespace<P, sound_orders, stale_transition_steps> {
    using pid_namespace<P, sound_orders, stale_transition_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "stale_transition",
        .summary = "a failed CAS does not decide anew whether the page is empty",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages},
                   {.broken = invariant::no_use_after_release},
                   {.broken = invariant::live_pid_pins_namespace},
                   {.broken = invariant::no_underflow},
                   {.broken = invariant::no_get_from_zero},
                   {.broken = invariant::released_once},
                   {.broken = invariant::nothing_leaked},
                   {.broken = invariant::reference_covers_pages}}};
};

}  // namespace pidmap_stress
