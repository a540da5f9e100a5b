#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct scan_stops_early_steps : sound_steps {
    template <geometry_trait G>
    class search : public pid_search<G> {
        unsigned visits_left_;

    public:
        constexpr search(pid_nr last, pid_nr limit) noexcept
            : pid_search<G>(last, limit),
              visits_left_((static_cast<unsigned>(limit) + G::bits_per_page - 1) /
                           G::bits_per_page) {}
        [[nodiscard]] constexpr bool done() const noexcept {
            return visits_left_ == 0 || pid_search<G>::done();
        }
        constexpr void next_page() noexcept {
            --visits_left_;
            pid_search<G>::next_page();
        }
    };
};

/// Mutant: the search makes one visit too few, so it never comes back to the low half of the page
/// in which it began. A sole free pid below the last one is missed.
/// \source The 2004 rewrite of alloc_pidmap(), as it was fixed on LKML in September of that year.
template <execution_policy P>
struct scan_stops_early : pid_namespace<P, sound_orders, scan_stops_early_steps> {
    using pid_namespace<P, sound_orders, scan_stops_early_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "scan_stops_early",
        .summary = "a search that began inside a page does not come back to it",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::linearizable}}};
};

}  // namespace pidmap_stress
