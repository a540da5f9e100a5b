#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "harness/explorer/run/atomic.hpp"

/// Variables that are not atomic.
namespace pidmap_stress::explore {

/// A cell that is not atomic: others must order its accesses, and a race on it is a finding. Its
/// accesses are no steps, so they cost an exploration nothing.
template <class T>
class plain {
public:
    /// \param name  What traces call it; it must outlive the exploration.
    plain(T value = T{}, const char* name = nullptr) noexcept
        : value_(std::move(value)), cell_(machine::current().make_plain(this, bits(), name)) {}
    /// Reads the other cell; the new one is a cell of its own.
    plain(const plain& other) noexcept : plain(other.get()) {}
    plain& operator=(const plain& other) noexcept {
        set(other.get());
        return *this;
    }
    ~plain() = default;

    /// What traces call this cell. `name` must outlive the exploration.
    plain& named(const char* name) noexcept {
        machine::current().name_plain(cell_, name);
        return *this;
    }
    [[nodiscard]] T get() const noexcept {
        const std::uint64_t now = bits();
        machine::current().plain_access(cell_, {.address = this,
                                                .old_value = now,
                                                .value = now,
                                                .comparable = detail::narrow_value<T>});
        return value_;
    }
    void set(T value) noexcept {
        const std::uint64_t old = bits();
        value_ = std::move(value);
        machine::current().plain_access(cell_, {.address = this,
                                                .old_value = old,
                                                .value = bits(),
                                                .writes = true,
                                                .comparable = detail::narrow_value<T>});
    }
    /// The value, and no access: for invariants and judges.
    [[nodiscard]] const T& peek() const noexcept { return value_; }

private:
    [[nodiscard]] std::uint64_t bits() const noexcept {
        if constexpr (detail::narrow_value<T>)
            return detail::to_bits(value_);
        else
            return 0;
    }
    T value_;
    std::uint32_t cell_;
};

/// The same, but its accesses are events: what a racy read may return is explored too, and an
/// atomic_ref may access it atomically.
template <class T>
class nonatomic {
    using access = detail::access<T>;

public:
    nonatomic(T value = T{}) noexcept
        : where_(machine::current().make_cell(this, detail::to_bits(value),
                                              {.bytes = detail::bytes_of<T>, .atomic = false})) {
        if (detail::has_waiters<T, cell_role::data>) waiting_ = wait_list(this, where_);
    }
    nonatomic(const nonatomic&) = delete;
    nonatomic& operator=(const nonatomic&) = delete;

    nonatomic& named(const char* name) noexcept {
        machine::current().name_cell(where_, {.name = name});
        return *this;
    }
    [[nodiscard, gnu::always_inline]] T get() const noexcept {
        return access::load(where_, std::memory_order::relaxed);
    }
    [[gnu::always_inline]] void set(T value) noexcept {
        access::store(where_, value, std::memory_order::relaxed);
    }
    [[nodiscard]] T peek() const noexcept {
        return detail::from_bits<T>(machine::current().peek(where_));
    }

private:
    template <class>
    friend class atomic_ref;
    location_id where_;
    wait_list waiting_;
};

/// std::atomic_ref: atomic accesses of a variable that is not atomic by itself. They race with
/// those that are not.
template <class T>
class atomic_ref : public atomic_interface<atomic_ref<T>, T> {
    using order_type = std::memory_order;
    using interface = atomic_interface<atomic_ref, T>;
    using access = detail::access<T>;
    friend interface;

    /// While it is there, the thread's accesses are atomic.
    class by_reference {
    public:
        [[gnu::always_inline]] by_reference() noexcept { machine::current().by_reference(true); }
        [[gnu::always_inline]] ~by_reference() { machine::current().by_reference(false); }
        by_reference(const by_reference&) = delete;
        by_reference& operator=(const by_reference&) = delete;
    };

public:
    using interface::operator=;
    static constexpr bool is_always_lock_free = detail::narrow_value<T>;
    static constexpr std::size_t required_alignment = alignof(T);

    explicit atomic_ref(nonatomic<T>& of) noexcept : of_(of) {}
    atomic_ref(const atomic_ref&) noexcept = default;
    atomic_ref& operator=(const atomic_ref&) = delete;
    ~atomic_ref() = default;

    [[nodiscard]] bool is_lock_free() const noexcept { return true; }

private:
    [[nodiscard, gnu::always_inline]] T do_load(order_type order) const noexcept {
        const by_reference here;
        return access::load(of_.where_, order);
    }
    [[gnu::always_inline]] void do_store(T value, order_type order) noexcept {
        const by_reference here;
        access::store(of_.where_, value, order);
    }
    template <atomic_update Update>
    [[gnu::always_inline]] T do_update(auto operand, order_type order) noexcept {
        const by_reference here;
        return access::template update<Update>(of_.where_, operand, order);
    }
    [[gnu::always_inline]] bool do_compare_exchange(T& expected, T desired, order_type success,
                                                    order_type failure,
                                                    exchange_kind kind) noexcept {
        const by_reference here;
        return access::compare_exchange(of_.where_, expected, desired, success, failure, kind);
    }
    [[gnu::always_inline]] void do_wait(T old, order_type order) const noexcept {
        static_cast<void>(&detail::has_waiters_set<T, cell_role::data>);
        of_.waiting_.wait_while(
            [&](order_type how) { return detail::to_bits(do_load(how)) == detail::to_bits(old); },
            order);
    }
    [[gnu::always_inline]] void do_notify_one() noexcept {
        static_cast<void>(&detail::has_waiters_set<T, cell_role::data>);
        of_.waiting_.notify_one();
    }
    [[gnu::always_inline]] void do_notify_all() noexcept {
        static_cast<void>(&detail::has_waiters_set<T, cell_role::data>);
        of_.waiting_.notify_all();
    }

    nonatomic<T>& of_;
};

}  // namespace pidmap_stress::explore
