#pragma once

#include <cstddef>

#include "harness/explorer/run/explored.hpp"

/// std::counting_semaphore under the explorer's memory model.
/// \source [thread.sema]
namespace pidmap_stress::explore {

template <std::ptrdiff_t LeastMax = 1'000'000>
class counting_semaphore {
    using order_type = std::memory_order;

public:
    explicit counting_semaphore(std::ptrdiff_t count) noexcept : count_(count) {
        check(count >= 0 && count <= LeastMax, "a semaphore begins with a count of 0 to its max");
        count_.called("semaphore");
    }
    counting_semaphore(const counting_semaphore&) = delete;
    counting_semaphore& operator=(const counting_semaphore&) = delete;
    ~counting_semaphore() = default;
    /// What findings call it. `name` must outlive the exploration.
    counting_semaphore& named(const char* name) noexcept { return count_.named(name), *this; }
    [[nodiscard]] static constexpr std::ptrdiff_t max() noexcept { return LeastMax; }

    [[gnu::always_inline]] void release(std::ptrdiff_t by = 1) noexcept {
        const std::ptrdiff_t before = count_.fetch_add(by, order_type::release);
        check(before + by <= LeastMax, "a semaphore is released beyond its max");
    }
    [[gnu::always_inline]] void acquire() noexcept {
        for (;;) {
            std::ptrdiff_t seen =
                count_.load_until([](std::ptrdiff_t now) { return now > 0; }, order_type::relaxed);
            if (count_.compare_exchange_strong(seen, seen - 1, order_type::acquire,
                                               order_type::relaxed))
                return;
        }
    }
    /// It fails only if it has seen 0, or another thread was faster.
    [[nodiscard, gnu::always_inline]] bool try_acquire() noexcept {
        std::ptrdiff_t seen = count_.load(order_type::relaxed);
        return seen > 0 && count_.compare_exchange_strong(seen, seen - 1, order_type::acquire,
                                                          order_type::relaxed);
    }
    /// Time is up at any moment: see mutex.hpp.
    [[nodiscard]] bool try_acquire_for(const auto& /*time*/) noexcept { return try_acquire(); }
    [[nodiscard]] bool try_acquire_until(const auto& /*time*/) noexcept { return try_acquire(); }

private:
    atomic<std::ptrdiff_t> count_;
};
using binary_semaphore = counting_semaphore<1>;

}  // namespace pidmap_stress::explore
