#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace pidmap_stress {

/// What a read-modify-write makes of the value that it reads.
enum class atomic_update : std::uint8_t { exchange, add, sub, bit_and, bit_or, bit_xor, max, min };

/// Whether a compare-exchange may fail although the value is the expected one.
enum class exchange_kind : std::uint8_t { strong, weak };

/// What an atomic addition gives: integers wrap, as [atomics.types.int]/6 says.
template <class T, class D>
[[nodiscard]] constexpr T sum(T value, D by) noexcept {
    if constexpr (std::integral<T>) {
        using bits = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<bits>(value) + static_cast<bits>(by));
    } else {
        return value + by;
    }
}
template <class T, class D>
[[nodiscard]] constexpr T difference(T value, D by) noexcept {
    if constexpr (std::integral<T>) {
        using bits = std::make_unsigned_t<T>;
        return static_cast<T>(static_cast<bits>(value) - static_cast<bits>(by));
    } else {
        return value - by;
    }
}

/// What fetch_max and fetch_min store.
template <atomic_update Update, class T>
[[nodiscard]] constexpr T extreme(T value, T other) noexcept {
    static_assert(Update == atomic_update::max || Update == atomic_update::min);
    const bool other_wins = Update == atomic_update::max ? value < other : other < value;
    return other_wins ? other : value;
}
/// The same of an atomic that has neither, as std::atomic before C++26.
template <atomic_update Update, class Atomic, class T>
T fetch_extreme(Atomic& cell, T other, std::memory_order order) noexcept {
    // Relaxed, and where the exchange fails too: what is read is used only if it is still there.
    T now = cell.load(std::memory_order::relaxed);
    while (!cell.compare_exchange_weak(now, extreme<Update>(now, other), order,
                                       std::memory_order::relaxed)) {
    }
    return now;
}

/// The interface of std::atomic<T>, every operation of it and C++26's fetch_max and fetch_min, made
/// of the few accesses that a world provides. A world that watches or delays these accesses cannot
/// miss an operation.
///
/// \tparam Self  The world's atomic. It derives from this class and has:
///   - `T do_load(order) const`
///   - `void do_store(T, order)`
///   - `template <atomic_update Op> T do_update(operand_type, order)`: returns the value before.
///   - `bool do_compare_exchange(T& expected, T desired, success, failure, exchange_kind)`
///   - `void do_wait(T, order) const`, `do_notify_one()`, `do_notify_all()`
///
/// Volatile atomics are not supported. `operator=` is hidden by that of `Self`, which therefore
/// needs `using atomic_interface<...>::operator=`.
///
/// Everything is inlined into the caller: natively it costs no call, and the explorer sees the
/// variant's own code as the place of an access.
template <class Self, class T>
class atomic_interface {
    using order_type = std::memory_order;
    static constexpr bool is_counted = (std::integral<T> && !std::same_as<T, bool>) ||
                                       std::floating_point<T> || std::is_pointer_v<T>;
    static constexpr bool has_bits = std::integral<T> && !std::same_as<T, bool>;
    // Only the world's atomic may derive from this.
    friend Self;
    constexpr atomic_interface() noexcept = default;

public:
    using value_type = T;
    using difference_type = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

    [[nodiscard, gnu::always_inline]] T load(order_type o = order_type::seq_cst) const noexcept {
        return self().do_load(o);
    }
    [[gnu::always_inline]] operator T() const noexcept { return load(); }
    [[gnu::always_inline]] void store(T value, order_type o = order_type::seq_cst) noexcept {
        self().do_store(value, o);
    }
    [[gnu::always_inline]] T operator=(T value) noexcept {
        store(value);
        return value;
    }
    [[gnu::always_inline]] T exchange(T value, order_type o = order_type::seq_cst) noexcept {
        return self().template do_update<atomic_update::exchange>(value, o);
    }

    [[gnu::always_inline]] bool compare_exchange_strong(T& expected, T desired, order_type success,
                                                        order_type failure) noexcept {
        return self().do_compare_exchange(expected, desired, success, failure,
                                          exchange_kind::strong);
    }
    [[gnu::always_inline]] bool compare_exchange_strong(
        T& expected, T desired, order_type o = order_type::seq_cst) noexcept {
        return compare_exchange_strong(expected, desired, o, failure_of(o));
    }
    [[gnu::always_inline]] bool compare_exchange_weak(T& expected, T desired, order_type success,
                                                      order_type failure) noexcept {
        return self().do_compare_exchange(expected, desired, success, failure, exchange_kind::weak);
    }
    [[gnu::always_inline]] bool compare_exchange_weak(T& expected, T desired,
                                                      order_type o = order_type::seq_cst) noexcept {
        return compare_exchange_weak(expected, desired, o, failure_of(o));
    }

    [[gnu::always_inline]] T fetch_add(difference_type by,
                                       order_type o = order_type::seq_cst) noexcept
        requires is_counted
    {
        return self().template do_update<atomic_update::add>(by, o);
    }
    [[gnu::always_inline]] T fetch_sub(difference_type by,
                                       order_type o = order_type::seq_cst) noexcept
        requires is_counted
    {
        return self().template do_update<atomic_update::sub>(by, o);
    }
    [[gnu::always_inline]] T operator++(int) noexcept
        requires(is_counted && !std::floating_point<T>)
    {
        return fetch_add(1);
    }
    [[gnu::always_inline]] T operator--(int) noexcept
        requires(is_counted && !std::floating_point<T>)
    {
        return fetch_sub(1);
    }
    [[gnu::always_inline]] T operator++() noexcept
        requires(is_counted && !std::floating_point<T>)
    {
        return operator+=(1);
    }
    [[gnu::always_inline]] T operator--() noexcept
        requires(is_counted && !std::floating_point<T>)
    {
        return operator-=(1);
    }
    [[gnu::always_inline]] T operator+=(difference_type by) noexcept
        requires is_counted
    {
        return sum(fetch_add(by), by);
    }
    [[gnu::always_inline]] T operator-=(difference_type by) noexcept
        requires is_counted
    {
        return difference(fetch_sub(by), by);
    }

    [[gnu::always_inline]] T fetch_and(T bits, order_type o = order_type::seq_cst) noexcept
        requires has_bits
    {
        return self().template do_update<atomic_update::bit_and>(bits, o);
    }
    [[gnu::always_inline]] T fetch_or(T bits, order_type o = order_type::seq_cst) noexcept
        requires has_bits
    {
        return self().template do_update<atomic_update::bit_or>(bits, o);
    }
    [[gnu::always_inline]] T fetch_xor(T bits, order_type o = order_type::seq_cst) noexcept
        requires has_bits
    {
        return self().template do_update<atomic_update::bit_xor>(bits, o);
    }
    [[gnu::always_inline]] T operator&=(T bits) noexcept
        requires has_bits
    {
        return static_cast<T>(fetch_and(bits) & bits);
    }
    [[gnu::always_inline]] T operator|=(T bits) noexcept
        requires has_bits
    {
        return static_cast<T>(fetch_or(bits) | bits);
    }
    [[gnu::always_inline]] T operator^=(T bits) noexcept
        requires has_bits
    {
        return static_cast<T>(fetch_xor(bits) ^ bits);
    }

    /// Stores the larger one of the value and `other`. It is a read-modify-write in each case.
    /// \source [atomics.types.int], [atomics.types.float] and [atomics.types.pointer] of C++26
    [[gnu::always_inline]] T fetch_max(T other, order_type o = order_type::seq_cst) noexcept
        requires is_counted
    {
        return self().template do_update<atomic_update::max>(other, o);
    }
    [[gnu::always_inline]] T fetch_min(T other, order_type o = order_type::seq_cst) noexcept
        requires is_counted
    {
        return self().template do_update<atomic_update::min>(other, o);
    }

    [[gnu::always_inline]] void wait(T old, order_type o = order_type::seq_cst) const noexcept {
        self().do_wait(old, o);
    }
    void notify_one() noexcept { self().do_notify_one(); }
    void notify_all() noexcept { self().do_notify_all(); }

private:
    [[nodiscard, gnu::always_inline]] Self& self() noexcept { return static_cast<Self&>(*this); }
    [[nodiscard, gnu::always_inline]] const Self& self() const noexcept {
        return static_cast<const Self&>(*this);
    }
    /// The order of a compare-exchange that fails, where one order is given for both.
    /// \source [atomics.types.operations]/20.
    [[nodiscard]] static constexpr order_type failure_of(order_type success) noexcept {
        return success == order_type::acq_rel   ? order_type::acquire
               : success == order_type::release ? order_type::relaxed
                                                : success;
    }
};

}  // namespace pidmap_stress
