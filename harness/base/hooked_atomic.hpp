#pragma once

#include "harness/explorer/run/atomic_interface.hpp"

namespace pidmap_stress {

/// An atomic whose accesses are those of another one, in the same order. Before each of them, even
/// one that fails, it calls `Hooks::before_access()`, which may delay it; after each change
/// `Hooks::changed(before, after)`, and after a compare-exchange that failed `Hooks::lost()`, if
/// `Hooks` has them.
///
/// A store does not return what it replaces, so the previous value is peeked at. Another worker may
/// come in between, and its change is lost like any that a store overwrites.
///
/// \tparam Atomic  Has the interface of std::atomic.
/// \tparam Hooks   Constructed from the cell's first value if possible, and kept with the cell.
template <class Atomic, class Hooks>
class hooked_atomic
    : public atomic_interface<hooked_atomic<Atomic, Hooks>, typename Atomic::value_type> {
    using order = std::memory_order;
    using T = typename Atomic::value_type;
    using interface = atomic_interface<hooked_atomic, T>;
    friend interface;

public:
    using interface::operator=;
    static constexpr bool is_always_lock_free = Atomic::is_always_lock_free;

    constexpr hooked_atomic() noexcept : hooked_atomic(T{}) {}
    constexpr hooked_atomic(T value) noexcept
        requires std::constructible_from<Hooks, T>
        : cell_(value), hooks_(value) {}
    constexpr hooked_atomic(T value) noexcept
        requires(!std::constructible_from<Hooks, T>)
        : cell_(value) {}
    hooked_atomic(const hooked_atomic&) = delete;
    hooked_atomic& operator=(const hooked_atomic&) = delete;

    [[nodiscard]] bool is_lock_free() const noexcept { return cell_.is_lock_free(); }
    /// The value, without a hook: for judges only.
    [[nodiscard, gnu::always_inline]] T peek() const noexcept {
        if constexpr (requires { cell_.peek(); })
            return cell_.peek();
        else
            return cell_.load(order::relaxed);  // It orders nothing, and needs no order.
    }
    /// What traces call this cell, in a world that has traces.
    hooked_atomic& named(const char* name) noexcept
        requires requires(Atomic& cell) { cell.named(name); }
    {
        cell_.named(name);
        return *this;
    }

private:
    [[nodiscard, gnu::always_inline]] T do_load(order o) const noexcept {
        hooks_.before_access();
        return cell_.load(o);
    }
    [[gnu::always_inline]] void do_store(T value, order o) noexcept {
        hooks_.before_access();
        if constexpr (sees_changes) {
            const T before = peek();
            cell_.store(value, o);
            hooks_.changed(before, value);
        } else {
            cell_.store(value, o);
        }
    }
    template <atomic_update Op>
    [[gnu::always_inline]] T do_update(auto operand, order o) noexcept {
        hooks_.before_access();
        T before;
        T after;
        if constexpr (Op == atomic_update::exchange) {
            before = cell_.exchange(operand, o);
            after = operand;
        } else if constexpr (Op == atomic_update::add) {
            before = cell_.fetch_add(operand, o);
            after = sum(before, operand);
        } else if constexpr (Op == atomic_update::sub) {
            before = cell_.fetch_sub(operand, o);
            after = difference(before, operand);
        } else if constexpr (Op == atomic_update::bit_and) {
            before = cell_.fetch_and(operand, o);
            after = static_cast<T>(before & operand);
        } else if constexpr (Op == atomic_update::bit_or) {
            before = cell_.fetch_or(operand, o);
            after = static_cast<T>(before | operand);
        } else if constexpr (Op == atomic_update::bit_xor) {
            before = cell_.fetch_xor(operand, o);
            after = static_cast<T>(before ^ operand);
        } else {
            before = fetch_extreme<Op>(cell_, static_cast<T>(operand), o);
            after = extreme<Op>(before, static_cast<T>(operand));
        }
        if constexpr (sees_changes) hooks_.changed(before, after);
        return before;
    }
    [[gnu::always_inline]] bool do_compare_exchange(T& expected, T desired, order success,
                                                    order failure, exchange_kind kind) noexcept {
        hooks_.before_access();
        const T before = expected;
        const bool done = kind == exchange_kind::strong
                              ? cell_.compare_exchange_strong(expected, desired, success, failure)
                              : cell_.compare_exchange_weak(expected, desired, success, failure);
        if constexpr (sees_changes)
            if (done) hooks_.changed(before, desired);
        if constexpr (requires { hooks_.lost(); })
            if (!done) hooks_.lost();
        return done;
    }
    [[gnu::always_inline]] void do_wait(T old, order o) const noexcept {
        hooks_.before_access();
        cell_.wait(old, o);
    }
    void do_notify_one() noexcept { cell_.notify_one(); }
    void do_notify_all() noexcept { cell_.notify_all(); }

    static constexpr bool sees_changes =
        requires(Hooks& hooks, T value) { hooks.changed(value, value); };

    Atomic cell_;
    [[no_unique_address]] Hooks hooks_;
};

}  // namespace pidmap_stress
