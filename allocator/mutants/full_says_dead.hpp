#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a full map answers like a dead namespace, so callers give up for good.
/// \source Linux 35f71bc0a09a (2015), b26ebfe12f34 (2020).
template <execution_policy P>
struct full_says_dead : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;

    [[nodiscard]] alloc_result alloc_pidmap() noexcept {
        const alloc_result result = pid_namespace<P, sound_orders, sound_steps>::alloc_pidmap();
        return result == alloc_error::exhausted ? alloc_error::namespace_dead : result;
    }
    static constexpr variant_info info{.name = "full_says_dead",
                                       .summary = "a full map says that the namespace is dead",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::linearizable}}};
};

}  // namespace pidmap_stress
