#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct torn_claim_steps : sound_steps {
    template <class Namespace, class Bits>
    [[nodiscard]] static bool claim(Namespace&, Bits& bits, unsigned bit) noexcept {
        if (bits.next_clear(bit, bit + 1, sound_orders::hint) != bit) return false;
        (void)bits.test_and_set(bit, sound_orders::claim);  // (A1)
        return true;
    }
};

/// Mutant: a bit is tested, and then it is set: two workers may both find it clear.
template <execution_policy P>
struct torn_claim : pid_namespace<P, sound_orders, torn_claim_steps> {
    using pid_namespace<P, sound_orders, torn_claim_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "torn_claim",
        .summary = "a bit is tested and set in two steps",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::unique_pid}, {.broken = invariant::bitmap_equals_held}}};
};

}  // namespace pidmap_stress
