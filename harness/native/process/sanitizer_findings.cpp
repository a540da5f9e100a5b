#include "harness/native/process/sanitizer_findings.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/forked.hpp"
#include "harness/base/source_places.hpp"

namespace pidmap_stress {
namespace {

using side = board_sanitizer_report::side;

/// As many as a reader needs to see which call it was.
constexpr std::size_t most_places = 4;

/// And not a library's.
[[nodiscard]] bool is_ours(const source_place& one) {
    return one.file.find("/include/") == std::string::npos &&
           (one.file.find("/harness/") != std::string::npos ||
            one.file.find("/allocator/") != std::string::npos ||
            one.file.find("/checkers/") != std::string::npos);
}
[[nodiscard]] bool is_of_an_algorithm(const source_place& one) {
    return one.file.find("/allocator/") != std::string::npos;
}

/// The number that the comments of the source give the access at a line: "F1". It stands on the
/// line itself, or in the comment above.
[[nodiscard]] std::string edge_at(const source_place& where) {
    constexpr int lines_above = 8;
    std::ifstream source(where.file);
    std::string edge;
    std::string text;
    for (int line = 1; line <= where.line && std::getline(source, text); ++line) {
        if (line + lines_above < where.line) continue;
        if (text.find_first_not_of(' ') == std::string::npos) edge.clear();
        const std::size_t comment = text.find("//");
        if (comment == std::string::npos) continue;
        for (std::size_t at = text.find('(', comment);
             at != std::string::npos && at + 3 < text.size(); at = text.find('(', at + 1))
            if (text[at + 1] >= 'A' && text[at + 1] <= 'Z' && text[at + 2] >= '0' &&
                text[at + 2] <= '9' && text[at + 3] == ')') {
                edge = text.substr(at + 1, 2);
                break;
            }
    }
    return edge;
}

[[nodiscard]] std::string described(const source_place& one) {
    const std::string place =
        fmt::format("{}:{}", one.file.substr(one.file.rfind('/') + 1), one.line);
    const std::string edge = is_of_an_algorithm(one) ? edge_at(one) : "";
    // The name of a lambda says nothing.
    const bool has_name = !one.function.empty() && !one.function.starts_with("operator");
    return fmt::format("{}{}{}", edge.empty() ? "" : fmt::format("({}) ", edge),
                       has_name ? one.function.substr(0, one.function.find('<')) + " at " : "",
                       place);
}

/// Where a side is, innermost first: the lines of this project. Between the first one and the
/// algorithm's own there may be cells and policies, which are left out.
[[nodiscard]] std::vector<source_place> places_of(const side& what) {
    std::vector<source_place> all;
    for (const std::uintptr_t frame : what.frames) {
        if (frame == 0) break;
        // A return address may be behind the last instruction of its line.
        for (source_place& one : source_places(reinterpret_cast<const void*>(frame - 1)))
            if (is_ours(one)) all.push_back(std::move(one));
    }
    const auto own = std::ranges::find_if(all, is_of_an_algorithm);
    if (own != all.end() && own != all.begin() &&
        std::ranges::all_of(all.begin(), own, [](const source_place& one) {
            return one.file.find("/harness/world/") != std::string::npos ||
                   one.file.find("/harness/base/") != std::string::npos ||
                   one.file.find("/harness/explorer/run/") != std::string::npos;
        }))
        all.erase(all.begin(), own);
    if (all.size() > most_places) all.resize(most_places);
    return all;
}

struct described_side {
    std::string deed{};  ///< What it did, and the innermost place.
    std::string text{};
};

[[nodiscard]] std::optional<described_side> described(const side& what,
                                                      const std::map<pid_t, std::string>& names) {
    if (what.frames[0] == 0 && what.size == 0) return std::nullopt;
    std::vector<std::string> places;
    for (const source_place& one : places_of(what)) places.push_back(described(one));
    // Two places without lines are still two.
    if (places.empty()) places.push_back(fmt::format("code at {:#x}", what.frames[0]));
    const auto known = names.find(what.thread);
    const std::string by = what.thread == 0       ? ""
                           : known != names.end() ? known->second + ": "
                                                  : fmt::format("thread {}: ", what.thread);
    const std::string deed =
        what.size == 0
            ? std::string("released")
            : fmt::format("{}{} of {} byte{}", what.atomic ? "atomic " : "",
                          what.write ? "write" : "read", what.size, what.size == 1 ? "" : "s");
    return described_side{
        .deed = fmt::format("{} in {}", deed, places.front()),
        .text = fmt::format("{}{} in {}", by, deed, fmt::join(places, ", called by "))};
}

/// What should have been between the two sides.
[[nodiscard]] std::string_view missing_between_sides(invariant broken) {
    return broken == invariant::reuse_happens_after
               ? "nothing orders the two: the free of a pid, (F1), must happen before the "
                 "allocation that hands it out again, (A1)"
               : "nothing keeps the memory until the last use: the reference that the use relies "
                 "on was dropped, or never taken";
}

[[nodiscard]] sanitizer_finding to_finding(const board_sanitizer_report& report,
                                           const std::map<pid_t, std::string>& names) {
    std::vector<described_side> sides;
    for (const side& one : report.sides)
        if (auto known = described(one, names)) sides.push_back(std::move(*known));
    const std::string kind = report.kind.data();
    sanitizer_finding result{.broken = report.broken, .text = kind, .cause = kind};
    for (const described_side& one : sides) result.text += "\n  " + one.text;
    if (sides.size() == 2)
        result.text += fmt::format("\n  {}", missing_between_sides(report.broken));
    // Which of the two came first is chance.
    std::ranges::sort(sides, {}, &described_side::deed);
    for (const described_side& one : sides) result.cause += "\n" + one.deed;
    return result;
}

}  // namespace

std::string to_string(const sanitizer_finding& what) {
    return what.text + (what.raw_text.empty()
                            ? "\n  the sanitizer's own text is above"
                            : fmt::format("\n  the sanitizer's own text is in {}", what.raw_text));
}

namespace {

[[nodiscard]] std::vector<sanitizer_finding> look_up(const board& seen, std::size_t reports,
                                                     const std::map<pid_t, std::string>& names) {
    std::vector<sanitizer_finding> all;
    for (std::size_t n = 0; n < reports; ++n) {
        const board_sanitizer_report& report = seen.sanitizer_reports[n];
        // Acquire: pairs with the callback. What is not ready was being written when the process
        // ended.
        if (report.ready.load(std::memory_order::acquire)) add_to(all, {to_finding(report, names)});
    }
    return all;
}

// Between the two processes: fields that end by a zero, which no text has.
[[nodiscard]] std::string packed(const std::vector<sanitizer_finding>& all) {
    std::string text;
    for (const sanitizer_finding& one : all)
        for (const std::string& field : {std::to_string(static_cast<int>(one.broken)),
                                         std::to_string(one.times), one.text, one.cause})
            text += field + '\0';
    return text;
}
[[nodiscard]] std::vector<sanitizer_finding> unpacked(const std::string& text) {
    std::vector<std::string> fields;
    for (std::size_t from = 0, end; (end = text.find('\0', from)) != std::string::npos;
         from = end + 1)
        fields.push_back(text.substr(from, end - from));
    std::vector<sanitizer_finding> all;
    for (std::size_t n = 0; n + 3 < fields.size(); n += 4)
        all.push_back({.broken = static_cast<invariant>(std::stoi(fields[n])),
                       .text = fields[n + 2],
                       .cause = fields[n + 3],
                       .times = std::stoull(fields[n + 1])});
    return all;
}

}  // namespace

std::vector<sanitizer_finding> sanitizer_findings(const board& seen,
                                                  const std::map<pid_t, std::string>& names) {
    const std::size_t reports =
        std::min<std::size_t>(seen.sanitizer_reports_made.load(std::memory_order::relaxed),
                              seen.sanitizer_reports.size());
    if (reports == 0) return {};
    // A place may be looked up for long in a large program, but not without end.
    constexpr double patience = 60;
    std::vector<sanitizer_finding> all;
    try {
        run_forked({[&] { return packed(look_up(seen, reports, names)); }}, 1, patience,
                   [&](std::size_t, const task_end& end) {
                       if (end.how == task_end::kind::returned)
                           all = unpacked(end.text);
                       else  // What is broken is counted all the same; its places are lost.
                           all = {{.broken = seen.sanitizer_reports[0].broken,
                                   .text = "its places were not found: the search " + end.text,
                                   .cause = end.text}};
                       return true;
                   });
    } catch (const std::system_error&) {
        return look_up(seen, reports, names);  // There is no room for another process.
    }
    return all;
}

std::vector<sanitizer_finding> add_to(std::vector<sanitizer_finding>& all,
                                      std::vector<sanitizer_finding> more) {
    std::vector<sanitizer_finding> fresh;
    for (sanitizer_finding& one : more) {
        const auto known = std::ranges::find(all, one.cause, &sanitizer_finding::cause);
        if (known != all.end()) {
            known->times += one.times;
        } else {
            fresh.push_back(one);
            all.push_back(std::move(one));
        }
    }
    return fresh;
}

std::string collect_raw_text(const std::string& raw_text, pid_t trial) {
    std::string part = fmt::format("{}.{}", raw_text, trial);
    std::ifstream from(part, std::ios::binary);
    if (!from) return "";
    std::ofstream to(raw_text, std::ios::binary | std::ios::app);
    if (!to) return part;
    std::size_t lines = 1;
    if (std::error_code ignored; std::filesystem::is_regular_file(raw_text, ignored)) {
        std::ifstream before(raw_text, std::ios::binary);
        lines += static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(before),
                                                     std::istreambuf_iterator<char>(), '\n'));
    }
    to << from.rdbuf();
    to.flush();
    // Without room it stays where it is: it is not lost.
    if (!to) return part;
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    return fmt::format("{}:{}", raw_text, lines);
}

}  // namespace pidmap_stress
