#pragma once

#include <algorithm>
#include <array>

#include "allocator/execution_policy.hpp"

namespace pidmap_stress {

template <execution_policy P>
struct pid_object;

/// The holder of each pid of a namespace: a radix tree of two levels, in parts that are installed
/// when first needed and stay until the namespace is released. Its readers take no lock and no
/// reference on it: whatever keeps the namespace keeps its table.
///
/// \source The idea is that of the kernel since 4.15: the number is the index (struct idr), which
///         replaced a hash table of all namespaces' pids.
template <execution_policy P>
class pid_table {
    template <class T, cell_role Role = cell_role::data>
    using atomic = typename P::template atomic<T, Role>;
    static constexpr unsigned pids = P::geometry::bits_per_page * P::geometry::max_pages;

public:
    using slot = atomic<pid_object<P>*, cell_role::object>;

    /// A leaf is a page of 4 KiB at most.
    static constexpr unsigned slots_per_leaf = std::min(pids, 512U);

    pid_table() noexcept = default;
    pid_table(const pid_table&) = delete;
    pid_table& operator=(const pid_table&) = delete;
    ~pid_table() {
        // Relaxed: the worker that destroys it has seen everything that was done here.
        branches* const all = root_.load(std::memory_order::relaxed);
        if (all == nullptr) return;
        for (atomic<leaf*, cell_role::object>& one : all->leaves)
            if (leaf* const slots = one.load(std::memory_order::relaxed)) P::destroy(slots);
        P::destroy(all);
    }

    /// The slot of a pid, if it has ever been needed.
    [[nodiscard]] slot* find(pid_nr nr) noexcept {
        if (nr <= 0 || static_cast<unsigned>(nr) >= pids) return nullptr;
        // (T3) Acquire, from (T4): the part is seen empty, and then filled.
        branches* const all = root_.load(std::memory_order::acquire);
        if (all == nullptr) return nullptr;
        leaf* const slots = all->leaves[leaf_of(nr)].load(std::memory_order::acquire);
        return slots == nullptr ? nullptr : &slots->slots[within(nr)];
    }

    /// The slot of a pid; nullptr if there is no memory.
    [[nodiscard]] slot* need(pid_nr nr) noexcept {
        branches* const all = installed<branches>(root_);
        if (all == nullptr) return nullptr;
        leaf* const slots = installed<leaf>(all->leaves[leaf_of(nr)]);
        return slots == nullptr ? nullptr : &slots->slots[within(nr)];
    }

private:
    struct leaf {
        std::array<slot, slots_per_leaf> slots{};
    };
    struct branches {
        std::array<atomic<leaf*, cell_role::object>, pids / slots_per_leaf> leaves{};
    };

    [[nodiscard]] static constexpr unsigned leaf_of(pid_nr nr) noexcept {
        return static_cast<unsigned>(nr) / slots_per_leaf;
    }
    [[nodiscard]] static constexpr unsigned within(pid_nr nr) noexcept {
        return static_cast<unsigned>(nr) % slots_per_leaf;
    }

    /// What is in `place`, which is made if necessary; nullptr if there is no memory.
    template <class Part>
    [[nodiscard]] static Part* installed(atomic<Part*, cell_role::object>& place) noexcept {
        if (Part* const seen = place.load(std::memory_order::acquire)) return seen;  // (T3)
        Part* const fresh = P::template create<Part>();
        if (fresh == nullptr) return nullptr;
        Part* winner = nullptr;
        // (T4) Release, read by (T3): the part is seen empty. The loser takes the winner's.
        if (place.compare_exchange_strong(winner, fresh, std::memory_order::release,
                                          std::memory_order::acquire))
            return fresh;
        P::destroy(fresh);
        return winner;
    }

    atomic<branches*, cell_role::object> root_{nullptr};
};

}  // namespace pidmap_stress
