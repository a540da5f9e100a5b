#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct last_of_page_missed_steps : sound_steps {
    template <geometry_trait G>
    class search : public pid_search<G> {
        bool began_here_ = true;

    public:
        using pid_search<G>::pid_search;
        [[nodiscard]] constexpr unsigned end_bit() const noexcept {
            const unsigned end = pid_search<G>::end_bit();
            const bool whole = !began_here_ && end == G::bits_per_page;
            return whole ? end - 1 : end;
        }
        constexpr void next_page() noexcept {
            pid_search<G>::next_page();
            began_here_ = false;
        }
    };
};

/// Mutant: on every page but the first one of a search, the last bit is not tried.
template <execution_policy P>
struct last_of_page_missed : pid_namespace<P, sound_orders, last_of_page_missed_steps> {
    using pid_namespace<P, sound_orders, last_of_page_missed_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "last_of_page_missed",
        .summary = "a later page's last pid is not looked for",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::linearizable, .shown_by = "page_boundary"}}};
};

}  // namespace pidmap_stress
