// A summary for programs. Members have the names that the results file of `run` has for the same.

#include <nlohmann/json.hpp>

#include "harness/journal/pages.hpp"
#include "harness/journal/phrases.hpp"

namespace pidmap_stress::journal {
namespace {

using nlohmann::json;

constexpr int report_schema = 1;

void add_name(json& to, const cell_name& name) {
    to["variant"] = name.variant;
    to["discipline"] = name.discipline;
    to["scenario"] = name.scenario;
}

[[nodiscard]] json to_json(const cell_total& cell) {
    json out{{"world", cell.world},
             {"verdict", cell.verdict},
             {"as_expected", cell.as_expected},
             {"slices", cell.slices},
             {"seconds", cell.seconds},
             {"cpu_seconds", cell.cpu_seconds},
             {"operations", cell.operations},
             {"rounds", cell.rounds},
             {"broken", cell.broken},
             {"unexpected", cell.unexpected},
             {"missing", cell.missing},
             {"unhit_marks", cell.unhit_marks},
             {"near_misses", cell.near_misses},
             {"bad_ends", cell.bad_ends}};
    add_name(out, cell.plan.name);
    return out;
}

[[nodiscard]] json to_json(const explained_finding& what) {
    json steps = json::array();
    for (const interleaving_step& step : what.steps)
        steps.push_back({{"thread", step.thread},
                         {"call", step.call},
                         {"what", step.what},
                         {"edge", step.edge},
                         {"place", step.place},
                         {"reads_from", step.reads_from ? json(*step.reads_from) : json()},
                         {"broken", step.broken}});
    return {{"token", what.token}, {"headline", what.headline},  {"program", what.program},
            {"trace", what.table}, {"threads", what.threads},    {"executions", what.executions},
            {"steps", steps},      {"test_file", what.test_file}};
}

[[nodiscard]] json to_json(const finding_group& finding, const comparison& changes) {
    json sightings = json::array();
    for (const sighting& one : finding.sightings) {
        json out{{"folder", one.folder}, {"world", one.world},       {"slice", one.slice},
                 {"at", one.at},         {"what", one.sentence},     {"reproduce", one.command},
                 {"host", one.host},     {"compiler", one.compiler}, {"commit", one.commit}};
        add_name(out, one.cell);
        sightings.push_back(std::move(out));
    }
    const interval within = interval_of(finding.again);
    json again;
    if (finding.again.runs != 0)
        again = {{"runs", finding.again.runs},
                 {"with_findings", finding.again.with_findings},
                 {"interval_95", {within.low, within.high}}};
    return {{"id", finding.id},
            {"family", finding.family},
            {"kind", finding.kind},
            {"invariant", finding.invariant},
            {"expected", finding.expected},
            {"age", age_text(finding, changes)},
            {"count", finding.count},
            {"first_seen", finding.first_seen},
            {"last_seen", finding.last_seen},
            {"reproduction", again},
            {"model", finding.explained ? to_json(*finding.explained) : json()},
            {"last_events", finding.last_events},
            {"stacks", finding.stacks},
            {"sightings", sightings}};
}

[[nodiscard]] json to_json(const comparison& changes) {
    json findings = json::array();
    for (const finding_change& one : changes.findings)
        findings.push_back({{"family", one.known.family},
                            {"invariant", one.known.invariant},
                            {"variant", one.known.variant},
                            {"discipline", one.known.discipline},
                            {"change", change_text(one)},
                            {"chance_of_luck", one.chance_of_luck},
                            {"cpu_seconds_to_confirm", one.seconds_to_confirm}});
    json slower = json::array();
    for (const slower_cell& one : changes.slower) {
        json out{{"world", one.world}, {"before", one.before}, {"now", one.now}};
        add_name(out, one.cell);
        slower.push_back(std::move(out));
    }
    return {{"has_baseline", changes.has_baseline},
            {"remark", changes.remark},
            {"findings", findings},
            {"slower", slower}};
}

}  // namespace

std::string to_json_text(const report_input& what) {
    const summary& night = what.night;
    json cells = json::array();
    for (const cell_total& cell : night.cells) cells.push_back(to_json(cell));
    json findings = json::array();
    for (const finding_group& finding : night.findings)
        findings.push_back(to_json(finding, what.changes));
    json canaries = json::array();
    for (const canary_state& canary : night.canaries)
        canaries.push_back({{"folder", canary.folder},
                            {"world", canary.world},
                            {"dead", canary.dead},
                            {"what", canary_text(canary)},
                            {"seconds_since_found", canary.seconds_since_found}});
    json memory = json::array();
    for (const memory_watch& one : night.memory)
        memory.push_back({{"folder", one.folder},
                          {"first_third_kib", one.first_third_kib},
                          {"last_third_kib", one.last_third_kib},
                          {"grows", one.grows}});
    json missing = json::array();
    for (const missing_part& part : night.missing) missing.push_back(part.what);
    json attempts = json::array();
    for (const attempt_record& one : night.attempts)
        attempts.push_back({{"at", one.at},
                            {"host", one.host},
                            {"processors", one.processors},
                            {"version", one.version},
                            {"commit", one.commit},
                            {"modified", one.modified},
                            {"compiler", one.compiler},
                            {"sanitizer", one.sanitizer}});
    const double hours = night.clean_cpu_seconds / 3600;
    const json document{
        {"report_schema", report_schema},
        {"program", "pidmap-stress"},
        {"verdict", night.verdict},
        {"exit_code", night.exit_code},
        {"began", night.began},
        {"ended", night.ended},
        {"worlds", night.worlds},
        {"slices", night.slices},
        {"seconds", night.seconds},
        {"cpu_seconds", night.cpu_seconds},
        {"operations", night.operations},
        {"clean_cpu_seconds", night.clean_cpu_seconds},
        {"clean_operations", night.clean_operations},
        {"rate_below_per_cpu_hour", excluded_rate(hours)},
        {"rate_below_per_operation", excluded_rate(static_cast<double>(night.clean_operations))},
        {"changes", to_json(what.changes)},
        {"findings", findings},
        {"cells", cells},
        {"canaries", canaries},
        {"memory", memory},
        {"missing_parts", missing},
        {"attempts", attempts},
        {"remarks", night.remarks}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pidmap_stress::journal
