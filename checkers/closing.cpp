#include "checkers/closing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace pidmap_stress {
namespace {

bool is_disable(const operation& one) {
    return one.kind == operation_kind::disable;
}
bool told_dead(const operation& one) {
    return one.error == alloc_error::namespace_dead;
}
/// An allocation whose result a closed namespace cannot give.
bool says_open(const operation& one) {
    return one.kind == operation_kind::alloc && !one.pending() && !told_dead(one);
}

void note_not_before(closing& when, const operation& call) {
    when.earliest = call.called;
    when.not_before = call;
}
void note_not_after(closing& when, const operation& call) {
    if (call.returned >= when.latest) return;
    when.latest = call.returned;
    when.not_after = call;
}

/// The call that closed it is the one that says so; otherwise any pending one may be.
void find_closer(closing& when, std::span<const operation> calls) {
    for (const operation& one : calls)
        if (is_disable(one) && one.succeeded()) {
            note_not_before(when, one);
            return note_not_after(when, one);
        }
    for (const operation& one : calls)
        if (is_disable(one) && one.pending()) return note_not_before(when, one);
}

std::string reason(const closing& when) {
    if (!when.not_before) return "nobody had closed it";
    if (is_disable(*when.not_before))
        return fmt::format("nobody had closed it before {}", when.earliest);
    return fmt::format("worker {} called at {} and was told {}", when.not_before->worker,
                       when.earliest,
                       when.not_before->error ? to_string(*when.not_before->error) : "a pid");
}

}  // namespace

closing find_closing(std::span<const operation> calls, const linearizability_rules& rules,
                     ticks earliest_death) {
    closing when;
    if (rules.initially_closed)
        when = {.earliest = 0, .latest = 0};
    else
        find_closer(when, calls);
    for (const operation& one : calls) {
        if (one.pending()) continue;
        const bool by_death = !is_disable(one) && later(one.returned, rules.skew) >= earliest_death;
        // Only a death refuses a get.
        if (told_dead(one) && one.kind != operation_kind::get && !by_death)
            note_not_after(when, one);
        if (says_open(one) && when.earliest != never && one.called > when.earliest)
            note_not_before(when, one);
    }
    return when;
}

std::optional<finding> find_wrong_closing(std::span<const operation> calls,
                                          const linearizability_rules& rules, const closing& when) {
    bool closed = rules.initially_closed;
    for (const operation& one : calls) {
        if (!is_disable(one) || !one.succeeded()) continue;
        if (closed)
            return finding{.broken = invariant::linearizable,
                           .what = fmt::format("worker {} closed the namespace by {}, which was "
                                               "closed before",
                                               one.worker, one.returned),
                           .witness = {one}};
        closed = true;
    }
    if (when.latest == never || later(when.latest, rules.skew) >= when.earliest)
        return std::nullopt;
    finding found{.broken = invariant::linearizable,
                  .what = fmt::format("the namespace was closed for allocations by {}, but {}",
                                      when.latest, reason(when))};
    if (when.not_after) found.witness.push_back(*when.not_after);
    if (when.not_before) found.witness.push_back(*when.not_before);
    return found;
}

std::vector<operation> before_closing(std::span<const operation> calls, const closing& when) {
    std::vector<operation> cut(calls.begin(), calls.end());
    if (when.latest == never) return cut;
    std::erase_if(cut, [&when](const operation& one) {
        return one.kind == operation_kind::alloc && one.pending() && one.called > when.latest;
    });
    for (operation& one : cut)
        if (one.kind == operation_kind::alloc && one.succeeded())
            one.returned =
                std::clamp(when.latest, std::min(one.called, one.returned), one.returned);
    return cut;
}

}  // namespace pidmap_stress
