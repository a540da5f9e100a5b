#include "harness/command/soak/canary.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "harness/base/machine.hpp"
#include "harness/base/rng.hpp"
#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {

namespace {

/// Mutants that a run finds within a fraction of a second, each in a scenario that its author names
/// for it, and by different checkers. Other mutants need luck, so that their silence would mean
/// nothing.
constexpr std::array<std::string_view, 12> sure_to_be_found{
    "alloc_into_dead",         "cursor_not_reset",         "failed_create_leaks",
    "first_after_wrap_missed", "high_pages_uncounted",     "last_of_page_missed",
    "last_put_looks_again",    "object_touches_namespace", "parent_not_put",
    "saturating_count",        "stays_in_table",           "wrap_to_zero"};

/// A cell in which a mutant declares that a run must show it.
[[nodiscard]] std::optional<cell> showing_cell(const subject_entry& mutant) {
    for (const breakage& known : mutant.info->breaks) {
        const scenario_entry* const shows =
            known.shown_by.empty() ? nullptr : find_scenario(known.shown_by);
        if (shows == nullptr) continue;
        for (const discipline how : {discipline::member, discipline::reference, discipline::lookup})
            if (known.where.contains(how) && fits(*shows->info, how, mutant.nests))
                return cell{.variant = &mutant, .workload = shows, .how = how};
    }
    return std::nullopt;
}

}  // namespace

std::vector<cell> canaries() {
    std::vector<cell> all;
    for (const subject_entry& mutant : mutant_subjects())
        if (std::ranges::find(sure_to_be_found, mutant.info->name) != sure_to_be_found.end())
            if (const auto shows = showing_cell(mutant)) all.push_back(*shows);
    return all;
}

cell draw_canary(std::uint64_t seed, std::uint64_t number) {
    const std::vector<cell> all = canaries();
    return all[split(split(seed, "canary"), number) % all.size()];
}

std::chrono::nanoseconds time_for_canary(std::chrono::nanoseconds campaign) {
    constexpr auto least = std::chrono::seconds(under_sanitizer ? 10 : 3);
    constexpr auto most = std::chrono::seconds(under_sanitizer ? 30 : 10);
    return std::clamp<std::chrono::nanoseconds>(campaign / 5, least, most);
}

journal::canary_record look_for(const cell& planted, const trial_settings& how,
                                const supervision& watch) {
    supervision until_found = watch;
    until_found.enough = invariant_set::all(invariant_count);
    until_found.last_chance = {};
    const std::string began = utc_now();
    const cell_result result = run_cell(planted, how, until_found);
    journal::canary_record record{.at = began,
                                  .name = {.variant = std::string(planted.variant->info->name),
                                           .discipline = std::string(to_string(planted.how)),
                                           .scenario = std::string(planted.workload->info->name)},
                                  .found = !result.seen.broken().empty() ||
                                           result.seen.end == run_end::crashed ||
                                           result.seen.end == run_end::stalled,
                                  .seconds = result.seconds};
    if (!result.seen.findings.empty())
        record.invariant = std::string(to_string(result.seen.findings.front().broken));
    return record;
}

}  // namespace pidmap_stress
