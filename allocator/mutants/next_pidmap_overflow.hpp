#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct next_pidmap_overflow_steps : sound_steps {
    template <geometry_trait G>
    class search {
        pid_search<G> visits_;
        bool overflows_;
        unsigned beyond_;

    public:
        constexpr search(pid_nr last, pid_nr limit) noexcept
            : visits_(last, limit),
              overflows_(last + 1 >= limit && last + 1 < highest_pid_max<G>),
              beyond_(static_cast<unsigned>(last) + 1) {}
        [[nodiscard]] constexpr bool done() const noexcept { return !overflows_ && visits_.done(); }
        [[nodiscard]] constexpr unsigned page() const noexcept {
            return overflows_ ? beyond_ / G::bits_per_page : visits_.page();
        }
        [[nodiscard]] constexpr unsigned first_bit() const noexcept {
            return overflows_ ? beyond_ % G::bits_per_page : visits_.first_bit();
        }
        [[nodiscard]] constexpr unsigned end_bit() const noexcept {
            return overflows_ ? G::bits_per_page : visits_.end_bit();
        }
        constexpr void next_page() noexcept {
            if (overflows_)
                overflows_ = false;
            else
                visits_.next_page();
        }
    };
};

/// Mutant: the search continues behind the last pid whether or not pid_max is still above it. The
/// kernel continued behind its array of pages; here the last page ends the search, so that the
/// mutant misbehaves and does not merely crash.
/// \source Linux c78193e9c7bc and d8bdc59f215e (2011).
template <execution_policy P>
struct next_pidmap_overflow : pid_namespace<P, sound_orders, next_pidmap_overflow_steps> {
    using pid_namespace<P, sound_orders, next_pidmap_overflow_steps>::pid_namespace;
    static constexpr variant_info info{.name = "next_pidmap_overflow",
                                       .summary = "the search begins behind pid_max",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::pid_in_range}}};
};

}  // namespace pidmap_stress
