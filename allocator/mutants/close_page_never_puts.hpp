#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct close_page_never_puts_steps : sound_steps {
    template <class Namespace>
    static void close_page(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate);
    }
};

/// Mutant: a worker that gives a slot back without having found a pid does not look whether the
/// page is empty now. It is if the last pid of it was freed meanwhile. Takes two preemptions.
template <execution_policy P>
struct close_page_never_puts : pid_namespace<P, sound_orders, close_page_never_puts_steps> {
    using pid_namespace<P, sound_orders, close_page_never_puts_steps>::pid_namespace;
    static constexpr variant_info info{.name = "close_page_never_puts",
                                       .summary = "close_page does not see that the page is empty",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::refcount_equals_pages};
};

}  // namespace pidmap_stress
