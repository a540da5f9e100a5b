#pragma once

#include "allocator/execution_policy.hpp"
#include "harness/base/hooked_atomic.hpp"
#include "harness/world/jitter.hpp"

namespace pidmap_stress {

/// Hooks of any cell: an access may be delayed.
struct jitter {
    [[gnu::always_inline]] void before_access() const noexcept { jitter_point(); }
};

/// Policy decorator: seeded delays before atomic accesses. The accesses and their orders are
/// those of the decorated policy.
template <execution_policy Base>
struct jittered : Base {
    template <class T, cell_role Role = cell_role::data>
    using atomic = hooked_atomic<typename Base::template atomic<T, Role>, jitter>;

    template <class Cell>
    [[nodiscard]] static auto peek(const Cell& cell) noexcept {
        return cell.peek();
    }
};

}  // namespace pidmap_stress
