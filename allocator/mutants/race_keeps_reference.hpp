#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct race_keeps_reference_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        bool reference_in_hand = false;
        int free_pids = nr_free.load(Namespace::orders::hint);
        while (free_pids > 0) {
            if (free_pids == Namespace::capacity(page) && !reference_in_hand) {
                if (!ns.get_unless_zero()) return page_answer::namespace_dead;
                reference_in_hand = true;
            }
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint))
                return page_answer::open;
        }
        return page_answer::full;
    }
};

/// Mutant: a worker that takes a reference for an empty page, and finds that another worker was
/// first to fill it, keeps the reference.
template <execution_policy P>
struct race_keeps_reference : pid_namespace<P, sound_orders, race_keeps_reference_steps> {
    using pid_namespace<P, sound_orders, race_keeps_reference_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "race_keeps_reference",
        .summary = "the loser of the race to fill a page keeps its reference",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages},
                   {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
