#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "allocator/execution_policy.hpp"
#include "checkers/refcount_transitions.hpp"
#include "harness/base/hooked_atomic.hpp"
#include "harness/world/clock.hpp"
#include "harness/world/jitter.hpp"
#include "harness/world/memory_domain.hpp"
#include "harness/world/worker_identity.hpp"

namespace pidmap_stress {

/// Hooks of a count of references: each of its changes is judged. It adds a comparison to a change,
/// and no access.
class count_judge {
public:
    explicit constexpr count_judge(long first) noexcept : begun_(first != 0) {}

    [[gnu::always_inline]] void before_access() const noexcept {}
    template <class T>
    [[gnu::always_inline]] void changed(T before, T after) noexcept {
        if (before == 1 && after > 1) ++self.near.raised_from_one;
        if (after < before && self.emptied_at != 0) [[unlikely]]
            self.near.shortest_to_put = std::min(self.near.shortest_to_put,
                                                 rough_time() - std::exchange(self.emptied_at, 0));
        const count_change change{.before = before, .delta = static_cast<long>(after) - before};
        if (const auto broken = broken_by(change, memory_domain::poison_int)) [[unlikely]]
            if (!begins(change)) tell(*broken, change);
    }
    [[gnu::always_inline]] void lost() const noexcept { ++self.near.lost_exchanges; }

private:
    /// A count may begin at 0, and be set by the thread that makes the namespace: a first change
    /// from 0 is not a revival. Relaxed: that happens before any other thread knows of the count.
    [[nodiscard, gnu::noinline, gnu::cold]] bool begins(count_change change) noexcept {
        return change.before == 0 && change.delta > 0 &&
               !begun_.exchange(true, std::memory_order::relaxed);
    }
    [[gnu::noinline, gnu::cold]] static void tell(invariant broken, count_change change) noexcept {
        std::array<char, 160> text{};
        const auto written =
            fmt::format_to_n(text.data(), text.size(), "the refcount went from {} to {}, worker {}",
                             change.before, change.before + change.delta, self.slot);
        report(broken, {text.data(), std::min(written.size, text.size())});
    }

    std::atomic<bool> begun_;
};

/// Hooks of a page's nr_free: they note that another worker was faster, and when a page was
/// emptied.
template <int BitsPerPage>
struct contention_watch {
    /// To read the time twice costs as much as some calls.
    static constexpr std::uint32_t timed_one_in = 16;

    [[gnu::always_inline]] void before_access() const noexcept {}
    template <class T>
    [[gnu::always_inline]] void changed(T before, T after) const noexcept {
        if (after == BitsPerPage && before < after && ++self.pages_emptied % timed_one_in == 0)
            [[unlikely]]
            self.emptied_at = rough_time();
    }
    [[gnu::always_inline]] void lost() const noexcept { ++self.near.lost_exchanges; }
};

/// Hooks of what belongs to a pid object: a worker may be slow there.
struct object_delay {
    [[gnu::always_inline]] void before_access() const noexcept { object_point(); }
};

namespace detail {
template <class Atomic, cell_role Role, geometry_trait Geometry>
struct watched_cell {
    using type = Atomic;
};
template <class Atomic, geometry_trait Geometry>
struct watched_cell<Atomic, cell_role::refcount, Geometry> {
    using type = hooked_atomic<Atomic, count_judge>;
};
template <class Atomic, geometry_trait Geometry>
struct watched_cell<Atomic, cell_role::nr_free, Geometry> {
    using type = hooked_atomic<Atomic, contention_watch<static_cast<int>(Geometry::bits_per_page)>>;
};
template <class Atomic, geometry_trait Geometry>
struct watched_cell<Atomic, cell_role::object, Geometry> {
    using type = hooked_atomic<Atomic, object_delay>;
};
}  // namespace detail

/// Policy decorator: changes of refcounts are judged, near misses are counted, objects live in the
/// memory domain, allocation of memory may fail on purpose, and a worker may be slow at objects.
template <execution_policy Base>
struct watched : Base {
    template <class T, cell_role Role = cell_role::data>
    using atomic = typename detail::watched_cell<typename Base::template atomic<T, Role>, Role,
                                                 typename Base::geometry>::type;

    template <class Cell>
    [[nodiscard]] static auto peek(const Cell& cell) noexcept {
        if constexpr (requires { cell.peek(); })
            return cell.peek();
        else
            return Base::peek(cell);
    }

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        void* const memory = memory_domain::take(sizeof(T), kind_of<T>());
        return memory == nullptr ? nullptr : new (memory) T(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) noexcept {
        // No other worker can come between: a delay here would show nothing, and a large table has
        // many cells.
        const std::uint32_t until_delay =
            std::exchange(self.accesses_until_delay, std::numeric_limits<std::uint32_t>::max());
        object->~T();
        self.accesses_until_delay = until_delay;
        memory_domain::give_back(object, sizeof(T), kind_of<T>());
    }
    template <class T>
    static void retire(T* object) noexcept {
        memory_domain::retire(
            object, [](void* memory) noexcept { destroy(static_cast<T*>(memory)); }, kind_of<T>());
    }

private:
    template <class T>
    [[nodiscard]] static constexpr memory_domain::object_kind kind_of() noexcept {
        if constexpr (requires(T& t) { t.alloc_pidmap(); })
            return memory_domain::object_kind::pid_namespace;
        else if constexpr (requires(T& t) { t.numbers; })
            return memory_domain::object_kind::pid_object;
        else if constexpr (requires(T& t) { t.slots; } || requires(T& t) { t.leaves; })
            return memory_domain::object_kind::table_part;
        else
            return memory_domain::object_kind::page;
    }
};

}  // namespace pidmap_stress
