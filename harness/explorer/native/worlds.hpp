#pragma once

#include <atomic>
#include <barrier>
#include <condition_variable>
#include <functional>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>

#include "harness/explorer/run/atomic_interface.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/run/native_recorder.hpp"
#include "harness/explorer/run/program.hpp"
#include "harness/explorer/sync/condition_variable.hpp"
#include "harness/explorer/sync/latch.hpp"
#include "harness/explorer/sync/mutex.hpp"
#include "harness/explorer/sync/per_thread.hpp"
#include "harness/explorer/sync/semaphore.hpp"
#include "harness/explorer/sync/stop_token.hpp"
#include "harness/explorer/sync/thread.hpp"

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
    template <class T>
    using nonatomic = explore::nonatomic<T>;
    template <class T>
    using atomic_ref = explore::atomic_ref<T>;
    template <class T>
    using per_thread = explore::per_thread<T>;
    using atomic_flag = explore::atomic_flag;
    using mutex = explore::mutex;
    using timed_mutex = explore::timed_mutex;
    using recursive_mutex = explore::recursive_mutex;
    using shared_mutex = explore::shared_mutex;
    using condition_variable = explore::condition_variable;
    using condition_variable_any = explore::condition_variable_any;
    using semaphore = explore::counting_semaphore<>;
    using latch = explore::latch;
    using barrier = explore::barrier<>;
    using thread = explore::thread;
    using jthread = explore::jthread;
    using stop_token = explore::stop_token;
    using stop_source = explore::stop_source;
    template <class Callback>
    using stop_callback = explore::stop_callback<Callback>;

    /// A new object. Whoever uses it after destroy() has a finding.
    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) {
        return memory::template create<T>(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) {
        memory::destroy(object);
    }
    static void fence(std::memory_order order) noexcept { explore::fence(order); }
    static void yield() noexcept {}

private:
    using memory = explored<tiny_geometry<2, 2>>;
};

/// std::atomic, with C++26's fetch_max and fetch_min, and what await() needs.
template <class T>
class native_atomic : public std::atomic<T> {
    using base = std::atomic<T>;
    using order_type = std::memory_order;

public:
    using base::base;
    using base::operator=;

    T fetch_max(T other, order_type order = order_type::seq_cst) noexcept
        requires requires(T a) { a < a; }
    {
        return fetch_extreme<atomic_update::max>(*this, other, order);
    }
    T fetch_min(T other, order_type order = order_type::seq_cst) noexcept
        requires requires(T a) { a < a; }
    {
        return fetch_extreme<atomic_update::min>(*this, other, order);
    }
    template <class Predicate>
    T load_until(Predicate enough, order_type order = order_type::seq_cst) const noexcept {
        T now = this->load(order);
        while (!enough(now)) {
            std::this_thread::yield();
            now = this->load(order);
        }
        return now;
    }
};

/// A thread whose checks belong to the run that has started it.
template <class Thread>
class native_thread : public Thread {
public:
    native_thread() = default;
    template <class Function, class... Args>
    explicit native_thread(Function&& function, Args&&... args)
        : Thread(recorded(std::forward<Function>(function)), std::forward<Args>(args)...) {}

private:
    template <class Function>
    [[nodiscard]] static auto recorded(Function&& function) {
        return [recorder = native_recorder::current,
                call = std::decay_t<Function>(std::forward<Function>(function))](
                   auto&&... args) mutable
            requires std::is_invocable_v<std::decay_t<Function>&, decltype(args)...>
        {
            native_recorder::current = recorder;
            std::invoke(call, std::forward<decltype(args)>(args)...);
        };
    }
};

struct native_world {
    template <class T>
    using atomic = native_atomic<T>;
    /// A variable that is not atomic: its races are ThreadSanitizer's findings.
    template <class T>
    class plain {
    public:
        plain(T value = T{}) : value_(std::move(value)) {}
        [[nodiscard]] T get() const { return value_; }
        void set(T value) { value_ = std::move(value); }
        [[nodiscard]] const T& peek() const noexcept { return value_; }

    private:
        friend struct native_world;
        T value_;
    };
    template <class T>
    using nonatomic = plain<T>;
    template <class T>
    class atomic_ref : public std::atomic_ref<T> {
    public:
        using std::atomic_ref<T>::operator=;
        explicit atomic_ref(nonatomic<T>& of) noexcept : std::atomic_ref<T>(of.value_) {}
    };
    template <class T>
    using per_thread = explore::per_thread<T>;
    using atomic_flag = std::atomic_flag;
    using mutex = std::mutex;
    using timed_mutex = std::timed_mutex;
    using recursive_mutex = std::recursive_mutex;
    using shared_mutex = std::shared_mutex;
    using condition_variable = std::condition_variable;
    using condition_variable_any = std::condition_variable_any;
    using semaphore = std::counting_semaphore<>;
    using latch = std::latch;
    using barrier = std::barrier<>;
    using thread = native_thread<std::thread>;
    using jthread = native_thread<std::jthread>;
    using stop_token = std::stop_token;
    using stop_source = std::stop_source;
    template <class Callback>
    using stop_callback = std::stop_callback<Callback>;

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) {
        return new T(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) {
        delete object;
    }
    static void fence(std::memory_order order) noexcept { std::atomic_thread_fence(order); }
    static void yield() noexcept { std::this_thread::yield(); }
};

/// A program with one thread, which starts others, World::thread, as main() does.
///
/// \param most  How many it starts, at most.
template <class World, class State>
[[nodiscard]] auto main_program(unsigned most, std::function<void(State&)> body) {
    if constexpr (std::is_same_v<World, explored_world>)
        return with_main<State>(most, std::move(body));
    else
        return over<State>().thread(std::move(body));
}

}  // namespace pidmap_stress::explore
