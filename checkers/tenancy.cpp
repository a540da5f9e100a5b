#include "checkers/tenancy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace pidmap_stress {

finding describe_misfit(const tenant_change& change) {
    const auto sentence = [&change]() -> std::string {
        if (change.which == tenant_change::step::moves_in)
            return fmt::format("tenant {:#x} got pid {}, which tenant {:#x} holds", change.self,
                               change.pid, change.found);
        if (change.found == vacant)
            return fmt::format("tenant {:#x} frees pid {} and finds its slot vacant", change.self,
                               change.pid);
        return fmt::format("tenant {:#x} frees pid {} and finds tenant {:#x} in its slot",
                           change.self, change.pid, change.found);
    };
    return {.broken = invariant::unique_pid, .what = sentence()};
}

std::optional<finding> find_double_tenancy(std::vector<tenancy> tenancies) {
    std::erase_if(tenancies, [](const tenancy& t) { return t.from >= t.until; });
    std::ranges::sort(tenancies, {}, [](const tenancy& t) {
        return std::tuple{t.alloc.where, t.alloc.pid, t.from};
    });
    // Sorted by begin, any overlap shows between neighbours.
    const auto clash =
        std::ranges::adjacent_find(tenancies, [](const tenancy& a, const tenancy& b) {
            return a.alloc.where == b.alloc.where && a.alloc.pid == b.alloc.pid && b.from < a.until;
        });
    if (clash == tenancies.end()) return std::nullopt;

    const operation& first = clash[0].alloc;
    const operation& second = clash[1].alloc;
    finding found{
        .broken = invariant::unique_pid,
        .what = fmt::format("pid {} is held by worker {} since {} and by worker {} since "
                            "{}, and nobody called free in between",
                            first.pid, first.worker, clash[0].from, second.worker, clash[1].from),
        .witness = {first, second}};
    if (clash[0].free.called != never) found.witness.push_back(clash[0].free);
    std::ranges::sort(found.witness, {}, &operation::called);
    return found;
}

}  // namespace pidmap_stress
