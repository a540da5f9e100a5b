#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct waits_when_full_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        while (ns.pages[page].nr_free.load(Namespace::orders::hint) == 0)
            Namespace::policy::pause();
        return sound_steps::open_page(ns, page);
    }
};

/// Mutant: a worker that reaches a full page waits there until a pid of it is freed, instead of
/// moving on to the next page.
template <execution_policy P>
struct waits_when_full : pid_namespace<P, sound_orders, waits_when_full_steps> {
    using pid_namespace<P, sound_orders, waits_when_full_steps>::pid_namespace;
    static constexpr variant_info info{.name = "waits_when_full",
                                       .summary = "open_page waits where a page is full",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::progress,
                                       .worlds = world::explorer};
};

}  // namespace pidmap_stress
