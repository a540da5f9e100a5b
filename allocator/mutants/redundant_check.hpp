#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct redundant_check_steps : sound_steps {
    template <class Namespace, class Bits>
    [[nodiscard]] static bool claim(Namespace&, Bits& bits, unsigned bit) noexcept {
        if (bits.next_clear(bit, bit + 1, sound_orders::hint) != bit) return false;
        return bits.test_and_set(bit, sound_orders::claim);  // (A1)
    }
};

/// Equivalent: the bit is tested once more before it is claimed.
template <execution_policy P>
struct redundant_check : pid_namespace<P, sound_orders, redundant_check_steps> {
    using pid_namespace<P, sound_orders, redundant_check_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "redundant_check",
        .summary = "a bit is looked at once more before it is claimed",
        .kind = variant_kind::mutant};
};

}  // namespace pidmap_stress
