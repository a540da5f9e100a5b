#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct first_after_wrap_missed_steps : sound_steps {
    template <geometry_trait G>
    class search : public pid_search<G> {
        bool wrapped_ = false;

    public:
        constexpr search(pid_nr last, pid_nr limit) noexcept
            : pid_search<G>(last, limit), wrapped_(last + 1 >= limit) {}
        [[nodiscard]] constexpr unsigned first_bit() const noexcept {
            const unsigned first = pid_search<G>::first_bit();
            return wrapped_ && pid_search<G>::page() == 0 ? first + 1 : first;
        }
        constexpr void next_page() noexcept {
            const unsigned before = pid_search<G>::page();
            pid_search<G>::next_page();
            wrapped_ |= pid_search<G>::page() <= before;
        }
    };
};

/// Mutant: after a wrap the search begins one bit too late, so it never finds the first pid there.
template <execution_policy P>
struct first_after_wrap_missed : pid_namespace<P, sound_orders, first_after_wrap_missed_steps> {
    using pid_namespace<P, sound_orders, first_after_wrap_missed_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "first_after_wrap_missed",
        .summary = "the search never finds the first pid after a wrap",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::linearizable, .shown_by = "exhaustion"}}};
};

}  // namespace pidmap_stress
