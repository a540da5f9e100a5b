#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct page_zero_uncorrected_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate) + 1 ==  // (C2)
            static_cast<int>(Namespace::geometry::bits_per_page))
            ns.put();
    }
};

/// Mutant: free does not correct for bit 0, so page 0 never becomes empty.
template <execution_policy P>
struct page_zero_uncorrected : pid_namespace<P, sound_orders, page_zero_uncorrected_steps> {
    using pid_namespace<P, sound_orders, page_zero_uncorrected_steps>::pid_namespace;
    static constexpr variant_info info{.name = "page_zero_uncorrected",
                                       .summary = "free does not correct for bit 0 on page 0",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
