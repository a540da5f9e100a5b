#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

template <execution_policy P>
struct reference_recycled;

struct reference_recycled_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static auto& left_behind(Namespace& ns, unsigned page) noexcept {
        return static_cast<reference_recycled<typename Namespace::policy>&>(ns).left_behind[page];
    }
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        bool in_hand = false;
        page_answer answer = page_answer::full;
        int free_pids = nr_free.load(Namespace::orders::hint);
        while (free_pids > 0) {
            const bool was_empty = free_pids == Namespace::capacity(page);
            if (was_empty && !in_hand) {
                // (M2) acquire, from (M1): a worker that takes the flag down has the reference.
                in_hand = left_behind(ns, page).exchange(false, std::memory_order::acq_rel) ||
                          ns.get_unless_zero();
                if (!in_hand) return page_answer::namespace_dead;
            }
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint)) {
                if (was_empty) in_hand = false;
                answer = page_answer::open;
                break;
            }
        }
        if (in_hand) ns.put();
        return answer;
    }
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        const int capacity = Namespace::capacity(page);
        if (nr_free.fetch_add(1, Namespace::orders::vacate) + 1 != capacity) return;  // (C2)
        // (M1) release, read by (M2).
        left_behind(ns, page).store(true, std::memory_order::release);
        // Relaxed: only a look; the mutant is about the worker that it misleads.
        if (nr_free.load(std::memory_order::relaxed) == capacity &&
            left_behind(ns, page).exchange(false, std::memory_order::acq_rel))  // (M2)
            ns.put();
    }
};

/// Mutant: a worker that empties a page leaves its reference to the worker that fills it next, by a
/// flag. The flag may be raised when another worker has filled the page in between, with a
/// reference of its own: then no worker takes the one that is left.
template <execution_policy P>
struct reference_recycled : pid_namespace<P, sound_orders, reference_recycled_steps> {
    using pid_namespace<P, sound_orders, reference_recycled_steps>::pid_namespace;
    std::array<typename P::template atomic<bool>, P::geometry::max_pages> left_behind{};
    static constexpr variant_info info{.name = "reference_recycled",
                                       .summary = "a reference is handed over by a flag",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::refcount_equals_pages};
};

}  // namespace pidmap_stress
