#pragma once

#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "harness/explorer/run/explored.hpp"

/// Mutexes under the explorer's memory model, as std's are: std::lock_guard and its relatives take
/// them. Each is one cell; its changes are the total order of its locks and unlocks.
///
/// Time: a thread may be held up before any of its steps, so an operation with a timeout is one
/// that tries once. It finds what one with any patience may find, and never waits forever.
/// \source [thread.mutex.requirements]
namespace pidmap_stress::explore {

using std::defer_lock;
using std::lock_guard;
using std::scoped_lock;
using std::shared_lock;
using std::try_to_lock;
using std::unique_lock;

namespace detail {

/// Free, held by a thread, or by as many readers as there are threads.
class lock_word {
    using order_type = std::memory_order;
    using value_type = std::uint8_t;
    static constexpr value_type free = 0;
    static constexpr value_type held = 1;
    static constexpr value_type first_reader = 2;  ///< This, plus how many more there are.

public:
    explicit lock_word(const char* kind) noexcept : word_(free) { word_.called(kind); }
    void named(const char* name) noexcept { word_.named(name); }

    [[gnu::always_inline]] void lock() noexcept {
        word_.exchange_when(free, held, order_type::acquire);
        holder_ = own();
    }
    [[nodiscard, gnu::always_inline]] bool try_lock() noexcept {
        value_type seen = free;
        if (!word_.compare_exchange_strong(seen, held, order_type::acquire, order_type::relaxed))
            return false;
        holder_ = own();
        return true;
    }
    [[gnu::always_inline]] void unlock() noexcept {
        check(is_own(), "a mutex is unlocked by a thread that does not hold it");
        holder_ = nobody;
        word_.store(free, order_type::release);
    }
    [[nodiscard]] bool is_own() const noexcept { return holder_ == own(); }

    [[gnu::always_inline]] void lock_shared() noexcept {
        for (;;) {
            const value_type seen =
                word_.load_until([](value_type now) { return now == free || now >= first_reader; },
                                 order_type::relaxed);
            if (add_reader(seen)) return;
        }
    }
    [[nodiscard, gnu::always_inline]] bool try_lock_shared() noexcept {
        const value_type seen = word_.load(order_type::relaxed);
        return (seen == free || seen >= first_reader) && add_reader(seen);
    }
    [[gnu::always_inline]] void unlock_shared() noexcept {
        value_type seen = word_.load(order_type::relaxed);
        check(seen >= first_reader, "a shared mutex is unlocked that no reader holds");
        while (!word_.compare_exchange_strong(
            seen, seen == first_reader ? free : static_cast<value_type>(seen - 1),
            order_type::release, order_type::relaxed)) {
        }
    }

private:
    static constexpr unsigned nobody = ~0U;
    [[nodiscard]] static unsigned own() noexcept { return this_thread(); }
    [[nodiscard, gnu::always_inline]] bool add_reader(value_type seen) noexcept {
        const auto with = static_cast<value_type>(seen == free ? first_reader : seen + 1);
        return word_.compare_exchange_strong(seen, with, order_type::acquire, order_type::relaxed);
    }

    atomic<value_type> word_;
    // Only its holder changes it. Others may look, and see that it is not theirs.
    unsigned holder_ = nobody;
};

}  // namespace detail

/// std::mutex. To lock it twice is a deadlock, and to unlock another thread's a failed check.
class mutex {
public:
    mutex() noexcept : word_("mutex") {}
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() = default;
    /// What findings call it. `name` must outlive the exploration.
    mutex& named(const char* name) noexcept { return word_.named(name), *this; }

    [[gnu::always_inline]] void lock() noexcept { word_.lock(); }
    [[nodiscard, gnu::always_inline]] bool try_lock() noexcept { return word_.try_lock(); }
    [[gnu::always_inline]] void unlock() noexcept { word_.unlock(); }

private:
    detail::lock_word word_;
};

/// std::timed_mutex.
class timed_mutex : public mutex {
public:
    [[nodiscard]] bool try_lock_for(const auto& /*time*/) noexcept { return try_lock(); }
    [[nodiscard]] bool try_lock_until(const auto& /*time*/) noexcept { return try_lock(); }
};

/// std::recursive_mutex.
class recursive_mutex {
public:
    recursive_mutex() noexcept : word_("mutex") {}
    recursive_mutex(const recursive_mutex&) = delete;
    recursive_mutex& operator=(const recursive_mutex&) = delete;
    ~recursive_mutex() = default;
    recursive_mutex& named(const char* name) noexcept { return word_.named(name), *this; }

    [[gnu::always_inline]] void lock() noexcept {
        if (!word_.is_own()) word_.lock();
        ++depth_;
    }
    [[nodiscard, gnu::always_inline]] bool try_lock() noexcept {
        if (!word_.is_own() && !word_.try_lock()) return false;
        ++depth_;
        return true;
    }
    [[gnu::always_inline]] void unlock() noexcept {
        check(word_.is_own(), "a mutex is unlocked by a thread that does not hold it");
        if (--depth_ == 0) word_.unlock();
    }

private:
    detail::lock_word word_;
    unsigned depth_ = 0;  // Of its holder.
};

/// std::shared_mutex. Neither readers nor writers go first.
class shared_mutex {
public:
    shared_mutex() noexcept : word_("shared mutex") {}
    shared_mutex(const shared_mutex&) = delete;
    shared_mutex& operator=(const shared_mutex&) = delete;
    ~shared_mutex() = default;
    shared_mutex& named(const char* name) noexcept { return word_.named(name), *this; }

    [[gnu::always_inline]] void lock() noexcept { word_.lock(); }
    [[nodiscard, gnu::always_inline]] bool try_lock() noexcept { return word_.try_lock(); }
    [[gnu::always_inline]] void unlock() noexcept { word_.unlock(); }
    [[gnu::always_inline]] void lock_shared() noexcept { word_.lock_shared(); }
    [[nodiscard, gnu::always_inline]] bool try_lock_shared() noexcept {
        return word_.try_lock_shared();
    }
    [[gnu::always_inline]] void unlock_shared() noexcept { word_.unlock_shared(); }

private:
    detail::lock_word word_;
};

/// std::shared_timed_mutex.
class shared_timed_mutex : public shared_mutex {
public:
    [[nodiscard]] bool try_lock_for(const auto& /*time*/) noexcept { return try_lock(); }
    [[nodiscard]] bool try_lock_until(const auto& /*time*/) noexcept { return try_lock(); }
    [[nodiscard]] bool try_lock_shared_for(const auto& /*time*/) noexcept {
        return try_lock_shared();
    }
    [[nodiscard]] bool try_lock_shared_until(const auto& /*time*/) noexcept {
        return try_lock_shared();
    }
};

/// std::once_flag.
class once_flag {
public:
    once_flag() noexcept { state_.called("once flag"); }
    once_flag(const once_flag&) = delete;
    once_flag& operator=(const once_flag&) = delete;
    ~once_flag() = default;
    once_flag& named(const char* name) noexcept { return state_.named(name), *this; }

private:
    enum class stage : std::uint8_t { open, running, done };
    template <class Function, class... Args>
    friend void call_once(once_flag& flag, Function&& function, Args&&... args);
    atomic<stage> state_{stage::open};
};

/// std::call_once: whoever comes meanwhile waits; after an exception, another one is let in.
template <class Function, class... Args>
void call_once(once_flag& flag, Function&& function, Args&&... args) {
    using enum std::memory_order;
    using stage = once_flag::stage;
    for (;;) {
        const stage seen =
            flag.state_.load_until([](stage now) { return now != stage::running; }, acquire);
        if (seen == stage::done) return;
        stage expected = stage::open;
        if (flag.state_.compare_exchange_strong(expected, stage::running, acquire)) break;
    }
    try {
        static_cast<Function&&>(function)(static_cast<Args&&>(args)...);
    } catch (...) {
        flag.state_.store(stage::open, release);
        throw;
    }
    flag.state_.store(stage::done, release);
}

}  // namespace pidmap_stress::explore
