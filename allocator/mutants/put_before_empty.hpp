#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct put_before_empty_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        if (nr_free.load(Namespace::orders::hint) + 1 == Namespace::capacity(page)) ns.put();
        nr_free.fetch_add(1, Namespace::orders::vacate);  // (C2)
    }
};

/// Mutant: the reference is dropped when the page is about to be empty, and the slot is given back
/// afterwards: if that was the last reference, to a namespace that is gone.
template <execution_policy P>
struct put_before_empty : pid_namespace<P, sound_orders, put_before_empty_steps> {
    using pid_namespace<P, sound_orders, put_before_empty_steps>::pid_namespace;
    static constexpr variant_info info{.name = "put_before_empty",
                                       .summary = "the put comes before the page is empty",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::no_use_after_release}}};
};

}  // namespace pidmap_stress
