#pragma once

#include <string>
#include <utility>

#include "harness/journal/journal_file.hpp"
#include "harness/journal/records.hpp"

/// Records as a soak writes them, for tests.
namespace pidmap_stress::journal::testing {

[[nodiscard]] inline campaign_record some_campaign(std::string world = "native") {
    return {.seed = 7,
            .world = std::move(world),
            .configuration = {{"threads", "4"}, {"pool", "tbb"}},
            .cells =
                {{.name = {.variant = "sound", .discipline = "member", .scenario = "churn"},
                  .marks = {"a pid was freed after others"}},
                 {.name = {.variant = "as_posted", .discipline = "lookup", .scenario = "page_zero"},
                  .permitted = {"no_underflow"},
                  .required = {"no_underflow"}}},
            .canary_every_seconds = 100};
}

[[nodiscard]] inline attempt_record some_attempt(std::string at) {
    return {.at = std::move(at),
            .host = "here",
            .processors = 2,
            .version = "0.1.0",
            .commit = "0123456789ab",
            .modified = true,
            .compiler = "Clang 19.1.7",
            .sanitizer = "none",
            .command = "./run_stress.sh run",
            .duration_seconds = 100,
            .resumed = "a line was left out"};
}

/// A slice of the first cell, in which all went well.
[[nodiscard]] inline slice_record some_slice(std::uint64_t number, std::string at) {
    return {.cell = 0,
            .number = number,
            .key = 1000 + number,
            .at = std::move(at),
            .seconds = 5,
            .turn_seconds = 5,
            .spent_seconds = 6,
            .cpu_seconds = 10,
            .operations = 1'000'000,
            .rounds = 100,
            .trials = 1,
            .marks = {"a pid was freed after others"},
            .near_misses = {{"a count was raised from 1", 12}},
            .clear_to_put_ns = 85,
            .resident_kib = 20'000,
            .trial_resident_kib = 30'000,
            .undecided = 0};
}

/// A small program in which it shows, and how.
[[nodiscard]] inline explained_finding some_explanation() {
    return {.token = "sound/lookup/calls=abc",
            .headline = "thread 2 finds a bit that thread 1 is about to set",
            .program = "sound/lookup/calls/2x4",
            .table = "step | thread 1 | thread 2\n   1 | load 0   |\n   2 |          | load 0\n",
            .steps = {{.thread = 1, .call = "alloc", .what = "word load 0", .edge = "A1"},
                      {.thread = 2,
                       .call = "alloc",
                       .what = "word load 0; <set>",
                       .edge = "A1",
                       .place = "pid_namespace.hpp:235",
                       .reads_from = 0U,
                       .broken = {"unique_pid: pid 301 has two tenants"}}},
            .threads = 2,
            .executions = 17,
            .test_file = "unique_pid_test.cpp"};
}

/// A slice of the second cell, that broke what it is known to break.
[[nodiscard]] inline slice_record some_finding(std::uint64_t number = 0,
                                               std::string at = "2026-01-01T00:01:00Z",
                                               std::string invariant = "no_underflow") {
    slice_record slice = some_slice(number, std::move(at));
    slice.cell = 1;
    slice.broken = {{invariant, 3}};
    slice.findings = {{.invariant = invariant,
                       .sentence = "the count went from 0 to -1",
                       .explained = some_explanation()}};
    slice.last_events = "worker 0: alloc@1=5\n";
    slice.command = "./run_stress.sh run --variant as_posted --seed 9";
    slice.again = reproduction{.runs = 5, .with_findings = 4};
    return slice;
}

[[nodiscard]] inline canary_record some_canary(bool found, double after = 0) {
    return {.at = "2026-01-01T00:00:01Z",
            .name = {.variant = "wrap_to_zero", .discipline = "member", .scenario = "wraparound"},
            .found = found,
            .seconds = 0.25,
            .invariant = found ? "pid_in_range" : "",
            .work_seconds = after};
}

/// A whole journal: a canary, two clean slices, and one with a known breakage.
[[nodiscard]] inline journal_text some_journal(std::string folder = "d",
                                               std::string world = "native") {
    return {.folder = std::move(folder),
            .campaign = some_campaign(std::move(world)),
            .attempts = {some_attempt("2026-01-01T00:00:00Z")},
            .slices = {some_slice(0, "2026-01-01T00:00:10Z"), some_slice(1, "2026-01-01T00:00:20Z"),
                       some_finding()},
            .canaries = {some_canary(true)},
            .ends = {{.at = "2026-01-01T00:02:00Z", .reason = "done"}}};
}

}  // namespace pidmap_stress::journal::testing
