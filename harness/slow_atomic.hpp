#pragma once

#include <atomic>

namespace pidmap_stress {

/// An atomic that may delay an access, so that other workers get in between.
///
/// \tparam point  Called before each access. It may delay it.
template <class Atomic, void (*point)() noexcept>
class slow_atomic : public Atomic {
    using order = std::memory_order;

public:
    using value_type = typename Atomic::value_type;
    using Atomic::Atomic;

    value_type load(order o = order::seq_cst) const noexcept {
        point();
        return Atomic::load(o);
    }
    void store(value_type v, order o = order::seq_cst) noexcept {
        point();
        Atomic::store(v, o);
    }
    value_type exchange(value_type v, order o = order::seq_cst) noexcept {
        point();
        return Atomic::exchange(v, o);
    }
    value_type fetch_add(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_add(1); }
    {
        point();
        return Atomic::fetch_add(v, o);
    }
    value_type fetch_sub(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_sub(1); }
    {
        point();
        return Atomic::fetch_sub(v, o);
    }
    value_type fetch_or(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_or(1); }
    {
        point();
        return Atomic::fetch_or(v, o);
    }
    value_type fetch_and(value_type v, order o = order::seq_cst) noexcept
        requires requires(Atomic& a) { a.fetch_and(1); }
    {
        point();
        return Atomic::fetch_and(v, o);
    }
    bool compare_exchange_strong(value_type& expected, value_type wanted, order success,
                                 order failure) noexcept {
        point();
        return Atomic::compare_exchange_strong(expected, wanted, success, failure);
    }
    bool compare_exchange_weak(value_type& expected, value_type wanted, order success,
                               order failure) noexcept {
        point();
        return Atomic::compare_exchange_weak(expected, wanted, success, failure);
    }
};

}  // namespace pidmap_stress
