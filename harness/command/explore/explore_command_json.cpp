// The results file of `explore`.

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/command/explore/explore_command_report.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/programs/trace/source_lines.hpp"
#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress {
namespace {

using explore::broken_invariant;
using explore::cell_verdict;

[[nodiscard]] nlohmann::json names_of(invariant_set set) {
    nlohmann::json names = nlohmann::json::array();
    for (int n = 0; n < invariant_count; ++n)
        if (const auto which = static_cast<invariant>(n); set.contains(which))
            names.push_back(to_string(which));
    return names;
}

[[nodiscard]] nlohmann::json to_json(const cell_verdict& seen, const std::string& program) {
    const explore::pidmap_setting& s = seen.of.setting;
    nlohmann::json findings = nlohmann::json::array();
    for (const broken_invariant& one : seen.broken)
        findings.push_back(finding_to_json(one, program));
    const auto too_long = token_of_too_long(seen);
    nlohmann::json families = nlohmann::json::object();
    for (int n = 0; n < family_count; ++n) {
        const auto which = static_cast<family>(n);
        families[std::string(explore::to_string(which))] = to_string(seen.of_family(which));
    }
    return {{"variant", seen.of.variant->info->name},
            {"discipline", to_string(s.how)},
            {"scenario", s.scenario->name},
            {"variation", s.scenario->variations.empty() ? std::string_view{}
                                                         : s.scenario->variations[s.variation]},
            {"model", explore::to_string(seen.of.model)},
            {"threads", s.threads},
            {"turns", s.turns},
            {"verdict", verdict_of(seen)},
            {"as_expected", seen.as_expected()},
            {"complete", seen.explored.complete},
            {"cut_short", seen.cut_short()},
            {"executions", seen.explored.distinct()},
            {"samples", seen.explored.samples()},
            {"states", seen.explored.states},
            {"blocked", seen.explored.blocked},
            {"step_limited", seen.explored.step_limited},
            {"too_long", too_long ? nlohmann::json(*too_long) : nlohmann::json()},
            {"families", families},
            {"unexpected", names_of(seen.assessed.unexpected)},
            {"missing", names_of(seen.assessed.missing)},
            {"findings", findings}};
}

}  // namespace

nlohmann::json finding_to_json(const broken_invariant& one, const std::string& program) {
    const explore::finding& f = one.finding;
    nlohmann::json sides = nlohmann::json::array();
    for (const explore::party& side : f.parties)
        sides.push_back({{"thread", side.thread},
                         {"does", side.does},
                         {"what", side.what},
                         {"call", side.call},
                         {"place", explore::source_line(side.site)}});
    return {
        {"invariant", one.which && !one.which->is_crash() ? nlohmann::json(to_string(*one.which))
                                                          : nlohmann::json()},
        {"kind", explore::to_string(f.kind)},
        {"what", explore::sentence_of(f)},
        {"thread", f.thread},
        {"call", f.call},
        {"place", explore::source_line(f.site)},
        {"sides", sides},
        {"replayed", f.replayed},
        {"token", one.token},
        {"reproduce", fmt::format("{} replay {}", program, one.token)}};
}

nlohmann::json to_json(const shard& part) {
    return {{"index", part.index}, {"count", part.count}};
}

nlohmann::json to_json(const explored_so_far& seen, const nlohmann::json& configuration,
                       const shard& part, const std::string& program) {
    nlohmann::json cells = nlohmann::json::array();
    for (const cell_verdict& one : seen.cells) cells.push_back(to_json(one, program));
    nlohmann::json text{{"schema", 1},
                        {"program", "pidmap-stress"},
                        {"command", "explore"},
                        {"configuration", configuration},
                        {"shard", to_json(part)},
                        {"seconds", seen.seconds},
                        {"complete", seen.complete()},
                        {"exit_code", exit_code_of(seen)},
                        {"cells_wanted", seen.wanted},
                        {"cells", cells}};
    text.update(provenance());
    return text;
}

}  // namespace pidmap_stress
