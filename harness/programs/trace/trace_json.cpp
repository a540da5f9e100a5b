// A trace as JSON, for programs: all of its steps, and what they broke.

#include <nlohmann/json.hpp>

#include <array>
#include <string>

#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress::explore {
namespace {

using nlohmann::json;

[[nodiscard]] std::string_view name_of(step_kind kind) noexcept {
    constexpr std::array<std::string_view, 13> names{
        "load",   "store",         "update",       "failed_update", "fence",
        "choice", "plain_read",    "plain_write",  "create",        "destroy",
        "retire", "enter_section", "leave_section"};
    static_assert(names.size() == static_cast<std::size_t>(step_kind::leave_section) + 1);
    return names[static_cast<std::size_t>(kind)];
}

[[nodiscard]] json values(const std::vector<followed_value>& all) {
    json made = json::object();
    for (const followed_value& one : all) made[one.cell] = one.value;
    return made;
}

[[nodiscard]] json or_null(const std::optional<unsigned>& step) {
    return step ? json(*step) : json();
}

[[nodiscard]] json to_json(const trace_row& row) {
    const step& s = row.what;
    return {{"step", s.number},
            {"thread", s.thread},
            {"call", s.label},
            {"kind", name_of(s.kind)},
            {"cell", s.cell},
            {"text", row.text},
            {"edge", row.edge},
            {"place", row.place},
            {"read_from", or_null(s.read_from)},
            {"stale", s.stale},
            {"missed", or_null(s.missed)},
            {"refcount", values(row.refcounts)},
            {"nr_free", values(row.nr_free)},
            {"matters", row.matters},
            {"broken", row.broken}};
}

}  // namespace

std::string to_json(const trace& seen) {
    json steps = json::array();
    for (const trace_row& row : seen.rows) steps.push_back(to_json(row));
    return json{{"schema", 1},
                {"program", "pidmap-stress"},
                {"command", "replay"},
                {"what", seen.headline},
                {"name", seen.name},
                {"setting", seen.in_words},
                {"reproduce", seen.command},
                {"exact", seen.exact},
                {"departed_at", or_null(seen.departed_at)},
                {"threads", seen.threads},
                {"steps", steps},
                {"broken_at_first", seen.broken_at_first},
                {"broken_at_last", seen.broken_at_last}}
               .dump(2) +
           "\n";
}

}  // namespace pidmap_stress::explore
