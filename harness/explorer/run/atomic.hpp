#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "harness/explorer/run/atomic_interface.hpp"
#include "harness/explorer/run/machine/machine.hpp"

/// Atomics under the explorer's memory model, and what threads that wait for them do.
namespace pidmap_stress::explore {

namespace detail {

/// What a location of the graph holds as it is.
template <class T>
concept narrow_value = std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t);
/// What it holds by a name: see wide_names.hpp.
template <class T>
concept wide_value_type =
    std::is_trivially_copyable_v<T> && !narrow_value<T> && sizeof(T) <= 2 * sizeof(std::uint64_t);
template <class T>
concept cell_value = narrow_value<T> || wide_value_type<T>;

template <class T>
inline constexpr std::uint8_t bytes_of = narrow_value<T> ? sizeof(T) : sizeof(std::uint64_t);

template <wide_value_type T>
[[nodiscard]] inline std::uint64_t to_bits(const T& value) noexcept {
    std::array<std::uint64_t, 2> words{};
    std::memcpy(words.data(), &value, sizeof value);
    return machine::current().to_wide_name(words);
}
template <wide_value_type T>
[[nodiscard]] inline T from_bits(std::uint64_t bits) noexcept {
    const std::array<std::uint64_t, 2> words = machine::current().to_wide_value(bits);
    T value{};
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof value);
    return value;
}
template <narrow_value T>
[[nodiscard]] inline std::uint64_t to_bits(T value) noexcept {
    if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>)
        return machine::current().to_value(
            const_cast<const void*>(static_cast<const volatile void*>(value)));
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    return bits;
}
template <narrow_value T>
[[nodiscard]] inline T from_bits(std::uint64_t bits) noexcept {
    if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>)
        return static_cast<T>(machine::current().to_pointer(bits));
    T value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

/// Asks for a step until it is done. Inlined into the program's own code, so that what
/// note_state() sees is the program's state.
template <class Step>
[[gnu::always_inline]] inline std::uint64_t perform(Step step) noexcept {
    for (;;) {
        const reply r = step(machine::current());
        if (r.done) [[likely]]
            return r.value;
        machine::note_state();
    }
}

/// The same for a step that a loop asks for until `enough` is true of what it returned, and that
/// changes nothing before. \return what it returned.
template <class Step, class Enough>
[[gnu::always_inline]] inline std::uint64_t perform_until(Step step, Enough enough) noexcept {
    machine::current().begin_await();
    for (;;) {
        const reply r = step(machine::current());
        if (!r.done) {
            machine::current().note_round();
        } else if (enough(r.value)) {
            machine::current().end_await();
            return r.value;
        }
    }
}

/// Whether the program waits for notifications of such cells, or notifies somebody: then each has
/// a list of those that wait. Set before main(), by the operations that the program has.
template <class T, cell_role Role>
inline bool has_waiters = false;
template <class T, cell_role Role>
inline const bool has_waiters_set = (has_waiters<T, Role> = true);

template <class T>
[[nodiscard]] constexpr rmw_op operation_of(atomic_update update) noexcept {
    constexpr bool is_real = std::is_floating_point_v<T>;
    constexpr bool is_signed = std::is_signed_v<T>;
    switch (update) {
        case atomic_update::exchange:
            return rmw_op::exchange;
        case atomic_update::add:
            return is_real ? rmw_op::real_add : rmw_op::add;
        case atomic_update::sub:
            return is_real ? rmw_op::real_sub : rmw_op::sub;
        case atomic_update::bit_and:
            return rmw_op::bit_and;
        case atomic_update::bit_or:
            return rmw_op::bit_or;
        case atomic_update::bit_xor:
            return rmw_op::bit_xor;
        case atomic_update::max:
            return is_real ? rmw_op::real_max : is_signed ? rmw_op::signed_max : rmw_op::max;
        case atomic_update::min:
            return is_real ? rmw_op::real_min : is_signed ? rmw_op::signed_min : rmw_op::min;
    }
    return rmw_op::exchange;
}

/// Of a pointer, what is added or subtracted is a number of elements.
template <class T, atomic_update Update>
[[nodiscard]] inline std::uint64_t operand_bits(auto operand) noexcept {
    constexpr bool moves = Update == atomic_update::add || Update == atomic_update::sub;
    if constexpr (moves && std::is_pointer_v<T>)
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(operand) *
                                          static_cast<std::int64_t>(sizeof(*T{})));
    else
        return to_bits(static_cast<T>(operand));
}

/// The accesses that all operations of a cell of type T are made of.
template <cell_value T>
struct access {
    using order_type = std::memory_order;
    static_assert(std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>,
                  "a value without padding, which would be compared with it");

    [[nodiscard, gnu::always_inline]] static T load(location_id where, order_type order) noexcept {
        return from_bits<T>(perform([&](machine& m) { return m.load(where, order); }));
    }
    [[gnu::always_inline]] static void store(location_id where, T value,
                                             order_type order) noexcept {
        const std::uint64_t bits = to_bits(value);
        perform([&](machine& m) { return m.store(where, bits, order); });
    }
    template <atomic_update Update>
    [[gnu::always_inline]] static T update(location_id where, auto operand,
                                           order_type order) noexcept {
        const std::uint64_t bits = operand_bits<T, Update>(operand);
        return from_bits<T>(perform([&](machine& m) {
            return m.update(where, {.op = operation_of<T>(Update),
                                    .weak = false,
                                    .operand = bits,
                                    .expected = 0,
                                    .success = order,
                                    .failure = order});
        }));
    }
    [[gnu::always_inline]] static bool compare_exchange(location_id where, T& expected, T desired,
                                                        order_type success, order_type failure,
                                                        exchange_kind kind) noexcept {
        const std::uint64_t bits = to_bits(desired);
        const std::uint64_t wanted = to_bits(expected);
        const std::uint64_t read = perform([&](machine& m) {
            return m.update(where, {.op = rmw_op::cas,
                                    .weak = kind == exchange_kind::weak,
                                    .operand = bits,
                                    .expected = wanted,
                                    .success = success,
                                    .failure = failure});
        });
        if (machine::current().updated()) return true;
        expected = from_bits<T>(read);
        return false;
    }
};

}  // namespace detail

/// The threads that wait for notifications of an atomic, or of a condition variable: a cell with a
/// bit for each.
///
/// To enter and to notify are read-modify-writes of that cell, so each notification comes before or
/// after each entry. What happened before a notification happens before an entry that comes after
/// it; so its thread, which looks at the value once more, sees what was notified of. That is what
/// the lock in a futex's queue gives. Being woken orders nothing.
class wait_list {
    using order_type = std::memory_order;
    using bits_type = std::uint32_t;
    static_assert(max_threads <= 32);

public:
    /// One that nobody waits in, and that has no cell.
    wait_list() noexcept = default;
    /// \param of  The cell whose value they wait for, if there is one.
    explicit wait_list(const void* owner, location_id of = nowhere) noexcept
        : where_(machine::current().make_cell(const_cast<void*>(owner), 0,
                                              {.bytes = sizeof(bits_type), .notifies_of = of})) {}

    void named(const char* name) const noexcept {
        machine::current().name_cell(where_, {.name = name});
    }
    /// What traces call it without a name. `kind` must outlive the exploration.
    void called(const char* kind) const noexcept { machine::current().call_cell(where_, kind); }

    [[gnu::always_inline]] void enter() const noexcept {
        (void)update(rmw_op::bit_or, own_bit(), order_type::acquire);
    }
    /// Leaves without having waited.
    [[gnu::always_inline]] void leave() const noexcept {
        const bits_type before = update(rmw_op::bit_and, ~own_bit(), order_type::relaxed);
        // It was woken though it did not sleep, and somebody else may still do. As it looks at the
        // value and enters in one go, this is an execution that there is not.
        if ((before & own_bit()) == 0) machine::current().give_up();
    }
    /// \return whether it was still waiting, and has left: nobody has woken it.
    [[nodiscard, gnu::always_inline]] bool time_out() const noexcept {
        return (update(rmw_op::bit_and, ~own_bit(), order_type::relaxed) & own_bit()) != 0;
    }
    /// Until somebody has woken the calling thread.
    [[gnu::always_inline]] void wait() const noexcept {
        (void)detail::perform_until(
            [&](machine& m) { return m.load(where_, order_type::relaxed); },
            [&](std::uint64_t waiting) { return (waiting & own_bit()) == 0; });
    }
    /// Blocks until a notification comes after `is_old(order)` is false, or returns at once if it
    /// is.
    [[gnu::always_inline]] void wait_while(auto is_old, order_type order) const noexcept {
        while (is_old(order)) {
            enter();
            if (is_old(order_type::relaxed))
                wait();
            else
                leave();
        }
    }
    /// Wakes one thread of those that wait, each of them in turn.
    void notify_one() const noexcept {
        bits_type waiting = update(rmw_op::bit_or, 0, order_type::release);
        while (waiting != 0) {
            const auto many = static_cast<unsigned>(std::popcount(waiting));
            unsigned skip = many == 1 ? 0 : machine::current().choose(many);
            bits_type left = waiting;
            for (; skip != 0; --skip) left &= left - 1;
            const bits_type chosen = left & (~left + 1);
            const auto seen = static_cast<bits_type>(detail::perform([&](machine& m) {
                return m.update(where_, {.op = rmw_op::cas,
                                         .weak = false,
                                         .operand = waiting & ~chosen,
                                         .expected = waiting,
                                         .success = order_type::release,
                                         .failure = order_type::relaxed});
            }));
            if (machine::current().updated()) return;
            waiting = seen;
        }
    }
    void notify_all() const noexcept { (void)update(rmw_op::bit_and, 0, order_type::release); }

private:
    [[nodiscard]] static bits_type own_bit() noexcept {
        return bits_type{1} << machine::current().running_thread();
    }
    [[gnu::always_inline]] bits_type update(rmw_op op, bits_type operand,
                                            order_type order) const noexcept {
        return static_cast<bits_type>(detail::perform([&](machine& m) {
            return m.update(where_, {.op = op,
                                     .weak = false,
                                     .operand = operand,
                                     .expected = 0,
                                     .success = order,
                                     .failure = order});
        }));
    }

    location_id where_ = nowhere;
};

/// std::atomic, under the explorer's memory model.
template <class T, cell_role Role = cell_role::data>
class atomic : public atomic_interface<atomic<T, Role>, T> {
    static_assert(detail::cell_value<T>, "a value of at most 128 bits that can be copied as bits");
    using order_type = std::memory_order;
    using interface = atomic_interface<atomic, T>;
    friend interface;

public:
    using interface::operator=;
    /// As on most machines: what is larger may need a lock, or -mcx16.
    static constexpr bool is_always_lock_free = detail::narrow_value<T>;

    atomic() noexcept : atomic(T{}) {}
    atomic(T value) noexcept
        : where_(machine::current().make_cell(this, detail::to_bits(value),
                                              {.bytes = detail::bytes_of<T>, .role = Role})) {
        if (detail::has_waiters<T, Role>) waiting_ = wait_list(this, where_);
    }
    atomic(const atomic&) = delete;
    atomic& operator=(const atomic&) = delete;

    /// What traces call this cell. `name` must outlive the exploration.
    atomic& named(const char* name) noexcept {
        machine::current().name_cell(where_, {.name = name});
        return *this;
    }
    /// What traces call it as long as it has no name: "mutex#3". `kind` must outlive the
    /// exploration.
    void called(const char* kind) noexcept { machine::current().call_cell(where_, kind); }
    /// The last value in modification order, seen without a step: for invariants and judges.
    [[nodiscard]] T peek() const noexcept {
        return detail::from_bits<T>(machine::current().peek(where_));
    }
    [[nodiscard]] bool is_lock_free() const noexcept { return true; }

    /// Stores when the value is `expected`: a loop of compare-exchanges that is known to wait.
    [[gnu::always_inline]] void exchange_when(T expected, T desired, order_type order) noexcept {
        const std::uint64_t wanted = detail::to_bits(expected);
        detail::perform_until(
            [&](machine& m) {
                return m.update(where_, {.op = rmw_op::cas,
                                         .weak = false,
                                         .operand = detail::to_bits(desired),
                                         .expected = wanted,
                                         .success = order,
                                         .failure = order_type::relaxed});
            },
            [&](std::uint64_t read) { return read == wanted; });
    }
    /// Loads until `enough` is true of the value: a loop that is known to wait, however it is
    /// compiled. \return the value.
    template <class Predicate>
    [[gnu::always_inline]] T load_until(Predicate enough,
                                        order_type order = order_type::seq_cst) const noexcept {
        return detail::from_bits<T>(detail::perform_until(
            [&](machine& m) { return m.load(where_, order); },
            [&](std::uint64_t bits) { return enough(detail::from_bits<T>(bits)); }));
    }

private:
    using access = detail::access<T>;

    [[nodiscard, gnu::always_inline]] T do_load(order_type order) const noexcept {
        return access::load(where_, order);
    }
    [[gnu::always_inline]] void do_store(T value, order_type order) noexcept {
        access::store(where_, value, order);
    }
    template <atomic_update Update>
    [[gnu::always_inline]] T do_update(auto operand, order_type order) noexcept {
        return access::template update<Update>(where_, operand, order);
    }
    [[gnu::always_inline]] bool do_compare_exchange(T& expected, T desired, order_type success,
                                                    order_type failure,
                                                    exchange_kind kind) noexcept {
        return access::compare_exchange(where_, expected, desired, success, failure, kind);
    }
    /// Blocks until a notification comes after another value than `old`, or returns at once if
    /// there is another one: to store one without a notification wakes nobody.
    [[gnu::always_inline]] void do_wait(T old, order_type order) const noexcept {
        static_cast<void>(&detail::has_waiters_set<T, Role>);
        waiting_.wait_while(
            [&](order_type how) { return detail::to_bits(do_load(how)) == detail::to_bits(old); },
            order);
    }
    [[gnu::always_inline]] void do_notify_one() noexcept {
        static_cast<void>(&detail::has_waiters_set<T, Role>);
        waiting_.notify_one();
    }
    [[gnu::always_inline]] void do_notify_all() noexcept {
        static_cast<void>(&detail::has_waiters_set<T, Role>);
        waiting_.notify_all();
    }

    location_id where_;
    wait_list waiting_;
};

/// Loads until `enough` is true of the value, as `while (!enough(cell.load(order)));` does, and is
/// known to wait: see atomic::load_until().
template <class Cell, class Predicate>
[[gnu::always_inline]] inline auto await(const Cell& cell, Predicate enough,
                                         std::memory_order order = std::memory_order::seq_cst) {
    return cell.load_until(enough, order);
}

/// std::atomic_flag.
class atomic_flag {
    using order_type = std::memory_order;

public:
    atomic_flag() noexcept = default;
    atomic_flag& named(const char* name) noexcept {
        set_.named(name);
        return *this;
    }
    [[gnu::always_inline]] bool test_and_set(order_type order = order_type::seq_cst) noexcept {
        return set_.exchange(true, order);
    }
    [[nodiscard, gnu::always_inline]] bool test(
        order_type order = order_type::seq_cst) const noexcept {
        return set_.load(order);
    }
    [[gnu::always_inline]] void clear(order_type order = order_type::seq_cst) noexcept {
        set_.store(false, order);
    }
    [[gnu::always_inline]] void wait(bool old,
                                     order_type order = order_type::seq_cst) const noexcept {
        set_.wait(old, order);
    }
    void notify_one() noexcept { set_.notify_one(); }
    void notify_all() noexcept { set_.notify_all(); }
    [[nodiscard]] bool peek() const noexcept { return set_.peek(); }

private:
    atomic<bool> set_;
};

}  // namespace pidmap_stress::explore
