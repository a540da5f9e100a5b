#include "checkers/leaks.hpp"

#include <fmt/format.h>

namespace pidmap_stress {

std::vector<finding> judge_leaks(std::span<const object_count> counts) {
    std::vector<finding> findings;
    for (const object_count& count : counts) {
        if (count.destroyed < count.created)
            findings.push_back(
                {.broken = invariant::nothing_leaked,
                 .what = fmt::format("{} of {} {} are left", count.created - count.destroyed,
                                     count.created, count.kind)});
        if (count.destroyed > count.created)
            findings.push_back({.broken = invariant::released_once,
                                .what = fmt::format("{} {} were created and {} were destroyed",
                                                    count.created, count.kind, count.destroyed)});
    }
    return findings;
}

}  // namespace pidmap_stress
