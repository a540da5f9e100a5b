#pragma once

#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/sync/condition_variable.hpp"
#include "harness/explorer/sync/latch.hpp"
#include "harness/explorer/sync/mutex.hpp"
#include "harness/explorer/sync/semaphore.hpp"

/// The words of a concurrent program, in two worlds. A program whose state takes one of these as a
/// template parameter runs explored, natively and under ThreadSanitizer, from one source:
///
///     template <class World>
///     struct mailbox {
///         typename World::template atomic<int> ready{0};
///         typename World::template plain<int> letter{0};
///     };
namespace pidmap_stress::explore {

struct explored_world {
    template <class T>
    using atomic = explore::atomic<T>;
    template <class T>
    using plain = explore::plain<T>;
    using atomic_flag = explore::atomic_flag;
    using mutex = explore::mutex;
    using timed_mutex = explore::timed_mutex;
    using recursive_mutex = explore::recursive_mutex;
    using shared_mutex = explore::shared_mutex;
    using condition_variable = explore::condition_variable;
    using condition_variable_any = explore::condition_variable_any;
    using semaphore = explore::counting_semaphore<>;
    using latch = explore::latch;

    static void fence(std::memory_order order) noexcept { explore::fence(order); }
    static void yield() noexcept {}
};

struct native_world {
    template <class T>
    using atomic = std::atomic<T>;
    /// A variable that is not atomic: its races are ThreadSanitizer's findings.
    template <class T>
    class plain {
    public:
        plain(T value = T{}) : value_(std::move(value)) {}
        [[nodiscard]] T get() const { return value_; }
        void set(T value) { value_ = std::move(value); }
        [[nodiscard]] const T& peek() const noexcept { return value_; }

    private:
        T value_;
    };
    using atomic_flag = std::atomic_flag;
    using mutex = std::mutex;
    using timed_mutex = std::timed_mutex;
    using recursive_mutex = std::recursive_mutex;
    using shared_mutex = std::shared_mutex;
    using condition_variable = std::condition_variable;
    using condition_variable_any = std::condition_variable_any;
    using semaphore = std::counting_semaphore<>;
    using latch = std::latch;

    static void fence(std::memory_order order) noexcept { std::atomic_thread_fence(order); }
    static void yield() noexcept { std::this_thread::yield(); }
};

}  // namespace pidmap_stress::explore
