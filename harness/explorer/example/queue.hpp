#pragma once

#include <array>
#include <atomic>
#include <optional>

/// A queue of two slots for one producer and one consumer.
///
/// \tparam Atomic  std::atomic, or the explorer's.
/// \tparam Slot    A variable that is not atomic: has get() and set().
template <template <class> class Atomic, class Slot>
class bounded_queue {
public:
    /// \param publish  The order of the store that hands a slot over: release.
    explicit bounded_queue(std::memory_order publish = std::memory_order_release)
        : publish_(publish) {}

    bool push(int value) {
        const unsigned tail = tail_.load(std::memory_order_relaxed);
        // Acquire: the consumer has read the slot before it gave it back.
        if (tail - head_.load(std::memory_order_acquire) == slots_.size()) return false;
        slots_[tail % slots_.size()].set(value);
        tail_.store(tail + 1, publish_);
        return true;
    }
    std::optional<int> pop() {
        const unsigned head = head_.load(std::memory_order_relaxed);
        // Acquire: the producer has written the slot before it published it.
        if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
        const int value = slots_[head % slots_.size()].get();
        head_.store(head + 1, std::memory_order_release);
        return value;
    }

private:
    std::memory_order publish_;
    std::array<Slot, 2> slots_;
    Atomic<unsigned> head_{0};
    Atomic<unsigned> tail_{0};
};
