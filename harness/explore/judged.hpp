#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "allocator/execution_policy.hpp"
#include "checkers/refcount_transitions.hpp"
#include "harness/explore/explored.hpp"

namespace pidmap_stress::explore {

/// A count of references that judges each change of itself. What an update read says all, under
/// either memory model, so no instants need be searched for it. A finding does not end the thread:
/// what a wrong count leads to is to be seen as well.
template <std::signed_integral T>
class judged_count : public atomic<T, cell_role::refcount> {
    using cell = atomic<T, cell_role::refcount>;
    using order_type = std::memory_order;

public:
    using cell::cell;

    template <class D>
    [[gnu::always_inline]] T fetch_add(D by, order_type order = order_type::seq_cst) noexcept {
        return judge(cell::fetch_add(by, order), static_cast<long>(by));
    }
    template <class D>
    [[gnu::always_inline]] T fetch_sub(D by, order_type order = order_type::seq_cst) noexcept {
        return judge(cell::fetch_sub(by, order), -static_cast<long>(by));
    }
    [[gnu::always_inline]] bool compare_exchange_strong(T& expected, T desired, order_type success,
                                                        order_type failure) noexcept {
        const T before = expected;
        if (!cell::compare_exchange_strong(expected, desired, success, failure)) return false;
        judge(before, static_cast<long>(desired) - before);
        return true;
    }
    [[gnu::always_inline]] bool compare_exchange_weak(T& expected, T desired, order_type success,
                                                      order_type failure) noexcept {
        const T before = expected;
        if (!cell::compare_exchange_weak(expected, desired, success, failure)) return false;
        judge(before, static_cast<long>(desired) - before);
        return true;
    }

private:
    static T judge(T before, long delta) noexcept {
        if (const auto broken = pidmap_stress::broken_by({.before = before, .delta = delta}))
            [[unlikely]]
            expect(false, *broken);
        return before;
    }
};

/// Who is told of the release of a namespace, and asked whether memory is to be had. One execution
/// runs on one OS thread.
class release_hook {
public:
    /// \param ns  The address of the namespace.
    virtual void on_release(const void* ns) noexcept = 0;
    /// Whether there is no memory for what is being made now.
    [[nodiscard]] virtual bool fails_here() noexcept { return false; }

    /// States what a set-up needs in order to continue. If it does not hold, that is a finding, and
    /// no thread of this execution runs.
    void need(bool there, std::string_view what) noexcept {
        if (there) return;
        expect(false, invariant::linearizable, what);
        is_set_up_ = false;
    }
    [[nodiscard]] bool is_set_up() const noexcept { return is_set_up_; }

    static inline constinit thread_local release_hook* current = nullptr;

protected:
    ~release_hook() = default;

private:
    bool is_set_up_ = true;
};

/// The policy `explored`, with a judged refcount, and releases that are told of.
template <geometry_trait Geometry>
struct judged : explored<Geometry> {
    template <class T, cell_role Role = cell_role::data>
    using atomic = std::conditional_t<Role == cell_role::refcount, judged_count<int>,
                                      explore::atomic<T, Role>>;

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        if (release_hook::current->fails_here()) return nullptr;
        return explored<Geometry>::template create<T>(std::forward<Args>(args)...);
    }
    template <class T>
    static void retire(T* object) noexcept {
        // Objects of pids are retired as well.
        if constexpr (requires { object->alloc_pidmap(); })
            release_hook::current->on_release(object);
        explored<Geometry>::retire(object);
    }
};

}  // namespace pidmap_stress::explore
