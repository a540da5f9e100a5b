#pragma once

#include <condition_variable>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/sync/mutex.hpp"
#include "harness/explorer/sync/stop_token.hpp"

/// Condition variables under the explorer's memory model. A thread that waits is woken by a
/// notification that comes after it began to wait: one that comes too early, or that wakes another
/// thread, is lost, and a deadlock is the finding. With run_limits::spurious_wakeups, it may also
/// be woken by nothing.
/// \source [thread.condition]
namespace pidmap_stress::explore {

using std::cv_status;

/// std::condition_variable_any: any lock is fine that the explorer knows.
class condition_variable_any {
public:
    condition_variable_any() noexcept { waiting_.called("condition variable"); }
    condition_variable_any(const condition_variable_any&) = delete;
    condition_variable_any& operator=(const condition_variable_any&) = delete;
    ~condition_variable_any() = default;
    /// What findings call it. `name` must outlive the exploration.
    condition_variable_any& named(const char* name) noexcept { return waiting_.named(name), *this; }

    void notify_one() noexcept { waiting_.notify_one(); }
    void notify_all() noexcept { waiting_.notify_all(); }

    /// \pre The calling thread holds the lock.
    template <class Lock>
    [[gnu::always_inline]] void wait(Lock& lock) {
        waiting_.enter();
        sleep(lock);
    }
    template <class Lock, class Predicate>
    [[gnu::always_inline]] void wait(Lock& lock, Predicate stop_waiting) {
        while (!stop_waiting()) wait(lock);
    }
    /// Also ends when a stop is requested. \return stop_waiting().
    template <class Lock, class Predicate>
    [[gnu::always_inline]] bool wait(Lock& lock, const stop_token& token, Predicate stop_waiting) {
        const stop_callback wake(token, [this] { notify_all(); });
        while (!stop_waiting()) {
            waiting_.enter();
            // A request that is not seen here notifies after this thread has entered.
            if (token.stop_requested()) {
                (void)waiting_.time_out();
                return stop_waiting();
            }
            sleep(lock);
        }
        return true;
    }
    /// Time is up at any moment: see mutex.hpp.
    template <class Lock>
    [[gnu::always_inline]] cv_status wait_for(Lock& lock, const auto& /*time*/) {
        waiting_.enter();
        lock.unlock();
        const bool timed_out = waiting_.time_out();
        lock.lock();
        return timed_out ? cv_status::timeout : cv_status::no_timeout;
    }
    template <class Lock, class Predicate>
    [[gnu::always_inline]] bool wait_for(Lock& lock, const auto& time, Predicate stop_waiting) {
        return wait_for(lock, stop_token(), time, stop_waiting);
    }
    template <class Lock, class Predicate>
    [[gnu::always_inline]] bool wait_for(Lock& lock, const stop_token& token, const auto& time,
                                         Predicate stop_waiting) {
        while (!stop_waiting())
            if (token.stop_requested() || wait_for(lock, time) == cv_status::timeout)
                return stop_waiting();
        return true;
    }
    template <class Lock>
    [[gnu::always_inline]] cv_status wait_until(Lock& lock, const auto& time) {
        return wait_for(lock, time);
    }
    template <class Lock, class Predicate>
    [[gnu::always_inline]] bool wait_until(Lock& lock, const auto& time, Predicate stop_waiting) {
        return wait_for(lock, time, stop_waiting);
    }
    template <class Lock, class Predicate>
    [[gnu::always_inline]] bool wait_until(Lock& lock, const stop_token& token, const auto& time,
                                           Predicate stop_waiting) {
        return wait_for(lock, token, time, stop_waiting);
    }

private:
    /// \pre The calling thread has entered.
    template <class Lock>
    [[gnu::always_inline]] void sleep(Lock& lock) {
        lock.unlock();
        if (machine::current().wakes_spuriously())
            (void)waiting_.time_out();
        else
            waiting_.wait();
        lock.lock();
    }

    wait_list waiting_{this};
};

/// std::condition_variable, which takes a std::unique_lock of the explorer's mutex.
class condition_variable : public condition_variable_any {
public:
    using lock_type = std::unique_lock<mutex>;
    [[gnu::always_inline]] void wait(lock_type& lock) { condition_variable_any::wait(lock); }
    template <class Predicate>
    [[gnu::always_inline]] void wait(lock_type& lock, Predicate stop_waiting) {
        condition_variable_any::wait(lock, stop_waiting);
    }
};

}  // namespace pidmap_stress::explore
