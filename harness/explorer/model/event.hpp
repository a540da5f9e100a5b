#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "harness/explorer/model/model.hpp"

namespace pidmap_stress::explore {

/// Which memory order a failed compare-exchange has.
enum class cas_failure_order : std::uint8_t {
    cxx20,       ///< Its failure order, as the standard says.
    as_success,  ///< Its success order, as GenMC has it.
};

/// An event's name is its stamp: when it was added to its graph. 0 is no event.
using event_id = std::uint16_t;
inline constexpr event_id no_event = 0;
using location_id = std::uint32_t;
/// Of a step that is at no location.
inline constexpr location_id nowhere = ~0U;

enum class event_kind : std::uint8_t { read, write, fence, choice };
enum class rmw_op : std::uint8_t {
    none,
    exchange,
    cas,
    add,
    sub,
    bit_and,
    bit_or,
    bit_xor,
    max,  ///< The larger one, as unsigned numbers.
    min,
    signed_max,
    signed_min,
    real_add,  ///< Of float or double, by the width of the location.
    real_sub,
    real_max,
    real_min,
};
inline constexpr std::size_t rmw_ops = static_cast<std::size_t>(rmw_op::real_min) + 1;

/// Whether an order is one of those; without a branch, as this is asked at each step.
template <std::memory_order... Those>
[[nodiscard]] constexpr bool is_one_of(std::memory_order order) noexcept {
    constexpr unsigned set = (0U | ... | (1U << static_cast<unsigned>(Those)));
    return (set >> static_cast<unsigned>(order) & 1U) != 0;
}
[[nodiscard]] constexpr bool is_acquire(std::memory_order order) noexcept {
    using enum std::memory_order;
    return is_one_of<acquire, consume, acq_rel, seq_cst>(order);
}
[[nodiscard]] constexpr bool is_release(std::memory_order order) noexcept {
    using enum std::memory_order;
    return is_one_of<release, acq_rel, seq_cst>(order);
}

/// A memory order, in a byte.
class small_order {
public:
    constexpr small_order(std::memory_order order) noexcept
        : order_(static_cast<std::uint8_t>(order)) {}
    constexpr operator std::memory_order() const noexcept {
        return static_cast<std::memory_order>(order_);
    }

private:
    std::uint8_t order_;
};

/// One event of an execution graph. A read-modify-write is two: a read that is `exclusive`, and
/// right after it in its thread the write, `exclusive` too. A failed compare-exchange is a read.
///
/// In one cache line: a search is mostly busy with events.
struct alignas(64) event {
    std::uint64_t value = 0;     ///< What a read returned, a write stored, a choice chose.
    std::uint64_t operand = 0;   ///< Of a read-modify-write; a compare-exchange's desired value.
    std::uint64_t expected = 0;  ///< Of a compare-exchange.
    const void* site = nullptr;  ///< Where in the program: an address of code.

    location_id location = 0;
    event_id po = 0;             ///< Index in its thread.
    event_id rf = no_event;      ///< A read's write.
    event_id before = no_event;  ///< A write's neighbours in modification order.
    event_id after = no_event;
    event_id readers = no_event;      ///< A write's newest reader ...
    event_id next_reader = no_event;  ///< ... and a reader's next older one.
    std::uint16_t options = 0;        ///< A choice's number of alternatives.

    std::uint8_t thread = 0;
    event_kind kind = event_kind::read;
    rmw_op op = rmw_op::none;
    std::uint8_t bytes = 8;                            ///< How many a value of this location has.
    small_order order = std::memory_order::relaxed;    ///< As it took effect.
    small_order success = std::memory_order::relaxed;  ///< As the program says.
    small_order failure = std::memory_order::relaxed;
    bool exclusive = false;
    bool spurious = false;   ///< A weak compare-exchange that failed for no reason.
    bool may_fail = false;   ///< A weak compare-exchange whose thread may still see such a failure.
    bool initial = false;    ///< The write that an atomic's constructor is.
    bool nonatomic = false;  ///< Races with others of its location.

    [[nodiscard]] bool is_read() const noexcept { return kind == event_kind::read; }
    [[nodiscard]] bool is_write() const noexcept { return kind == event_kind::write; }
};
static_assert(sizeof(event) == 64);

/// What a read-modify-write does to the value that it reads.
struct modification {
    rmw_op op = rmw_op::none;
    std::uint8_t bytes = 8;  ///< How many a value of the location has.
    std::uint64_t operand = 0;

    /// The bits that a value of the location has.
    [[nodiscard]] constexpr std::uint64_t mask() const noexcept {
        return ~0ULL >> (64U - 8U * bytes);
    }
};

/// What a read-modify-write of a floating-point location stores.
template <class Real, class Bits>
[[nodiscard]] constexpr std::uint64_t real_stored_by(const modification& m,
                                                     std::uint64_t read) noexcept {
    const auto value = std::bit_cast<Real>(static_cast<Bits>(read));
    const auto by = std::bit_cast<Real>(static_cast<Bits>(m.operand));
    switch (m.op) {
        case rmw_op::real_add:
            return std::bit_cast<Bits>(value + by);
        case rmw_op::real_sub:
            return std::bit_cast<Bits>(value - by);
        case rmw_op::real_max:
            return value < by ? m.operand : read;
        default:
            return by < value ? m.operand : read;
    }
}

/// Whether a read-modify-write has read a smaller number than its operand.
[[nodiscard]] constexpr bool reads_less(const modification& m, std::uint64_t read) noexcept {
    const bool is_signed = m.op == rmw_op::signed_max || m.op == rmw_op::signed_min;
    const std::uint64_t sign = is_signed ? m.mask() ^ (m.mask() >> 1U) : 0;
    return (read ^ sign) < (m.operand ^ sign);
}

/// What a read-modify-write stores when it has read `read`.
[[nodiscard]] constexpr std::uint64_t stored_by(const modification& m,
                                                std::uint64_t read) noexcept {
    switch (m.op) {
        case rmw_op::exchange:
        case rmw_op::cas:
            return m.operand;
        case rmw_op::add:
            return (read + m.operand) & m.mask();
        case rmw_op::sub:
            return (read - m.operand) & m.mask();
        case rmw_op::bit_and:
            return read & m.operand;
        case rmw_op::bit_or:
            return read | m.operand;
        case rmw_op::bit_xor:
            return read ^ m.operand;
        case rmw_op::max:
        case rmw_op::signed_max:
            return reads_less(m, read) ? m.operand : read;
        case rmw_op::min:
        case rmw_op::signed_min:
            return reads_less(m, read) ? read : m.operand;
        case rmw_op::real_add:
        case rmw_op::real_sub:
        case rmw_op::real_max:
        case rmw_op::real_min:
            return m.bytes == sizeof(float) ? real_stored_by<float, std::uint32_t>(m, read)
                                            : real_stored_by<double, std::uint64_t>(m, read);
        case rmw_op::none:
            break;
    }
    return read;
}

}  // namespace pidmap_stress::explore
