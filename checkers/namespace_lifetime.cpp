#include "checkers/namespace_lifetime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace pidmap_stress {
namespace {

bool takes(const operation& one) {
    return one.kind == operation_kind::alloc || one.kind == operation_kind::get;
}

/// A closing neither takes hold of the namespace nor releases its hold.
bool closes(const operation& one) {
    return one.kind == operation_kind::disable;
}

/// What held the namespace on its own: a pid, or (pid 0) the external references.
struct holder {
    long left = 0;                 ///< What completed calls left behind.
    std::vector<operation> drops;  ///< Pending calls that may have dropped some of it, by call.
};

/// The earliest instant at which the namespace can have died.
struct earliest_death {
    ticks time = 0;
    /// Why it was not earlier.
    std::string reason{};
    std::optional<operation> witness{};
};

/// Every completed success came before the death, and was called before it. What these calls left
/// behind must have been dropped by pending ones.
earliest_death find_earliest_death(std::span<const operation> calls,
                                   const linearizability_rules& rules) {
    std::map<pid_nr, holder> holders;
    holders[0].left = rules.initial_references;
    for (const pid_nr pid : rules.initially_held) ++holders[pid].left;
    earliest_death death;
    for (const operation& one : calls) {
        if (closes(one)) continue;
        if (one.pending()) {
            if (!takes(one)) holders[one.pid].drops.push_back(one);
            continue;
        }
        if (one.error) continue;
        holders[one.pid].left += takes(one) ? 1 : -1;
        if (one.called >= death.time) death = {one.called, "a later call succeeded", one};
    }
    for (const auto& [pid, held] : holders) {
        if (held.left <= 0) continue;
        const std::string what = pid == 0 ? fmt::format("{} external reference(s) were", held.left)
                                          : fmt::format("pid {} was", pid);
        if (static_cast<std::size_t>(held.left) > held.drops.size())
            return {never, what + " still held in the end", std::nullopt};
        const operation& last = held.drops[static_cast<std::size_t>(held.left) - 1];
        if (last.called > death.time)
            death = {last.called, what + " held until a later call", last};
    }
    return death;
}

std::optional<finding> find_dead_while_alive(std::span<const operation> calls,
                                             const linearizability_rules& rules) {
    const bool may_be_closed = rules.initially_closed || std::ranges::any_of(calls, closes);
    const auto dead = [may_be_closed](const operation& one) {
        if (may_be_closed && one.kind != operation_kind::get) return false;
        return one.error == alloc_error::namespace_dead;
    };
    if (std::ranges::none_of(calls, dead)) return std::nullopt;
    const earliest_death death = find_earliest_death(calls, rules);
    for (const operation& one : calls) {
        if (!dead(one) || later(one.returned, rules.skew) >= death.time) continue;
        finding found{
            .broken = invariant::linearizable,
            .what = fmt::format("worker {} was told at {} that the namespace is dead, but "
                                "{}",
                                one.worker, one.returned, death.reason),
            .witness = {one}};
        if (death.witness) found.witness.push_back(*death.witness);
        return found;
    }
    return std::nullopt;
}

/// A call that takes hold of the namespace, or releases its hold, at the instant that favours the
/// history most: takers at their call, droppers at their return. Pending droppers may never have
/// taken effect. An alloc that got no pid may have held the namespace while it was under way.
struct change {
    ticks time = 0;
    bool drops = false;
    const operation* by = nullptr;
};

/// At the same instant takers come first, which again favours the history most.
std::vector<change> kindest_order(std::span<const operation> calls, ticks skew) {
    std::vector<change> changes;
    for (const operation& one : calls) {
        const bool in_vain = one.kind == operation_kind::alloc && one.error;
        if ((one.error && !in_vain) || closes(one)) continue;
        if (in_vain) changes.push_back({later(one.returned, skew), true, &one});
        if (takes(one)) changes.push_back({one.called, false, &one});
        if (!takes(one) && !one.pending())
            changes.push_back({later(one.returned, skew), true, &one});
    }
    std::ranges::sort(changes, {}, [](const change& c) { return std::tuple{c.time, c.drops}; });
    return changes;
}

std::optional<finding> find_put_without_reference(std::span<const change> changes,
                                                  const linearizability_rules& rules) {
    long references = rules.initial_references;
    for (const change& one : changes) {
        if (one.by->kind == operation_kind::get) ++references;
        if (one.by->kind == operation_kind::put && --references < 0)
            return finding{.broken = invariant::linearizable,
                           .what = fmt::format("worker {} put a reference by {} that nobody had",
                                               one.by->worker, one.by->returned),
                           .witness = {*one.by}};
    }
    return std::nullopt;
}

/// Counts what may hold the namespace. Where nothing does, it died.
std::optional<finding> find_success_after_death(std::span<const change> changes,
                                                const linearizability_rules& rules) {
    long may_hold = static_cast<long>(rules.initial_references) +
                    static_cast<long>(rules.initially_held.size());
    const operation* last_drop = nullptr;
    for (const change& one : changes) {
        if (one.drops) {
            if (--may_hold <= 0 && last_drop == nullptr) last_drop = one.by;
            continue;
        }
        ++may_hold;
        if (last_drop != nullptr && one.by->succeeded())
            return finding{
                .broken = invariant::linearizable,
                .what = fmt::format("worker {} succeeded at {}, after whatever held the namespace "
                                    "had let go of it by {}",
                                    one.by->worker, one.by->returned, last_drop->returned),
                .witness = {*last_drop, *one.by}};
    }
    return std::nullopt;
}

}  // namespace

ticks earliest_death_of(std::span<const operation> calls, const linearizability_rules& rules) {
    return find_earliest_death(calls, rules).time;
}

std::optional<finding> find_wrong_death(std::span<const operation> calls,
                                        const linearizability_rules& rules) {
    if (std::optional<finding> found = find_dead_while_alive(calls, rules)) return found;
    const std::vector<change> changes = kindest_order(calls, rules.skew);
    if (std::optional<finding> found = find_put_without_reference(changes, rules)) return found;
    return find_success_after_death(changes, rules);
}

}  // namespace pidmap_stress
