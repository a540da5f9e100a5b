#include "harness/journal/ledger.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/statistics.hpp"

namespace pidmap_stress::journal {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(known_finding, family, kind, invariant, variant,
                                                discipline, scenario, expected, first_seen,
                                                last_seen, count, nights, cpu_seconds_until,
                                                cpu_seconds_since, nights_since, fixed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(known_speed, operations_per_cpu_second)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ledger, nights, last_night, findings, speeds)

namespace {

constexpr int ledger_schema = 1;
/// A cell is called slower below this share of what it was: machines are noisy.
constexpr double slower_below = 0.75;
constexpr double least_cpu_seconds = 1;  ///< Of a cell, for its speed to mean anything.
constexpr double luck = 0.05;

/// What a family's cells got tonight, whatever their scenario.
[[nodiscard]] double exposure_of(const known_finding& known, const summary& now) {
    double seconds = 0;
    for (const cell_total& cell : now.cells)
        if (cell.plan.name.variant == known.variant &&
            cell.plan.name.discipline == known.discipline)
            seconds += cell.cpu_seconds;
    return seconds;
}

/// How often a CPU second showed it, while it was known to be there. More than it was, if at all:
/// time that ended with a sighting is all that is counted.
[[nodiscard]] double rate_of(const known_finding& known) {
    return known.cpu_seconds_until > 0 ? static_cast<double>(known.count) / known.cpu_seconds_until
                                       : 0;
}

[[nodiscard]] double chance_of_luck(const known_finding& known, double cpu_seconds_since) {
    return std::exp(-rate_of(known) * cpu_seconds_since);
}

[[nodiscard]] std::string speed_key(const cell_total& cell) {
    return fmt::format("{}: {}", cell.world, to_string(cell.plan.name));
}

/// The families of a night: sightings and first group of each.
struct tonight {
    const finding_group* group = nullptr;
    std::uint64_t slices = 0;
    std::string first_seen{};
    std::string last_seen{};
    bool expected = true;
};
[[nodiscard]] std::map<std::string, tonight> families_of(const summary& now) {
    std::map<std::string, tonight> families;
    for (const finding_group& group : now.findings) {
        tonight& family = families[group.family];
        if (family.group == nullptr) family.group = &group;
        family.slices += group.sightings.size();
        family.expected = family.expected && group.expected;
        if (family.first_seen.empty() || group.first_seen < family.first_seen)
            family.first_seen = group.first_seen;
        family.last_seen = std::max(family.last_seen, group.last_seen);
    }
    return families;
}

[[nodiscard]] known_finding first_known(const tonight& family, const summary& now) {
    const finding_group& group = *family.group;
    const cell_name& cell = group.sightings.front().cell;
    known_finding known{.family = group.family,
                        .kind = group.kind,
                        .invariant = group.invariant,
                        .variant = cell.variant,
                        .discipline = cell.discipline,
                        .scenario = cell.scenario,
                        .expected = family.expected,
                        .first_seen = family.first_seen,
                        .last_seen = family.last_seen,
                        .count = family.slices,
                        .nights = 1};
    known.cpu_seconds_until = exposure_of(known, now);
    return known;
}

[[nodiscard]] known_finding seen_again(known_finding known, const tonight& family,
                                       const summary& now) {
    known.cpu_seconds_until += known.cpu_seconds_since + exposure_of(known, now);
    known.cpu_seconds_since = 0;
    known.nights_since = 0;
    known.fixed = false;
    known.count += family.slices;
    ++known.nights;
    known.last_seen = std::max(known.last_seen, family.last_seen);
    known.expected = family.expected;
    return known;
}

[[nodiscard]] known_finding not_seen(known_finding known, const summary& now) {
    known.cpu_seconds_since += exposure_of(known, now);
    ++known.nights_since;
    known.fixed = chance_of_luck(known, known.cpu_seconds_since) < luck;
    return known;
}

}  // namespace

std::optional<ledger> read_ledger(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    const nlohmann::json document = nlohmann::json::parse(text.str(), nullptr, false);
    if (document.is_discarded() || !document.is_object())
        throw std::runtime_error(fmt::format("{} is not a ledger: it is not JSON", path));
    const auto schema = document.find("ledger_schema");
    if (schema == document.end() || !schema->is_number_integer() || *schema != ledger_schema)
        throw std::runtime_error(fmt::format("{} has ledger_schema {}; this version reads {}", path,
                                             schema == document.end() ? "none" : schema->dump(),
                                             ledger_schema));
    try {
        return document.get<ledger>();
    } catch (const nlohmann::json::exception& error) {
        throw std::runtime_error(fmt::format("{} is damaged: {}", path, error.what()));
    }
}

std::string to_text(const ledger& what) {
    nlohmann::json document = what;
    document["ledger_schema"] = ledger_schema;
    return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

comparison compare(const std::optional<ledger>& before, const summary& now) {
    comparison changes;
    if (!before) return changes;
    changes.has_baseline = true;
    changes.remark =
        fmt::format("compared with {} night{}, the last of which ended {}", before->nights,
                    before->nights == 1 ? "" : "s", before->last_night);
    const std::map<std::string, tonight> families = families_of(now);
    using kind = finding_change::kind;
    for (const auto& [id, family] : families) {
        const auto known = before->findings.find(id);
        if (known == before->findings.end())
            changes.findings.push_back({.what = kind::is_new, .known = first_known(family, now)});
        else
            changes.findings.push_back(
                {.what = known->second.fixed ? kind::came_back : kind::still_there,
                 .known = known->second});
    }
    for (const auto& [id, known] : before->findings) {
        // What is long known to be gone is no news, and neither is what was not tried.
        if (families.contains(id) || known.fixed || exposure_of(known, now) <= 0) continue;
        const known_finding after = not_seen(known, now);
        const double rate = rate_of(known);
        finding_change change{.what = after.fixed ? kind::fixed : kind::not_seen,
                              .known = known,
                              .chance_of_luck = chance_of_luck(known, after.cpu_seconds_since)};
        if (!after.fixed && rate > 0)
            change.seconds_to_confirm =
                statistics::exposure_to_exclude(rate) - after.cpu_seconds_since;
        changes.findings.push_back(change);
    }
    std::ranges::sort(changes.findings, {}, [](const finding_change& one) {
        return std::tie(one.what, one.known.family);
    });
    for (const cell_total& cell : now.cells) {
        const auto known = before->speeds.find(speed_key(cell));
        if (known == before->speeds.end() || cell.cpu_seconds < least_cpu_seconds) continue;
        const double rate = static_cast<double>(cell.operations) / cell.cpu_seconds;
        if (rate < known->second.operations_per_cpu_second * slower_below)
            changes.slower.push_back({.world = cell.world,
                                      .cell = cell.plan.name,
                                      .before = known->second.operations_per_cpu_second,
                                      .now = rate});
    }
    return changes;
}

ledger with_night(const std::optional<ledger>& before, const summary& now) {
    ledger after = before.value_or(ledger{});
    ++after.nights;
    after.last_night = now.ended;
    const std::map<std::string, tonight> families = families_of(now);
    for (auto& [id, known] : after.findings) {
        const auto family = families.find(id);
        known = family != families.end() ? seen_again(known, family->second, now)
                                         : not_seen(known, now);
    }
    for (const auto& [id, family] : families)
        if (!after.findings.contains(id)) after.findings[id] = first_known(family, now);
    for (const cell_total& cell : now.cells)
        if (cell.cpu_seconds >= least_cpu_seconds)
            after.speeds[speed_key(cell)] = {.operations_per_cpu_second =
                                                 static_cast<double>(cell.operations) /
                                                 cell.cpu_seconds};
    return after;
}

}  // namespace pidmap_stress::journal
