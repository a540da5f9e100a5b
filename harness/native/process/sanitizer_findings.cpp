#include "harness/native/process/sanitizer_findings.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

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

using frames = std::array<std::uintptr_t, board_sanitizer_report::frames_kept>;

/// Where a side is, innermost first: the lines of this project. Between the first one and the
/// algorithm's own there may be cells and policies, which are left out.
[[nodiscard]] std::vector<source_place> places_of(const frames& stack) {
    std::vector<source_place> all;
    const auto has_all_that_is_told = [&all] {
        const auto own = std::ranges::find_if(all, is_of_an_algorithm);
        return static_cast<std::size_t>(all.end() - own) >= most_places;
    };
    for (const std::uintptr_t frame : stack) {
        if (frame == 0 || has_all_that_is_told()) break;
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

/// The places of stacks, in words, innermost first. Few stacks make most of the reports, and in a
/// large program each takes long to look up.
class known_places {
public:
    [[nodiscard]] bool has(const frames& stack) const { return known_.contains(stack); }
    /// \pre has(stack).
    [[nodiscard]] const std::vector<std::string>& of(const frames& stack) const {
        return known_.at(stack);
    }
    /// Forgets all, if they are more than a program has that reports.
    void stay_small() {
        constexpr std::size_t most = 2000;
        if (known_.size() > most) known_.clear();
    }
    /// Looks them up, in a process of its own: what that loads would stay in this one, whose memory
    /// is to be flat.
    /// \returns Why that failed, or nothing.
    [[nodiscard]] std::string add(const std::vector<frames>& stacks) {
        // A place may be looked up for long in a large program, but not without end.
        constexpr double patience = 60;
        std::string failure;
        try {
            run_forked({[&] { return packed(stacks); }}, 1, patience,
                       [&](std::size_t, const task_end& end) {
                           if (end.how == task_end::kind::returned)
                               unpack(end.text, stacks);
                           else
                               failure = end.text;
                           return true;
                       });
        } catch (const std::system_error&) {
            unpack(packed(stacks), stacks);  // There is no room for another process.
        }
        return failure;
    }

private:
    // Between the two processes: each place ends by a zero, which no text has, and so does each
    // list.
    [[nodiscard]] static std::string packed(const std::vector<frames>& stacks) {
        std::string text;
        for (const frames& stack : stacks) {
            for (const source_place& one : places_of(stack)) text += described(one) + '\0';
            text += '\0';
        }
        return text;
    }
    void unpack(std::string_view text, const std::vector<frames>& stacks) {
        for (const frames& stack : stacks) {
            std::vector<std::string>& places = known_[stack];
            places.clear();
            for (std::size_t end = 0; (end = text.find('\0')) != std::string_view::npos && end != 0;
                 text.remove_prefix(end + 1))
                places.emplace_back(text.substr(0, end));
            text.remove_prefix(std::min<std::size_t>(1, text.size()));
        }
    }

    std::map<frames, std::vector<std::string>> known_;
};

struct described_side {
    std::string deed{};  ///< What it did, and the innermost place.
    std::string text{};
};

[[nodiscard]] bool is_known(const side& what) noexcept {
    return what.frames[0] != 0 || what.size != 0;
}

[[nodiscard]] described_side described(const side& what, std::vector<std::string> places,
                                       const std::map<pid_t, std::string>& names) {
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
    return {.deed = fmt::format("{} in {}", deed, places.front()),
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
                                           const known_places& places,
                                           const std::map<pid_t, std::string>& names) {
    std::vector<described_side> sides;
    for (const side& one : report.sides)
        if (is_known(one)) sides.push_back(described(one, places.of(one.frames), names));
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

std::vector<sanitizer_finding> sanitizer_findings(const board& seen,
                                                  const std::map<pid_t, std::string>& names) {
    const std::size_t made =
        std::min<std::size_t>(seen.sanitizer_reports_made.load(std::memory_order::relaxed),
                              seen.sanitizer_reports.size());
    std::vector<const board_sanitizer_report*> reports;
    for (std::size_t n = 0; n < made; ++n)
        // Acquire: pairs with the callback. What is not ready was being written when the process
        // ended.
        if (seen.sanitizer_reports[n].ready.load(std::memory_order::acquire))
            reports.push_back(&seen.sanitizer_reports[n]);

    static thread_local known_places places;
    places.stay_small();
    std::vector<frames> unknown;
    for (const board_sanitizer_report* const report : reports)
        for (const side& one : report->sides)
            if (is_known(one) && !places.has(one.frames)) unknown.push_back(one.frames);
    if (!unknown.empty()) {
        std::ranges::sort(unknown);
        unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
        // What is broken is counted all the same; its places are lost.
        if (const std::string failure = places.add(unknown); !failure.empty())
            return {{.broken = reports[0]->broken,
                     .text = "its places were not found: the search " + failure,
                     .cause = failure}};
    }
    std::vector<sanitizer_finding> all;
    for (const board_sanitizer_report* const report : reports)
        add_to(all, {to_finding(*report, places, names)});
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
