#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include "allocator/execution_policy.hpp"
#include "checkers/refcount_transitions.hpp"
#include "harness/base/hooked_atomic.hpp"
#include "harness/explorer/run/explored.hpp"

namespace pidmap_stress::explore {

/// Hooks of a count of references: each of its changes is judged. The value that an update read is
/// enough for that under either memory model, so no instants need be searched. A finding does not
/// end the thread: the consequences of a wrong count are to be seen too.
class count_judge {
public:
    explicit count_judge(long first) noexcept : begun_(first != 0) {}

    [[gnu::always_inline]] void before_access() const noexcept {}
    template <class T>
    [[gnu::always_inline]] void changed(T before, T after) noexcept {
        const count_change change{.before = before, .delta = static_cast<long>(after) - before};
        if (const auto broken = broken_by(change)) [[unlikely]]
            if (!begins(change)) expect(false, *broken);
    }

private:
    /// A count may begin at 0, and be set by the thread that makes the namespace: a first change
    /// from 0 is not a revival.
    [[nodiscard]] bool begins(count_change change) noexcept {
        return change.before == 0 && change.delta > 0 && !std::exchange(begun_, true);
    }

    bool begun_;
};

/// Is told of the release of a namespace, and decides whether memory is available. One execution
/// runs on one OS thread.
class release_hook {
public:
    /// \param ns  The address of the namespace.
    virtual void on_release(const void* ns) noexcept = 0;
    /// Whether memory for the current allocation is to be denied.
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

/// The policy `explored`, with a judged refcount, and releases that are reported.
template <geometry_trait Geometry>
struct judged : explored<Geometry> {
    template <class T, cell_role Role = cell_role::data>
    using atomic =
        std::conditional_t<Role == cell_role::refcount,
                           hooked_atomic<explore::atomic<T, cell_role::refcount>, count_judge>,
                           explore::atomic<T, Role>>;

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        if (release_hook::current->fails_here()) return nullptr;
        return explored<Geometry>::template create<T>(std::forward<Args>(args)...);
    }
    template <class T>
    static void retire(T* object) noexcept {
        // Pid objects are retired too.
        if constexpr (requires { object->alloc_pidmap(); })
            release_hook::current->on_release(object);
        explored<Geometry>::retire(object);
    }
};

}  // namespace pidmap_stress::explore
