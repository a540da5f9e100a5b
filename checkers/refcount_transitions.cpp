#include "checkers/refcount_transitions.hpp"

#include <fmt/format.h>

namespace pidmap_stress {
namespace {

std::string name(namespace_key which) {
    if (which == namespace_key{}) return "the namespace";
    return fmt::format("namespace {}.{}", which.id, which.generation);
}

}  // namespace

finding describe(invariant broken, count_change change, namespace_key which) {
    const auto sentence = [&]() -> std::string {
        switch (broken) {
            case invariant::no_use_after_release:
                return fmt::format("the count of {} was changed by {:+} after its release",
                                   name(which), change.delta);
            case invariant::no_get_from_zero:
                return fmt::format("the count of {} was raised from {} to {}", name(which),
                                   change.before, change.before + change.delta);
            default:
                return fmt::format("the count of {} went from {} to {}", name(which), change.before,
                                   change.before + change.delta);
        }
    };
    return {.broken = broken, .what = sentence()};
}

std::vector<finding> judge_release(const release_evidence& evidence) {
    std::vector<finding> findings;
    if (evidence.earlier_releases != 0)
        findings.push_back({.broken = invariant::released_once,
                            .what = fmt::format("{} is released, {} time(s) released before",
                                                name(evidence.which), evidence.earlier_releases)});
    if (evidence.held_pids != 0)
        findings.push_back({.broken = invariant::live_pid_pins_namespace,
                            .what = fmt::format("{} is released while {} pid(s) of it are held",
                                                name(evidence.which), evidence.held_pids)});
    return findings;
}

std::optional<finding> judge_cover(long refcount, unsigned non_empty_pages, namespace_key which) {
    if (refcount >= static_cast<long>(non_empty_pages)) return std::nullopt;
    return finding{.broken = invariant::reference_covers_pages,
                   .what = fmt::format("{} has {} references for {} non-empty pages", name(which),
                                       refcount, non_empty_pages)};
}

}  // namespace pidmap_stress
