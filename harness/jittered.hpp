#pragma once

#include "allocator/execution_policy.hpp"
#include "harness/jitter.hpp"

namespace pidmap_stress {

/// An atomic that may be slow to begin an access, so that others come between.
template <class Atomic>
class slow_atomic : public Atomic {
    using order = std::memory_order;

public:
    using value_type = typename Atomic::value_type;
    using Atomic::Atomic;

    value_type load(order o = order::seq_cst) const noexcept {
        jitter_point();
        return Atomic::load(o);
    }
    void store(value_type v, order o = order::seq_cst) noexcept {
        jitter_point();
        Atomic::store(v, o);
    }
    value_type exchange(value_type v, order o = order::seq_cst) noexcept {
        jitter_point();
        return Atomic::exchange(v, o);
    }
    value_type fetch_add(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_add(1); }
    {
        jitter_point();
        return Atomic::fetch_add(v, o);
    }
    value_type fetch_sub(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_sub(1); }
    {
        jitter_point();
        return Atomic::fetch_sub(v, o);
    }
    value_type fetch_or(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_or(1); }
    {
        jitter_point();
        return Atomic::fetch_or(v, o);
    }
    value_type fetch_and(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_and(1); }
    {
        jitter_point();
        return Atomic::fetch_and(v, o);
    }
    bool compare_exchange_strong(value_type& expected, value_type wanted, order success,
                                 order failure) noexcept {
        jitter_point();
        return Atomic::compare_exchange_strong(expected, wanted, success, failure);
    }
    bool compare_exchange_weak(value_type& expected, value_type wanted, order success,
                               order failure) noexcept {
        jitter_point();
        return Atomic::compare_exchange_weak(expected, wanted, success, failure);
    }
};

/// Policy decorator: seeded delays before atomic accesses. The accesses and their orders are
/// those of the decorated policy.
template <execution_policy Base>
struct jittered : Base {
    template <class T, cell_role Role = cell_role::data>
    using atomic = slow_atomic<typename Base::template atomic<T, Role>>;
};

}  // namespace pidmap_stress
