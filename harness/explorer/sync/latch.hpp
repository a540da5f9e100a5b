#pragma once

#include <cstddef>
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
        explicit arrival_token(unsigned phase) : phase_(phase) {}
        unsigned phase_;
    };

    explicit barrier(std::ptrdiff_t expected, Completion completion = Completion{})
        : left_(expected), expected_(expected), completion_(std::move(completion)) {
        left_.called("barrier");
        phase_.called("barrier's phase");
    }
    barrier(const barrier&) = delete;
    barrier& operator=(const barrier&) = delete;
    ~barrier() = default;
    /// What findings call it. `name` must outlive the exploration.
    barrier& named(const char* name) noexcept { return phase_.named(name), *this; }

    [[nodiscard, gnu::always_inline]] arrival_token arrive(std::ptrdiff_t by = 1) noexcept {
        // No phase ends before this thread has arrived, so this is the one that it arrives in.
        const arrival_token mine(phase_.load(order_type::relaxed));
        // Release, for the last one to arrive, which acquires what all others did and hands it on.
        const std::ptrdiff_t before = left_.fetch_sub(by, order_type::acq_rel);
        check(before >= by, "more arrive at a barrier than are expected");
        if (before == by) {
            completion_();
            left_.store(expected_.load(order_type::relaxed), order_type::relaxed);
            phase_.store(mine.phase_ + 1, order_type::release);
        }
        return mine;
    }
    [[gnu::always_inline]] void wait(arrival_token arrived) const noexcept {
        (void)phase_.load_until([=](unsigned now) { return now != arrived.phase_; },
                                order_type::acquire);
    }
    [[gnu::always_inline]] void arrive_and_wait() noexcept { wait(arrive()); }
    [[gnu::always_inline]] void arrive_and_drop() noexcept {
        expected_.fetch_sub(1, order_type::relaxed);
        (void)arrive();
    }

private:
    atomic<std::ptrdiff_t> left_;
    atomic<std::ptrdiff_t> expected_;
    atomic<unsigned> phase_;
    Completion completion_;
};

}  // namespace pidmap_stress::explore
