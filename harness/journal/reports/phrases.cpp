#include "harness/journal/reports/phrases.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/statistics.hpp"

namespace pidmap_stress::journal {

std::string duration_text(double seconds) {
    constexpr double longest = 9e9;  // Whole nanoseconds have 63 bits.
    if (!(seconds < longest)) return "centuries";
    return to_human(std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(std::max(seconds, 0.0))));
}

std::string verdict_text(const cell_total& cell) {
    if (cell.slices == 0) return "not run";
    if (cell.verdict != "violated") return cell.verdict;
    return cell.as_expected ? "violated (known)" : "violated (!)";
}

std::string reason_text(const cell_total& cell) {
    std::string text;
    const auto add = [&text](const std::string& more) {
        text += (text.empty() ? "" : "; ") + more;
    };
    for (const auto& [invariant, times] : cell.broken) add(invariant);
    if (!cell.missing.empty())
        add(fmt::format("had to break and did not: {}", fmt::join(cell.missing, ", ")));
    if (cell.verdict == "inconclusive" && cell.slices != 0)
        for (const std::string& mark : cell.unhit_marks) add("never happened: " + mark);
    for (const auto& [how, slices] : cell.bad_ends)
        add(fmt::format("{} in {}", how, counted(slices, "slice")));
    if (text.empty())
        text = fmt::format("{} operations", to_human(static_cast<double>(cell.operations)));
    return text;
}

std::string title_text(const finding_group& finding) {
    const cell_name& cell = finding.sightings.front().cell;
    return fmt::format("{} of {} under {}",
                       finding.invariant.empty() ? finding.kind : finding.invariant, cell.variant,
                       cell.discipline);
}

std::string reproduction_text(const reproduction& again) {
    if (again.runs == 0) return "";
    return statistics::describe_proportion(again.with_findings, again.runs) + ", runs";
}

std::string change_text(const finding_change& change) {
    const known_finding& known = change.known;
    const std::string since = known.first_seen.substr(0, known.first_seen.find('T'));
    const std::string last = known.last_seen.substr(0, known.last_seen.find('T'));
    switch (change.what) {
        case finding_change::kind::is_new:
            return known.expected ? "new, of a variant that is known to break so" : "new";
        case finding_change::kind::still_there:
            return fmt::format("still there, in {} before since {}", counted(known.nights, "night"),
                               since);
        case finding_change::kind::not_seen:
            return fmt::format("not seen, last on {}: luck with a chance of {:.0f} %{}", last,
                               100 * change.chance_of_luck,
                               change.seconds_to_confirm > 0
                                   ? fmt::format("; {} of CPU time until that is below 5 %",
                                                 duration_text(change.seconds_to_confirm))
                                   : "");
        case finding_change::kind::came_back:
            return fmt::format("came back: it was called fixed, and last seen on {}", last);
        case finding_change::kind::fixed:
            return fmt::format(
                "fixed: not seen since {}, and that is luck with a chance of only "
                "{:.1f} %",
                last, 100 * change.chance_of_luck);
    }
    return "";
}

const finding_change* change_of(const finding_group& finding, const comparison& changes) {
    const auto found = std::ranges::find_if(
        changes.findings,
        [&finding](const finding_change& one) { return one.known.family == finding.family; });
    return found == changes.findings.end() ? nullptr : &*found;
}

std::string age_text(const finding_group& finding, const comparison& changes) {
    const finding_change* const change = change_of(finding, changes);
    return change == nullptr ? "" : change_text(*change);
}

bool is_new(const finding_group& finding, const comparison& changes) {
    const finding_change* const change = change_of(finding, changes);
    return change != nullptr && change->what == finding_change::kind::is_new;
}

std::string bound_text(const summary& night) {
    if (night.clean_cpu_seconds <= 0 || night.clean_operations == 0) return "";
    const double hours = night.clean_cpu_seconds / 3600;
    const auto calls = static_cast<double>(night.clean_operations);
    return fmt::format(
        "of the cells that hold: 0 violations in {:.3g} CPU hours and {} operations: rate below "
        "{:.3g} per CPU hour and {:.2g} per operation at 95 % confidence",
        hours, to_human(calls), excluded_rate(hours), excluded_rate(calls));
}

std::string canary_text(const canary_state& canary) {
    if (canary.dead) return canary.why;
    if (!canary.last)
        return fmt::format("{} ({}): no planted bug was looked for", canary.world, canary.folder);
    return fmt::format("{} ({}): {} found in {:.2f} s, {} of work ago", canary.world, canary.folder,
                       to_string(canary.last->name), canary.last->seconds,
                       duration_text(canary.seconds_since_found));
}

}  // namespace pidmap_stress::journal
