// Attempts in the worlds where threads are real.

#include <algorithm>
#include <chrono>
#include <iterator>

#include <fmt/format.h>

#include "harness/base/rng.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/supervisor.hpp"
#include "harness/power/attempt.hpp"

namespace pidmap_stress::power {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint32_t usual_jitter = 64;
/// The least time where a candidate declares that it shows: the set-up alone may take longer than a
/// turn.
constexpr std::chrono::nanoseconds likely_turn =
    std::chrono::milliseconds(under_sanitizer ? 600 : 150);
/// The first turn of a cell; each further turn is twice as long.
constexpr auto first_turn = std::chrono::milliseconds(under_sanitizer ? 60 : 15);

/// Where nothing may break, a stall is a false alarm: there the limit is as long as the busiest
/// machine needs. A mutant that waits forever is not worth that.
[[nodiscard]] std::chrono::seconds stall_limit(const candidate& what) {
    if (what.killable()) return std::chrono::seconds(under_sanitizer ? 8 : 3);
    return std::chrono::seconds(under_sanitizer ? 30 : 5);
}

/// Every scenario under every discipline where the candidate may break.
[[nodiscard]] std::vector<cell> cells_of(const candidate& what) {
    std::vector<cell> cells;
    for (const scenario_entry& workload : scenarios())
        for (int n = 0; n < discipline_count; ++n) {
            const auto how = static_cast<discipline>(n);
            const bool may_break =
                !what.killable() || std::ranges::any_of(what.info().breaks, [&](const auto& one) {
                    return one.where.contains(how);
                });
            if (may_break && workload.info->disciplines.contains(how))
                cells.push_back({.variant = what.native, .workload = &workload, .how = how});
        }
    return cells;
}

[[nodiscard]] std::string command_for(const cell& what, const trial_settings& how, strategy by,
                                      std::uint64_t seed, const effort& tried) {
    const std::string_view profile = by == strategy::tsan   ? "tsan"
                                     : by == strategy::asan ? "asan"
                                                            : "run";
    return fmt::format(
        "{} {} --variant {} --scenario {} --discipline {} --seed {} --threads {} --pool {}{} "
        "--duration 10s --strict",
        tried.program, tried.is_script ? profile : "run", what.variant->info->name,
        what.workload->info->name, to_string(what.how), seed, how.workers, to_string(how.pool),
        how.jitter_one_in != 0 ? fmt::format(" --jitter {}", how.jitter_one_in) : "");
}

}  // namespace

attempt hammer(const candidate& what, strategy by, std::uint64_t seed, const effort& how) {
    const clock::time_point begin = clock::now();
    attempt made{.of = std::string(what.info().name), .by = by, .seed = seed};
    std::vector<cell> cells = cells_of(what);
    if (cells.empty()) return made;
    // Each seed begins elsewhere, so that not always the same scenario is lucky.
    const auto begins =
        cells.begin() + static_cast<std::ptrdiff_t>(split(seed, "order") % cells.size());
    std::rotate(cells.begin(), begins, cells.end());
    // But the cells where the candidate declares that it shows come first.
    const auto is_shown_by = [&](const cell& one) {
        return std::ranges::any_of(what.info().breaks, [&](const breakage& known) {
            return known.shown_by == one.workload->info->name;
        });
    };
    std::vector<cell> in_order;
    for (const bool shown : {true, false})
        std::ranges::copy_if(cells, std::back_inserter(in_order),
                             [&](const cell& one) { return shown == is_shown_by(one); });
    trial_settings settings{.workers = 4,
                            .pool = under_tsan ? pool_kind::jthread : pool_kind::tbb,
                            .jitter_one_in = by == strategy::native ? 0 : usual_jitter};
    const auto elapsed = [&] {
        return std::chrono::duration<double>(clock::now() - begin).count();
    };
    invariant_set enough = what.named();
    if (!what.killable()) enough = invariant_set::all(invariant_count);
    invariant_set seen;
    for (std::chrono::nanoseconds turn = first_turn; elapsed() < how.seconds; turn *= 2) {
        for (const cell& one : in_order) {
            if (elapsed() >= how.seconds) break;
            settings.key = cell_key(seed, one);
            const cell_result result =
                run_cell(one, settings,
                         {.budget = is_shown_by(one) ? std::max(turn, likely_turn) : turn,
                          .stall_after = stall_limit(what),
                          .last_chance = {},
                          .enough = enough});
            made.executions += static_cast<double>(result.seen.operations);
            const bool first = !made.killed();
            for (int n = 0; n < invariant_count; ++n) {
                const auto which = static_cast<invariant>(n);
                if (!result.seen.broken().contains(which) || seen.contains(which)) continue;
                seen.insert(which);
                made.broken.emplace_back(to_string(which));
            }
            if (made.broken.empty() && result.seen.end == run_end::crashed)
                made.broken.emplace_back("crash");
            if (made.broken.empty() && result.seen.end == run_end::stalled)
                made.broken.emplace_back("stall");
            for (const breakage& known : what.info().breaks)
                made.named |= seen.contains(known.broken);
            if (made.killed() && (first || made.named)) {
                made.seconds = elapsed();
                made.what = result.seen.findings.empty() ? result.ending
                                                         : to_string(result.seen.findings.front());
                made.command = command_for(one, settings, by, seed, how);
            }
            if (made.named || (made.killed() && !what.killable())) return made;
        }
    }
    if (!made.killed()) made.seconds = elapsed();
    return made;
}

}  // namespace pidmap_stress::power
