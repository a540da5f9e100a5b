#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct wrap_to_zero_steps : sound_steps {
    template <geometry_trait G>
    class search : public pid_search<G> {
        bool wrapped_ = false;

    public:
        constexpr search(pid_nr last, pid_nr limit) noexcept
            : pid_search<G>(last, limit), wrapped_(last + 1 >= limit) {}
        [[nodiscard]] constexpr unsigned first_bit() const noexcept {
            return wrapped_ && pid_search<G>::page() == 0 ? 1 : pid_search<G>::first_bit();
        }
        constexpr void next_page() noexcept {
            const unsigned before = pid_search<G>::page();
            pid_search<G>::next_page();
            wrapped_ |= pid_search<G>::page() <= before;
        }
    };
};

/// Mutant: the search wraps to the beginning of page 0, where the reserved pids are.
template <execution_policy P>
struct wrap_to_zero : pid_namespace<P, sound_orders, wrap_to_zero_steps> {
    using pid_namespace<P, sound_orders, wrap_to_zero_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "wrap_to_zero",
        .summary = "a wrap does not skip the reserved pids",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::pid_in_range, .shown_by = "wraparound"}}};
};

}  // namespace pidmap_stress
