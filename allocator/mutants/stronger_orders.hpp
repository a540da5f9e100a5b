#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct stronger_orders_orders : sound_orders {
    // (I1, I2, A1, F1, C1, C2, R1, R2, R3) Stronger than is needed.
    static constexpr auto page_seen = std::memory_order::seq_cst;
    static constexpr auto page_install = std::memory_order::seq_cst;
    static constexpr auto claim = std::memory_order::seq_cst;
    static constexpr auto clear = std::memory_order::seq_cst;
    static constexpr auto reserve = std::memory_order::seq_cst;
    static constexpr auto vacate = std::memory_order::seq_cst;
    static constexpr auto get = std::memory_order::seq_cst;
    static constexpr auto put = std::memory_order::seq_cst;
};

/// Equivalent: every step that orders anything is sequentially consistent. It costs time, and
/// breaks nothing.
template <execution_policy P>
struct stronger_orders : pid_namespace<P, stronger_orders_orders, sound_steps> {
    using pid_namespace<P, stronger_orders_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{.name = "stronger_orders",
                                       .summary = "everything sequentially consistent",
                                       .kind = variant_kind::mutant};
};

}  // namespace pidmap_stress
