#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "harness/explorer/run/explored.hpp"

/// std::latch and std::barrier under the explorer's memory model.
/// \source [thread.latch], [thread.barrier]
namespace pidmap_stress::explore {

class latch {
    using order_type = std::memory_order;

public:
    explicit latch(std::ptrdiff_t expected) noexcept : left_(expected) { left_.called("latch"); }
    latch(const latch&) = delete;
    latch& operator=(const latch&) = delete;
    ~latch() = default;
    /// What findings call it. `name` must outlive the exploration.
    latch& named(const char* name) noexcept { return left_.named(name), *this; }

    [[gnu::always_inline]] void count_down(std::ptrdiff_t by = 1) noexcept {
        const std::ptrdiff_t before = left_.fetch_sub(by, order_type::release);
        check(before >= by, "a latch is counted down below 0");
    }
    [[nodiscard, gnu::always_inline]] bool try_wait() const noexcept {
        return left_.load(order_type::acquire) == 0;
    }
    [[gnu::always_inline]] void wait() const noexcept {
        (void)left_.load_until([](std::ptrdiff_t now) { return now == 0; }, order_type::acquire);
    }
    [[gnu::always_inline]] void arrive_and_wait(std::ptrdiff_t by = 1) noexcept {
        count_down(by);
        wait();
    }

private:
    atomic<std::ptrdiff_t> left_;
};

struct no_completion {
    void operator()() const noexcept {}
};

template <class Completion = no_completion>
class barrier {
    using order_type = std::memory_order;

public:
    /// The phase in which a thread arrived.
    class arrival_token {
        friend barrier;
        explicit arrival_token(std::uint64_t phase) : phase_(phase) {}
        std::uint64_t phase_;
    };

    explicit barrier(std::ptrdiff_t expected, Completion completion = Completion{})
        : now_(static_cast<std::uint64_t>(expected)),
          expected_(static_cast<std::uint64_t>(expected)),
          completion_(std::move(completion)) {
        now_.called("barrier");
        expected_.called("barrier's size");
    }
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;
    ~barrier() = default;
    /// What findings call it. `name` must outlive the exploration.
    barrier& named(const char* name) noexcept { return now_.named(name), *this; }

    [[nodiscard, gnu::always_inline]] arrival_token arrive(std::ptrdiff_t by = 1) noexcept {
        // Release, read by the fetch_sub of the last one to arrive: it acquires what all others
        // did, and hands it on below. The phase is the one that this counts in, whatever was read
        // before.
        const auto arriving = static_cast<std::uint64_t>(by);
        const std::uint64_t before = now_.fetch_sub(arriving, order_type::acq_rel);
        const std::uint64_t left = before & count_mask;
        const arrival_token mine(before >> count_bits);
        check(left >= arriving, "more arrive at a barrier than are expected");
        if (left == arriving) {
            completion_();
            // Relaxed: a thread that drops out does so before it arrives, and that was acquired
            // above.
            const std::uint64_t next = expected_.load(order_type::relaxed);
            // Release, read by wait().
            now_.store(((mine.phase_ + 1) << count_bits) | next, order_type::release);
        }
        return mine;
    }
    [[gnu::always_inline]] void wait(arrival_token arrived) const noexcept {
        (void)now_.load_until(
            [=](std::uint64_t now) { return (now >> count_bits) != arrived.phase_; },
            order_type::acquire);
    }
    [[gnu::always_inline]] void arrive_and_wait() noexcept { wait(arrive()); }
    [[gnu::always_inline]] void arrive_and_drop() noexcept {
        expected_.fetch_sub(1, order_type::relaxed);
        (void)arrive();
    }

private:
    static constexpr unsigned count_bits = 32;
    static constexpr std::uint64_t count_mask = (std::uint64_t{1} << count_bits) - 1;

    atomic<std::uint64_t> now_;  ///< The phase, and how many are still to arrive in it.
    atomic<std::uint64_t> expected_;
    Completion completion_;
};

}  // namespace pidmap_stress::explore
