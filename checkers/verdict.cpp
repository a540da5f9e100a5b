#include "checkers/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pidmap_stress {

std::string to_string(const finding& what) {
    std::string text = fmt::format("{}: {}", to_string(what.broken), what.what);
    for (const operation& one : what.witness) text += "\n    " + to_string(one);
    return text;
}

void verdict::add(finding what) {
    if (times_broken[static_cast<std::size_t>(what.broken)]++ < kept_per_invariant)
        findings.push_back(std::move(what));
}

void verdict::add(std::vector<finding> several) {
    for (finding& one : several) add(std::move(one));
}

invariant_set verdict::broken() const noexcept {
    invariant_set set;
    for (std::size_t i = 0; i < times_broken.size(); ++i)
        if (times_broken[i] != 0) set.insert(static_cast<invariant>(i));
    return set;
}

verdict_kind verdict::kind() const noexcept {
    if (!broken().empty()) return verdict_kind::violated;
    if (end == run_end::crashed) return verdict_kind::crash;
    if (end == run_end::stalled) return verdict_kind::stall;
    if (end == run_end::killed) return verdict_kind::killed;
    if (operations == 0 || !unhit_marks.empty()) return verdict_kind::inconclusive;
    return verdict_kind::holds;
}

std::string to_string(const verdict& what) {
    std::string text{to_string(what.kind())};
    const char* separator = ": ";
    for (std::size_t i = 0; i < what.times_broken.size(); ++i) {
        const std::uint64_t times = what.times_broken[i];
        if (times == 0) continue;
        text += fmt::format("{}{} ({} time{})", separator, to_string(static_cast<invariant>(i)),
                            times, times == 1 ? "" : "s");
        separator = ", ";
    }
    if (what.kind() == verdict_kind::violated && what.end != run_end::completed)
        text += fmt::format(", then {}", to_string(what.end));
    if (!what.unhit_marks.empty())
        text += fmt::format(", not hit: {}", fmt::join(what.unhit_marks, ", "));
    return text +
           fmt::format(" ({} operations, {:.1f} CPU seconds)", what.operations, what.cpu_seconds);
}

std::string_view to_string(verdict_kind which) noexcept {
    switch (which) {
        case verdict_kind::holds:
            return "holds";
        case verdict_kind::violated:
            return "violated";
        case verdict_kind::crash:
            return "crash";
        case verdict_kind::stall:
            return "stall";
        case verdict_kind::killed:
            return "killed";
        case verdict_kind::inconclusive:
            return "inconclusive";
    }
    return "?";
}

std::string_view to_string(run_end which) noexcept {
    switch (which) {
        case run_end::completed:
            return "completed";
        case run_end::crashed:
            return "crashed";
        case run_end::stalled:
            return "stalled";
        case run_end::killed:
            return "killed";
    }
    return "?";
}

}  // namespace pidmap_stress
