#pragma once

#include <atomic>
#include <concepts>
#include <memory>
#include <new>
#include <utility>

#include "allocator/geometry.hpp"

/// The world that an algorithm runs in. An algorithm names no atomic, no thread, no clock and no
/// heap except those of its policy, so that one source runs natively, watched, delayed and
/// explored.
namespace pidmap_stress {

/// What an atomic cell represents. It changes nothing natively; a watching policy checks each
/// change of a refcount, and the explorer prints the names.
enum class cell_role : std::uint8_t {
    data,
    refcount,
    nr_free,
    bitmap,
    page,
    last_pid,
    pid_max,
    object,  ///< Of a pid, its count, or a part of the table of them.
};

/// Requirements on a policy:
/// - `atomic<T, Role>`: std::atomic<T> in interface and meaning.
/// - `plain<T>`: a cell that must be ordered by others; a race on it is a finding. `get`, `set`.
/// - `peek(cell)`: the value of an atomic, for judges only: it is no step and orders nothing.
/// - `pause()`: called when a step was lost to another worker.
/// - `create<T>(args...)`: shared memory with a T in it, or nullptr.
/// - `destroy(p)`: ends what no other worker can reach.
/// - `retire(p)`: ends what no *new* call can reach; readers inside a read-side critical section,
///   where the world has such, may still look at it until they leave.
template <class P>
concept execution_policy = geometry_trait<typename P::geometry> && requires(int* object) {
    typename P::template atomic<int>;
    typename P::template atomic<int, cell_role::refcount>;
    typename P::template plain<int>;
    { P::pause() } noexcept;
    { P::template create<int>(1) } noexcept -> std::same_as<int*>;
    { P::destroy(object) } noexcept;
    { P::retire(object) } noexcept;
};

/// The machine itself, at no cost: the instructions are those of hand-written std::atomic code.
template <geometry_trait Geometry>
struct basic_native {
    using geometry = Geometry;

    template <class T, cell_role = cell_role::data>
    using atomic = std::atomic<T>;

    template <class T>
    class plain {
    public:
        constexpr plain(T value = T{}) noexcept : value_(value) {}
        [[nodiscard]] T get() const noexcept { return value_; }
        void set(T value) noexcept { value_ = value; }

    private:
        T value_;
    };

    template <class T>
    [[nodiscard]] static T peek(const std::atomic<T>& cell) noexcept {
        return cell.load(std::memory_order::relaxed);
    }

    static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        return new (std::nothrow) T(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) noexcept {
        delete object;
    }
    /// There are no readers without a reference here, so this is destroy().
    template <class T>
    static void retire(T* object) noexcept {
        delete object;
    }
};

using native = basic_native<kernel_geometry>;

}  // namespace pidmap_stress
