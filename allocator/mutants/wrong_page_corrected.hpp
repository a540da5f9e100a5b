#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct wrong_page_corrected_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        const int whole = static_cast<int>(Namespace::geometry::bits_per_page);
        if (ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate) + 1 ==  // (C2)
            (page == 1 ? whole - 1 : Namespace::capacity(page)))
            ns.put();
    }
};

/// Mutant: free corrects for bit 0 on page 1, where bit 0 is an ordinary pid.
template <execution_policy P>
struct wrong_page_corrected : pid_namespace<P, sound_orders, wrong_page_corrected_steps> {
    using pid_namespace<P, sound_orders, wrong_page_corrected_steps>::pid_namespace;
    static constexpr variant_info info{.name = "wrong_page_corrected",
                                       .summary = "free corrects for bit 0 on the wrong page",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::nothing_leaked},
                                                  {.broken = invariant::no_use_after_release},
                                                  {.broken = invariant::no_underflow},
                                                  {.broken = invariant::live_pid_pins_namespace},
                                                  {.broken = invariant::reference_covers_pages}}};
};

}  // namespace pidmap_stress
