// A night as JSON, for programs. Fields may be added; none is renamed. Schema 1:
//
//   schema, program     1, "pidmap-stress"
//   exit_code, verdict  of the whole night; the verdict is one sentence
//   began, ended        ISO 8601, UTC; so are all members `at`, `first_seen` and `last_seen`
//   seconds, cpu_seconds, operations, slices
//                       of all slices together
//   clean_cpu_seconds, clean_operations
//                       of the cells that hold
//   rate_below_per_cpu_hour, rate_below_per_operation
//                       that these exclude, at 95 % confidence; null: no cell held
//   worlds[]            names
//   cells[]             world, variant, discipline, scenario; verdict, as_expected; broken (how
//                       often each), unexpected[], missing[] (one of these had to break),
//                       unhit_marks[]; permitted[], required[] and marks[], as declared;
//                       hit_marks[]; near_misses, bad_ends (how often, by name); operations,
//                       cpu_seconds, seconds, rounds, slices, undecided; clear_to_put_ns (the
//                       shortest that was timed; null: none)
//   findings[]          id, family, kind, invariant (null: not a violation), expected, count,
//                       first_seen, last_seen, change (null: nothing to compare with); repeated,
//                       repeated_with_findings, reproduction (rate, interval_95; null: not run
//                       again); last_events, stacks
//     .sightings[]      folder, world, variant, discipline, scenario, slice, at, what, reproduce,
//                       host, compiler, commit
//     .model            null, or token, headline, program, trace, threads, executions,
//                       test_file; steps[]: thread, call, what, edge, place, reads_from (null: none
//                       of these steps), broken[]
//   canaries[]          folder, world, dead, why, seconds_since_found, last (null, or at, variant,
//                       discipline, scenario, found, seconds, invariant)
//   memory[]            folder, first_third_kib, last_third_kib, grows
//   over_time[]         folder, world, moments[]: at, operations_per_second, resident_kib,
//                       trial_resident_kib, near_misses
//   missing_parts[]     sentences: parts of campaigns that are not there or not whole
//   parts[]             what was done besides soaks: name, exit_code, sentence
//   remarks[]           sentences: what was left out of journals
//   attempts[]          at, host, processors, build (version, commit, modified, compiler,
//                       sanitizer), command, duration_seconds, resumed
//   changes             has_baseline, remark; slower[]: world, variant, discipline,
//                       scenario, before, now: operations per CPU second
//     .findings[]       change ("new", "still_there", "not_seen", "came_back", "fixed"),
//                       family, kind, invariant, variant, discipline, scenario, expected,
//                       first_seen, last_seen, count, nights, nights_since, cpu_seconds_until,
//                       cpu_seconds_since, fixed, chance_of_luck, cpu_seconds_to_confirm

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/reports/phrases.hpp"

namespace pidmap_stress::journal {
namespace {

// Members stay in the order in which they are written, which is that of the table above.
using json = nlohmann::json;

constexpr int report_schema = 1;

/// For programs, so it is never put in other words.
[[nodiscard]] std::string_view word_of(finding_change::kind kind) {
    switch (kind) {
        case finding_change::kind::is_new:
            return "new";
        case finding_change::kind::still_there:
            return "still_there";
        case finding_change::kind::not_seen:
            return "not_seen";
        case finding_change::kind::came_back:
            return "came_back";
        case finding_change::kind::fixed:
            break;
    }
    return "fixed";
}

[[nodiscard]] json or_null(const std::string& text) {
    return text.empty() ? json(nullptr) : json(text);
}

[[nodiscard]] json or_null(const std::optional<unsigned>& number) {
    return number ? json(*number) : json(nullptr);
}

template <class Values, class Function>
[[nodiscard]] json each(const Values& values, Function&& to_json_of) {
    json list = json::array();
    for (const auto& one : values) list.push_back(to_json_of(one));
    return list;
}

[[nodiscard]] json counts(const std::map<std::string, std::uint64_t>& by_name) {
    json object = json::object();
    for (const auto& [name, count] : by_name) object[name] = count;
    return object;
}

/// The members that name a cell, to which others are added.
[[nodiscard]] json names_of(const cell_name& name) {
    return {
        {"variant", name.variant}, {"discipline", name.discipline}, {"scenario", name.scenario}};
}

[[nodiscard]] json with(json object, const json& more) {
    object.update(more);
    return object;
}

[[nodiscard]] json of_cell(const cell_total& cell) {
    return with(
        with({{"world", cell.world}}, names_of(cell.plan.name)),
        {{"verdict", cell.verdict},
         {"as_expected", cell.as_expected},
         {"broken", counts(cell.broken)},
         {"unexpected", cell.unexpected},
         {"missing", cell.missing},
         {"unhit_marks", cell.unhit_marks},
         {"permitted", cell.plan.permitted},
         {"required", cell.plan.required},
         {"marks", cell.plan.marks},
         {"hit_marks", cell.marks},
         {"near_misses", counts(cell.near_misses)},
         {"clear_to_put_ns", cell.clear_to_put_ns == 0 ? json() : json(cell.clear_to_put_ns)},
         {"bad_ends", counts(cell.bad_ends)},
         {"operations", cell.operations},
         {"cpu_seconds", cell.cpu_seconds},
         {"seconds", cell.seconds},
         {"rounds", cell.rounds},
         {"slices", cell.slices},
         {"undecided", cell.undecided}});
}

[[nodiscard]] json of_step(const interleaving_step& step) {
    return {{"thread", step.thread}, {"call", step.call},
            {"what", step.what},     {"edge", step.edge},
            {"place", step.place},   {"reads_from", or_null(step.reads_from)},
            {"broken", step.broken}};
}

[[nodiscard]] json of_explained(const std::optional<explained_finding>& explained) {
    if (!explained) return nullptr;
    return {{"token", explained->token},         {"headline", explained->headline},
            {"program", explained->program},     {"trace", explained->table},
            {"threads", explained->threads},     {"executions", explained->executions},
            {"test_file", explained->test_file}, {"steps", each(explained->steps, of_step)}};
}

[[nodiscard]] json of_sighting(const sighting& seen) {
    return with(with({{"folder", seen.folder}, {"world", seen.world}}, names_of(seen.cell)),
                {{"slice", seen.slice},
                 {"at", seen.at},
                 {"what", seen.sentence},
                 {"reproduce", seen.command},
                 {"host", seen.host},
                 {"compiler", seen.compiler},
                 {"commit", seen.commit}});
}

[[nodiscard]] json rate_of(const reproduction& again) {
    if (again.runs == 0) return nullptr;
    const interval within = interval_of(again);
    return {{"rate", static_cast<double>(again.with_findings) / static_cast<double>(again.runs)},
            {"interval_95", json::array({within.low, within.high})}};
}

[[nodiscard]] json of_group(const finding_group& group, const comparison& changes) {
    const finding_change* const change = change_of(group, changes);
    return {{"id", group.id},
            {"family", group.family},
            {"kind", group.kind},
            {"invariant", or_null(group.invariant)},
            {"expected", group.expected},
            {"count", group.count},
            {"first_seen", group.first_seen},
            {"last_seen", group.last_seen},
            {"change", change != nullptr ? json(word_of(change->what)) : json(nullptr)},
            {"repeated", group.again.runs},
            {"repeated_with_findings", group.again.with_findings},
            {"reproduction", rate_of(group.again)},
            {"last_events", group.last_events},
            {"stacks", group.stacks},
            {"sightings", each(group.sightings, of_sighting)},
            {"model", of_explained(group.explained)}};
}

[[nodiscard]] json of_canary(const canary_state& canary) {
    json last = nullptr;
    if (canary.last)
        last = with(with({{"at", canary.last->at}}, names_of(canary.last->name)),
                    {{"found", canary.last->found},
                     {"seconds", canary.last->seconds},
                     {"invariant", or_null(canary.last->invariant)}});
    return {{"folder", canary.folder},
            {"world", canary.world},
            {"dead", canary.dead},
            {"why", canary.why},
            {"last", last},
            {"seconds_since_found", canary.seconds_since_found}};
}

[[nodiscard]] json of_memory(const memory_watch& memory) {
    return {{"folder", memory.folder},
            {"first_third_kib", memory.first_third_kib},
            {"last_third_kib", memory.last_third_kib},
            {"grows", memory.grows}};
}

[[nodiscard]] json of_moment(const moment& at) {
    return {{"at", at.at},
            {"operations_per_second", at.operations_per_second},
            {"resident_kib", at.resident_kib},
            {"trial_resident_kib", at.trial_resident_kib},
            {"near_misses", at.near_misses}};
}

[[nodiscard]] json of_series(const series& line) {
    return {
        {"folder", line.folder}, {"world", line.world}, {"moments", each(line.moments, of_moment)}};
}

[[nodiscard]] json of_attempt(const attempt_record& attempt) {
    return {{"at", attempt.at},
            {"host", attempt.host},
            {"processors", attempt.processors},
            {"build",
             {{"version", attempt.version},
              {"commit", attempt.commit},
              {"modified", attempt.modified},
              {"compiler", attempt.compiler},
              {"sanitizer", attempt.sanitizer}}},
            {"command", attempt.command},
            {"duration_seconds", attempt.duration_seconds},
            {"resumed", attempt.resumed}};
}

[[nodiscard]] json of_change(const finding_change& change) {
    const known_finding& known = change.known;
    return {{"change", word_of(change.what)},
            {"family", known.family},
            {"kind", known.kind},
            {"invariant", or_null(known.invariant)},
            {"variant", known.variant},
            {"discipline", known.discipline},
            {"scenario", known.scenario},
            {"expected", known.expected},
            {"first_seen", known.first_seen},
            {"last_seen", known.last_seen},
            {"count", known.count},
            {"nights", known.nights},
            {"nights_since", known.nights_since},
            {"cpu_seconds_until", known.cpu_seconds_until},
            {"cpu_seconds_since", known.cpu_seconds_since},
            {"fixed", known.fixed},
            {"chance_of_luck", change.chance_of_luck},
            {"cpu_seconds_to_confirm", change.seconds_to_confirm}};
}

[[nodiscard]] json of_slower(const slower_cell& slower) {
    return with(with({{"world", slower.world}}, names_of(slower.cell)),
                {{"before", slower.before}, {"now", slower.now}});
}

[[nodiscard]] json rate_below(double exposure) {
    return exposure > 0 ? json(excluded_rate(exposure)) : json(nullptr);
}

}  // namespace

std::string to_json_text(const report_input& what) {
    const summary& night = what.night;
    const comparison& changes = what.changes;
    const json document{
        {"schema", report_schema},
        {"program", "pidmap-stress"},
        {"exit_code", night.exit_code},
        {"verdict", night.verdict},
        {"began", night.began},
        {"ended", night.ended},
        {"seconds", night.seconds},
        {"cpu_seconds", night.cpu_seconds},
        {"operations", night.operations},
        {"slices", night.slices},
        {"clean_cpu_seconds", night.clean_cpu_seconds},
        {"clean_operations", night.clean_operations},
        {"rate_below_per_cpu_hour", rate_below(night.clean_cpu_seconds / 3600)},
        {"rate_below_per_operation", rate_below(static_cast<double>(night.clean_operations))},
        {"worlds", night.worlds},
        {"cells", each(night.cells, of_cell)},
        {"findings",
         each(night.findings,
              [&changes](const finding_group& group) { return of_group(group, changes); })},
        {"canaries", each(night.canaries, of_canary)},
        {"memory", each(night.memory, of_memory)},
        {"over_time", each(night.over_time, of_series)},
        {"missing_parts",
         each(night.missing, [](const missing_part& part) { return json(part.what); })},
        {"parts", each(night.others,
                       [](const other_part& part) {
                           return json{{"name", part.name},
                                       {"exit_code", part.code},
                                       {"sentence", part.sentence}};
                       })},
        {"remarks", night.remarks},
        {"attempts", each(night.attempts, of_attempt)},
        {"changes",
         {{"has_baseline", changes.has_baseline},
          {"remark", changes.remark},
          {"findings", each(changes.findings, of_change)},
          {"slower", each(changes.slower, of_slower)}}}};
    // Journals quote processes that crashed: not all that they have need be UTF-8.
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pidmap_stress::journal
