#pragma once

#include "allocator/execution_policy.hpp"
#include "harness/jitter.hpp"
#include "harness/slow_atomic.hpp"

namespace pidmap_stress {

/// Policy decorator: seeded delays before atomic accesses. The accesses and their orders are
/// those of the decorated policy.
template <execution_policy Base>
struct jittered : Base {
    template <class T, cell_role Role = cell_role::data>
    using atomic = slow_atomic<typename Base::template atomic<T, Role>, jitter_point>;
};

}  // namespace pidmap_stress
