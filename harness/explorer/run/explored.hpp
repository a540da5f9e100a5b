#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "allocator/execution_policy.hpp"
#include "harness/explorer/run/atomic.hpp"
#include "harness/explorer/run/machine/machine.hpp"
#include "harness/explorer/run/native_recorder.hpp"
#include "harness/explorer/run/plain.hpp"

/// The world in which every interleaving is under control: the policy `explored`, and the cells
/// that a program for the explorer is made of. All of it works only inside a program that the
/// explorer runs.
namespace pidmap_stress::explore {

/// std::atomic_thread_fence.
inline void fence(std::memory_order order) noexcept {
    machine::current().fence(order);
}
/// A number below `n` that the explorer chooses, every one in turn. \pre n <= 65535
[[nodiscard]] inline unsigned choose(unsigned n) noexcept {
    return machine::current().choose(n);
}
/// What must hold here. `what` names the finding if it does not.
inline void check(bool holds, std::string_view what = "a check failed") noexcept {
    if (holds) [[likely]]
        return;
    if (machine::running())
        machine::current().fail(finding_kind::assertion, what, std::nullopt);
    else if (native_recorder::current != nullptr)
        native_recorder::current->fail(what);
    else
        std::abort();  // Nobody would be told.
}
/// An execution is here: see program_over::reaches().
inline void reach(std::string_view name) {
    if (machine::running()) machine::current().reach(name);
}
/// The outcome of an execution, for a final check to tell: "a=0 b=1". See result::outcomes.
inline void tell_outcome(std::string_view text) {
    if (machine::running())
        machine::current().tell_outcome(text);
    else if (native_recorder::current != nullptr)
        native_recorder::current->outcome(text);
}
/// The same, and the finding names the invariant.
inline void check(bool holds, invariant which, std::string_view what = {}) noexcept {
    if (!holds) [[unlikely]]
        machine::current().fail(finding_kind::assertion, what.empty() ? to_string(which) : what,
                                which);
}
/// What should hold here. If it does not, the thread goes on all the same, so that this finding
/// does not hide what comes of it.
inline void expect(bool holds, invariant which, std::string_view what = {}) noexcept {
    if (!holds) [[unlikely]]
        machine::current().note(finding_kind::assertion, what.empty() ? to_string(which) : what,
                                which);
}
/// Leaves out the executions in which this does not hold: the thread goes no further.
inline void assume(bool holds) noexcept {
    if (!holds) machine::current().give_up();
}
/// The calling thread's number, from 1; 0 before the threads run and after they have ended.
[[nodiscard]] inline unsigned this_thread() noexcept {
    return machine::running() ? machine::current().running_thread() : native_recorder::thread;
}
/// A place between two steps of a thread.
struct moment {
    unsigned thread = 0;
    unsigned steps = 0;  ///< A number that grows with its steps.
};
/// Where the calling thread is.
[[nodiscard]] inline moment now() noexcept {
    return {.thread = this_thread(), .steps = machine::current().position()};
}
/// Whether a moment of one thread happens before a moment of another: whether a step that follows
/// the first happens before the step that follows the second. For those who judge an execution
/// when its threads have ended.
[[nodiscard]] inline bool happens_before(const moment& first, const moment& second) noexcept {
    return machine::current().happened_before(first.thread, first.steps, second.thread,
                                              second.steps);
}
/// Whether executions end where they come to a state that was met before. What a program records of
/// their past would keep states apart, or be lost.
[[nodiscard]] inline bool by_state() noexcept {
    return machine::current().tells_states_apart();
}
/// What traces call the cells that `look` peeks at.
template <class Look>
void name_peeked(const cell_label& label, Look look) {
    machine::current().name_peeked(label, look);
}
/// Labels the calling thread's next steps in traces.
inline void label(std::string_view text) noexcept {
    machine::current().label(text);
}

/// A read-side critical section: what is retired meanwhile is not released before its end.
///
/// It is covered by a retire() unless it may have begun after that. It surely began before if an
/// access of some cell that happens before retire(), be it a relaxed read, is coherence-after what
/// the section's thread has read there, or stored, since the section's begin.
class read_section {
public:
    read_section() noexcept { machine::current().enter_section(); }
    ~read_section() { machine::current().leave_section(); }
    read_section(const read_section&) = delete;
    read_section& operator=(const read_section&) = delete;
};

/// The execution policy of this world.
template <geometry_trait Geometry>
struct explored {
    using geometry = Geometry;

    template <class T, cell_role Role = cell_role::data>
    using atomic = explore::atomic<T, Role>;
    template <class T>
    using plain = explore::plain<T>;
    using read_section = explore::read_section;

    /// Nothing: a thread that loops without effect is noticed by itself.
    static void pause() noexcept {}
    static void fence(std::memory_order order) noexcept { explore::fence(order); }

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        void* const where = machine::current().allocate(sizeof(T), alignof(T));
        return where == nullptr ? nullptr : new (where) T(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) noexcept {
        release(object, false);
    }
    template <class T>
    static void retire(T* object) noexcept {
        release(object, true);
    }
    /// The last value in modification order, seen without a step.
    template <class Cell>
    [[nodiscard]] static auto peek(const Cell& cell) noexcept {
        return cell.peek();
    }
    static void read_lock() noexcept { machine::current().enter_section(); }
    static void read_unlock() noexcept { machine::current().leave_section(); }

private:
    template <class T>
    static void release(T* object, bool deferred) noexcept {
        if (object == nullptr) return;
        machine& m = machine::current();
        if (!m.begin_release(object, deferred)) return;
        object->~T();
        m.end_release(object, deferred);
    }
};

}  // namespace pidmap_stress::explore
