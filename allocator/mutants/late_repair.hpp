#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct late_repair_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        const int capacity = Namespace::capacity(page);
        const int free_pids = nr_free.load(Namespace::orders::hint);
        if (free_pids <= 0) return page_answer::full;
        if (free_pids == capacity) return sound_steps::open_page(ns, page);
        const int before = nr_free.fetch_sub(1, Namespace::orders::reserve);  // (C1)
        if (before <= 0) {
            nr_free.fetch_add(1, Namespace::orders::vacate);
            return page_answer::full;
        }
        if (before == capacity && !ns.get_unless_zero()) {
            nr_free.fetch_add(1, Namespace::orders::vacate);
            return page_answer::namespace_dead;
        }
        return page_answer::open;
    }
};

/// Mutant: only a worker that sees a page empty takes a reference first. A worker that reserved a
/// slot on it just as it emptied takes one afterwards, and gives the slot back if the namespace is
/// dead by then. Another wrong fix: a third worker relies on that slot meanwhile. Takes three
/// threads.
template <execution_policy P>
struct late_repair : pid_namespace<P, sound_orders, late_repair_steps> {
    using pid_namespace<P, sound_orders, late_repair_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "late_repair",
        .summary = "the reference comes late where a page emptied meanwhile",
        .kind = variant_kind::mutant,
        .breaks = invariant::no_use_after_release};
};

}  // namespace pidmap_stress
