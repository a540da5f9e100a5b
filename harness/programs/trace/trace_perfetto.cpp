// A trace as Chrome trace JSON.
// Source: "Trace Event Format", the document that Chromium and Perfetto refer to.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <set>
#include <span>
#include <string>

#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress::explore {
namespace {

using nlohmann::json;

constexpr int process = 1;
constexpr unsigned step_length = 10;  // Microseconds that stand for one step.
constexpr unsigned step_shown = 8;    // As long as a slice is, so that neighbours stay apart.

[[nodiscard]] json event(const char* phase, unsigned thread, unsigned step) {
    return {{"ph", phase}, {"pid", process}, {"tid", thread}, {"ts", step * step_length}};
}

[[nodiscard]] json metadata(const char* what, unsigned thread, const std::string& name) {
    return {
        {"ph", "M"}, {"pid", process}, {"tid", thread}, {"name", what}, {"args", {{"name", name}}}};
}

void add_counters(json& events, const trace_row& row, std::set<std::string>& told) {
    for (const auto* const values : {&row.refcounts, &row.nr_free})
        for (const followed_value& one : *values) {
            const bool changed = row.what.cell == one.cell;
            if (!changed && !told.insert(one.cell).second) continue;
            told.insert(one.cell);
            json counter = event("C", 0, row.what.number);
            counter["name"] = one.cell;
            counter["args"] = {{"value", one.value}};
            events.push_back(std::move(counter));
        }
}

void add_slice(json& events, const trace_row& row) {
    const step& s = row.what;
    json slice = event("X", s.thread, s.number);
    slice["dur"] = step_shown;
    slice["name"] = row.text;
    slice["cat"] = "step";
    slice["args"] = {
        {"step", s.number}, {"call", s.label}, {"where", row.place}, {"edge", row.edge}};
    if (s.read_from) slice["args"]["read from step"] = *s.read_from;
    if (!row.broken.empty()) slice["args"]["broken"] = row.broken;
    events.push_back(std::move(slice));
}

/// From the middle of the step that wrote to the middle of the one that read it.
void add_arrow(json& events, const trace& seen, const trace_row& row) {
    const step& reader = row.what;
    const step& writer = seen.rows[*reader.read_from].what;
    for (const bool begins : {true, false}) {
        const step& at = begins ? writer : reader;
        json arrow = event(begins ? "s" : "f", at.thread, at.number);
        arrow["ts"] = at.number * step_length + step_shown / 2;
        arrow["id"] = reader.number;
        arrow["name"] = "reads from";
        arrow["cat"] = "reads from";
        if (!begins) arrow["bp"] = "e";  // It belongs to the slice around it.
        events.push_back(std::move(arrow));
    }
}

void add_mark(json& events, unsigned thread, unsigned step, const std::string& what) {
    json mark = event("i", thread, step);
    mark["name"] = "BROKEN " + what;
    mark["cat"] = "broken";
    mark["s"] = thread == 0 ? "p" : "t";
    events.push_back(std::move(mark));
}

}  // namespace

std::string to_perfetto(const trace& seen, bool full) {
    json events = json::array();
    events.push_back(metadata("process_name", 0, seen.name));
    for (unsigned t = 1; t <= seen.threads; ++t)
        events.push_back(metadata("thread_name", t, fmt::format("thread {}", t)));
    for (const std::string& one : seen.broken_at_first) add_mark(events, 0, 0, one);
    std::set<std::string> told;
    const std::size_t end = full ? seen.rows.size() : seen.rows.size() - seen.later;
    for (const trace_row& row : std::span(seen.rows).first(end)) {
        add_slice(events, row);
        if (row.what.read_from) add_arrow(events, seen, row);
        add_counters(events, row, told);
        for (const std::string& one : row.broken)
            add_mark(events, row.what.thread, row.what.number, one);
    }
    for (const std::string& one : seen.broken_in_the_end(full))
        add_mark(events, 0, static_cast<unsigned>(seen.rows.size()), one);
    const json file{
        {"traceEvents", std::move(events)},
        {"displayTimeUnit", "ns"},
        {"otherData",
         {{"headline", seen.headline}, {"setting", seen.in_words}, {"command", seen.command}}}};
    return file.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace pidmap_stress::explore
