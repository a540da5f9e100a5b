#pragma once

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
        machine::current().plain_access(
            cell_,
            {.address = this, .old_value = now, .value = now, .comparable = detail::cell_value<T>});
        return value_;
    }
    void set(T value) noexcept {
        const std::uint64_t old = bits();
        value_ = std::move(value);
        machine::current().plain_access(cell_, {.address = this,
                                                .old_value = old,
                                                .value = bits(),
                                                .writes = true,
                                                .comparable = detail::cell_value<T>});
    }
    /// The value, and no access: for invariants and judges.
    [[nodiscard]] const T& peek() const noexcept { return value_; }

private:
    [[nodiscard]] std::uint64_t bits() const noexcept {
        if constexpr (detail::cell_value<T>)
            return detail::to_bits(value_);
        else
            return 0;
    }
    T value_;
    std::uint32_t cell_;
};

/// The same, but its accesses are events: what a racy read may return is explored too.
template <class T>
class nonatomic {
public:
    nonatomic(T value = T{}) noexcept
        : where_(machine::current().make_cell(this, detail::to_bits(value),
                                              {.bytes = sizeof(T), .atomic = false})) {}
    nonatomic(const nonatomic&) = delete;
    nonatomic& operator=(const nonatomic&) = delete;

    nonatomic& named(const char* name) noexcept {
        machine::current().name_cell(where_, {.name = name});
        return *this;
    }
    [[nodiscard, gnu::always_inline]] T get() const noexcept {
        return detail::from_bits<T>(detail::perform(
            [&](machine& m) { return m.load(where_, std::memory_order::relaxed); }));
    }
    [[gnu::always_inline]] void set(T value) noexcept {
        detail::perform([&](machine& m) {
            return m.store(where_, detail::to_bits(value), std::memory_order::relaxed);
        });
    }
    [[nodiscard]] T peek() const noexcept {
        return detail::from_bits<T>(machine::current().peek(where_));
    }

private:
    location_id where_;
};

}  // namespace pidmap_stress::explore
