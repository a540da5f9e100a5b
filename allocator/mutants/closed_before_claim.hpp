#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: an allocation asks whether the namespace is closed before it claims a pid, and not
/// after. A pid that is freed after the closing can still be handed out.
struct closed_before_claim_steps : sound_steps {
    struct lifecycle : namespace_lifecycle {
        template <class Namespace>
        [[nodiscard]] static bool still_open(const Namespace&) noexcept {
            return true;
        }
    };
    template <class Namespace>
    [[nodiscard]] static bool enter(Namespace& ns) noexcept {
        return namespace_lifecycle::still_open(ns);
    }
};

template <execution_policy P>
struct closed_before_claim : pid_namespace<P, sound_orders, closed_before_claim_steps> {
    using pid_namespace<P, sound_orders, closed_before_claim_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "closed_before_claim",
        .summary = "whether a namespace is closed is checked only before the claim",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::linearizable}}};
};

}  // namespace pidmap_stress
