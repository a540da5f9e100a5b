#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "allocator/execution_policy.hpp"
#include "checkers/refcount_transitions.hpp"
#include "harness/jitter.hpp"
#include "harness/memory_domain.hpp"
#include "harness/slow_atomic.hpp"
#include "harness/worker_identity.hpp"

namespace pidmap_stress {

/// A count of references that has each of its changes judged. It adds a comparison to a change,
/// and no access.
template <class Atomic>
class judged_count : public Atomic {
public:
    using value_type = typename Atomic::value_type;
    using Atomic::Atomic;

    value_type fetch_add(value_type by, std::memory_order order = std::memory_order::seq_cst) {
        const value_type before = Atomic::fetch_add(by, order);
        judge(before, by);
        return before;
    }
    value_type fetch_sub(value_type by, std::memory_order order = std::memory_order::seq_cst) {
        const value_type before = Atomic::fetch_sub(by, order);
        judge(before, -by);
        return before;
    }
    bool compare_exchange_strong(value_type& expected, value_type wanted, std::memory_order success,
                                 std::memory_order failure) {
        const bool done = Atomic::compare_exchange_strong(expected, wanted, success, failure);
        if (done) judge(expected, wanted - expected);
        return done;
    }
    bool compare_exchange_weak(value_type& expected, value_type wanted, std::memory_order success,
                               std::memory_order failure) {
        const bool done = Atomic::compare_exchange_weak(expected, wanted, success, failure);
        if (done) judge(expected, wanted - expected);
        return done;
    }

private:
    static void judge(value_type before, value_type delta) noexcept {
        const count_change change{.before = before, .delta = delta};
        if (const auto broken = broken_by(change, memory_domain::poison_int)) [[unlikely]]
            tell(*broken, change);
    }
    [[gnu::noinline, gnu::cold]] static void tell(invariant broken, count_change change) noexcept {
        std::array<char, 160> text{};
        const auto written =
            fmt::format_to_n(text.data(), text.size(), "the refcount went from {} to {}, worker {}",
                             change.before, change.before + change.delta, self.slot);
        report(broken, {text.data(), std::min(written.size, text.size())});
    }
};

namespace detail {
template <class Atomic, cell_role Role>
struct watched_cell {
    using type = Atomic;
};
template <class Atomic>
struct watched_cell<Atomic, cell_role::refcount> {
    using type = judged_count<Atomic>;
};
template <class Atomic>
struct watched_cell<Atomic, cell_role::object> {
    using type = slow_atomic<Atomic, object_point>;
};
}  // namespace detail

/// Policy decorator: changes of refcounts are judged, objects live in the memory domain, allocation
/// of memory may fail on purpose, and a worker may be slow at objects.
template <execution_policy Base>
struct watched : Base {
    template <class T, cell_role Role = cell_role::data>
    using atomic =
        typename detail::watched_cell<typename Base::template atomic<T, Role>, Role>::type;

    template <class T, class... Args>
    [[nodiscard]] static T* create(Args&&... args) noexcept {
        void* const memory = memory_domain::take(sizeof(T), kind_of<T>());
        return memory == nullptr ? nullptr : new (memory) T(std::forward<Args>(args)...);
    }
    template <class T>
    static void destroy(T* object) noexcept {
        // Nobody can come between: a delay here would show nothing, and a large table has many
        // cells.
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
