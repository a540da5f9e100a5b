#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: a dead namespace answers like a full one.
/// \source Linux 35f71bc0a09a (2015), b26ebfe12f34 (2020).
template <execution_policy P>
struct wrong_errno : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;

    [[nodiscard]] alloc_result alloc_pidmap() noexcept {
        const alloc_result result = pid_namespace<P, sound_orders, sound_steps>::alloc_pidmap();
        return result == alloc_error::namespace_dead ? alloc_error::exhausted : result;
    }
    static constexpr variant_info info{.name = "wrong_errno",
                                       .summary = "a dead namespace says that it is full",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::linearizable}}};
};

}  // namespace pidmap_stress
