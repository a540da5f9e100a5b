#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct high_pages_uncounted_steps : sound_steps {
    /// Whether a word of 64 bits has a bit for the page.
    [[nodiscard]] static constexpr bool counts(unsigned page) noexcept { return page < 64; }

    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        if (counts(page)) return sound_steps::open_page(ns, page);
        auto& nr_free = ns.pages[page].nr_free;
        int free_pids = nr_free.load(Namespace::orders::hint);
        while (free_pids > 0)
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint))
                return page_answer::open;
        return page_answer::full;
    }
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (counts(page)) return sound_steps::vacate(ns, page);
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate);  // (C2)
    }
};

/// Mutant: the non-empty pages are treated as a set of 64, and pages above that take no reference.
template <execution_policy P>
struct high_pages_uncounted : pid_namespace<P, sound_orders, high_pages_uncounted_steps> {
    using pid_namespace<P, sound_orders, high_pages_uncounted_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "high_pages_uncounted",
        .summary = "pages above 63 have no reference",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "many_pages"}},
        .worlds = world_set(world::native) | world::tsan | world::asan};
};

}  // namespace pidmap_stress
