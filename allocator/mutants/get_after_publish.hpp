#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct get_after_publish_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        int free_pids = nr_free.load(Namespace::orders::hint);
        while (free_pids > 0)
            if (nr_free.compare_exchange_strong(free_pids, free_pids - 1,  // (C1)
                                                Namespace::orders::reserve,
                                                Namespace::orders::hint)) {
                if (free_pids == Namespace::capacity(page)) ns.get();
                return page_answer::open;
            }
        return page_answer::full;
    }
};

/// Mutant: the page is taken first and its reference afterwards, as in the posted form.
template <execution_policy P>
struct get_after_publish : pid_namespace<P, sound_orders, get_after_publish_steps> {
    using pid_namespace<P, sound_orders, get_after_publish_steps>::pid_namespace;
    static constexpr variant_info info{.name = "get_after_publish",
                                       .summary = "the get comes after the page became non-empty",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_get_from_zero},
                                                  {.broken = invariant::no_underflow},
                                                  {.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::live_pid_pins_namespace}}};
};

}  // namespace pidmap_stress
