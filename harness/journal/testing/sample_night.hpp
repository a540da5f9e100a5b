#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/journals.hpp"

/// Nights as summaries have them, for tests of what is made from them.
namespace pidmap_stress::journal::testing {

/// What a finding may quote: Markdown, HTML, XML, a terminal's escape sequence, a control
/// character, bytes that are not UTF-8, an end of a line.
inline constexpr const char* hostile_text =
    "<script>alert(1)</script> & \"x\" ]]> |a|`b` 95 %, c: \x1b[31m\x01\xff\n* _d_";

/// A summary, and what it changed, that live as long as a test.
struct night {
    summary sum{};
    comparison changes{};

    [[nodiscard]] report_input input() const { return {.night = sum, .changes = changes}; }
};

[[nodiscard]] inline cell_total some_cell(std::string world, cell_name name,
                                          std::string verdict = "holds") {
    return {.world = std::move(world),
            .plan = {.name = std::move(name)},
            .slices = 10,
            .seconds = 50.5,
            .cpu_seconds = 100,
            .operations = 2'000'000,
            .rounds = 300,
            .verdict = std::move(verdict),
            .as_expected = true};
}

[[nodiscard]] inline finding_group some_group(std::string id, std::string invariant,
                                              std::string world, cell_name cell) {
    return {.id = id,
            .family = std::move(id),
            .kind = "violation",
            .invariant = std::move(invariant),
            .count = 36,
            .first_seen = "2026-01-02T01:00:00Z",
            .last_seen = "2026-01-02T03:00:00Z",
            .sightings = {{.folder = "out/native-0",
                           .world = std::move(world),
                           .cell = std::move(cell),
                           .slice = 7,
                           .at = "2026-01-02T01:00:00Z",
                           .sentence = "pid 301 has two tenants",
                           .command = "./run_stress.sh run --variant sound --seed 9",
                           .host = "here",
                           .compiler = "Clang 19.1.7",
                           .commit = "0123456789ab"}},
            .again = {.runs = 20, .with_findings = 7}};
}

/// In which all is as expected: one cell holds, one breaks as its variant declares.
[[nodiscard]] inline night good_night() {
    const cell_name sound{.variant = "sound", .discipline = "member", .scenario = "churn"};
    const cell_name posted{.variant = "as_posted", .discipline = "lookup", .scenario = "page_zero"};
    night all{.sum = {.slices = 20}};
    summary& sum = all.sum;
    sum.cells = {some_cell("native", posted, "violated"), some_cell("native", sound)};
    sum.cells[0].plan.permitted = {"no_underflow"};
    sum.cells[0].broken = {{"no_underflow", 36}};
    sum.findings = {some_group("00000000000a", "no_underflow", "native", posted)};
    sum.findings[0].expected = true;
    sum.findings[0].sightings[0].sentence = "the refcount went from 0 to -1";
    sum.canaries = {
        {.folder = "out/native-0",
         .world = "native",
         .last = canary_record{
             .name = {.variant = "wrap_to_zero", .discipline = "member", .scenario = "wraparound"},
             .found = true,
             .seconds = 3,
             .invariant = "pid_in_range"}}};
    sum.memory = {{.folder = "out/native-0", .first_third_kib = 20'000, .last_third_kib = 20'100}};
    sum.over_time = {{.folder = "out/native-0",
                      .world = "native",
                      .moments = {{.at = "2026-01-02T00:00:10Z", .operations_per_second = 4e4}}}};
    sum.attempts = {{.at = "2026-01-02T00:00:00Z",
                     .host = "here",
                     .processors = 2,
                     .version = "0.1.0",
                     .commit = "0123456789ab",
                     .modified = true,
                     .compiler = "Clang 19.1.7",
                     .sanitizer = "none"}};
    sum.worlds = {"native"};
    sum.seconds = 101;
    sum.cpu_seconds = 200;
    sum.operations = 4'000'000;
    sum.clean_cpu_seconds = 100;
    sum.clean_operations = 2'000'000;
    sum.began = "2026-01-02T00:00:10Z";
    sum.ended = "2026-01-02T04:00:00Z";
    sum.verdict = "as expected: 1 cell holds, 1 breaks as known";
    sum.exit_code = 0;
    return all;
}

/// In which each thing that can go wrong went wrong once. `bad_cell` has a finding that is new,
/// that was explained, and whose sentence is `hostile_text`.
inline const cell_name bad_cell{.variant = "sound", .discipline = "lookup", .scenario = "churn"};
[[nodiscard]] inline night bad_night() {
    const cell_name stalled{.variant = "sound", .discipline = "member", .scenario = "churn"};
    const cell_name unshown{.variant = "symmetric", .discipline = "member", .scenario = "churn"};
    const cell_name unhit{.variant = "per_pid", .discipline = "member", .scenario = "churn"};
    night all = good_night();
    summary& sum = all.sum;
    cell_total bad = some_cell("native", bad_cell, "violated");
    bad.broken = {{"unique_pid", 36}};
    bad.unexpected = {"unique_pid"};
    cell_total stall = some_cell("tsan", stalled, "stall");
    stall.bad_ends = {{"stalled", 2}};
    cell_total blind = some_cell("tsan", unshown);
    blind.plan.required = blind.missing = {"reuse_happens_after"};
    cell_total inconclusive = some_cell("tsan", unhit, "inconclusive");
    inconclusive.unhit_marks = {"a namespace died between lookup and use"};
    for (cell_total* cell : {&bad, &stall, &blind, &inconclusive}) {
        cell->as_expected = false;
        sum.cells.push_back(*cell);
    }
    finding_group hang = some_group("00000000000b", "", "tsan", stalled);
    hang.kind = "stall";
    hang.sightings[0].sentence = "no worker finished a call for 60 s";
    hang.stacks = "thread 1: free_pidmap\n";
    finding_group broken = some_group("00000000000c", "unique_pid", "native", bad_cell);
    broken.sightings[0].sentence = hostile_text;
    broken.explained = some_explanation();
    broken.last_events = "worker 2: free@639=301 alloc@639=301\n";
    sum.findings.insert(sum.findings.begin(), {hang, broken});
    sum.canaries.push_back({.folder = "out/tsan-0",
                            .world = "tsan",
                            .dead = true,
                            .why = "tsan: the planted bug was not found in 20 s"});
    sum.memory.push_back({.folder = "out/tsan-0",
                          .first_third_kib = 20'000,
                          .last_third_kib = 90'000,
                          .grows = true});
    sum.missing = {{.what = "native: shard 3 of 8 is missing"}};
    sum.remarks = {"out/tsan-0: a last line without its end was left out"};
    sum.worlds = {"native", "tsan"};
    sum.verdict = "not as expected: 1 cell broke what should hold";
    sum.exit_code = 2;
    const auto known = [](std::string id, std::string invariant, bool expected) {
        return known_finding{.family = std::move(id),
                             .kind = "violation",
                             .invariant = std::move(invariant),
                             .variant = "sound",
                             .discipline = "lookup",
                             .scenario = "churn",
                             .expected = expected,
                             .first_seen = "2025-12-01T00:00:00Z",
                             .last_seen = "2025-12-24T00:00:00Z",
                             .count = 9,
                             .nights = 4};
    };
    using kind = finding_change::kind;
    all.changes = {
        .has_baseline = true,
        .remark = "compared with 12 nights, the last of which ended 2026-01-01",
        .findings = {{.what = kind::is_new, .known = known("00000000000c", "unique_pid", false)},
                     {.what = kind::still_there,
                      .known = known("00000000000a", "no_underflow", true)},
                     {.what = kind::not_seen,
                      .known = known("00000000000d", "pid_in_range", false),
                      .chance_of_luck = 0.25,
                      .seconds_to_confirm = 7200},
                     {.what = kind::came_back, .known = known("00000000000b", "", false)},
                     {.what = kind::fixed,
                      .known = known("00000000000e", "no_use_after_release", false),
                      .chance_of_luck = 0.04}},
        .slower = {{.world = "native", .cell = stalled, .before = 4e6, .now = 2e6}}};
    all.changes.findings[3].known.kind = "stall";
    return all;
}

/// In which `count` findings were made, in as many cells, each with texts of `bytes` bytes.
[[nodiscard]] inline night night_of_findings(std::size_t count, std::size_t bytes) {
    night all = good_night();
    std::string text;
    while (text.size() < bytes) text += "a line with <, & and ` in it\n";
    for (std::size_t n = 0; n < count; ++n) {
        const cell_name name{.variant = fmt::format("variant_{:04}", n),
                             .discipline = "lookup",
                             .scenario = "churn"};
        cell_total cell = some_cell("native", name, "violated");
        cell.broken = {{"unique_pid", 1}};
        cell.unexpected = {"unique_pid"};
        cell.as_expected = false;
        all.sum.cells.push_back(cell);
        finding_group group = some_group(fmt::format("{:012x}", n), "unique_pid", "native", name);
        group.sightings[0].sentence = text;
        group.sightings[0].command = text;
        group.explained = some_explanation();
        group.explained->headline = text;
        group.explained->table = text;
        group.explained->steps.resize(100, group.explained->steps[1]);
        for (interleaving_step& step : group.explained->steps) step.what = text.substr(0, 1'000);
        group.last_events = text;
        group.stacks = text;
        all.sum.findings.push_back(group);
        all.sum.remarks.push_back(text);
        all.sum.missing.push_back({.what = fmt::format("{}: {}", n, text)});
    }
    all.sum.exit_code = 2;
    return all;
}

/// How often `what` is in a text.
[[nodiscard]] inline std::size_t times(const std::string& text, const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
        ++count;
    return count;
}

}  // namespace pidmap_stress::journal::testing
