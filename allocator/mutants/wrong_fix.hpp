#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct wrong_fix_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        int free_pids = nr_free.load(Namespace::orders::hint);
        while (free_pids > 0)
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint)) {
                if (free_pids == Namespace::capacity(page) && !ns.get_unless_zero()) {
                    // (C2) Too late: others may have seen the page non-empty.
                    nr_free.fetch_add(1, Namespace::orders::vacate);
                    return page_answer::namespace_dead;
                }
                return page_answer::open;
            }
        return page_answer::full;
    }
};

/// Mutant: the plausible repair. The reference is taken unless the count is 0, but after the page
/// was taken, and that is undone if the namespace was dead. A third worker relies on what is
/// undone: it sees a page that is non-empty, takes no reference, and gets a pid of a dead
/// namespace. Takes three threads.
template <execution_policy P>
struct wrong_fix : pid_namespace<P, sound_orders, wrong_fix_steps> {
    using pid_namespace<P, sound_orders, wrong_fix_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "wrong_fix",
        .summary = "get_unless_zero after the page is taken, and undone if it fails",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::no_use_after_release},
                   {.broken = invariant::live_pid_pins_namespace},
                   {.broken = invariant::no_underflow},
                   {.broken = invariant::released_once},
                   {.broken = invariant::reference_covers_pages}}};
};

}  // namespace pidmap_stress
