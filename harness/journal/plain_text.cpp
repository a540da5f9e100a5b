// A summary for a terminal.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/journal/pages.hpp"
#include "harness/journal/phrases.hpp"

namespace pidmap_stress::journal {
namespace {

/// What is not news is cut: the other kinds of reports have all of it.
constexpr std::size_t most_known_lines = 12;

[[nodiscard]] std::string indented(const std::string& text, std::string_view margin) {
    std::string out;
    std::size_t from = 0;
    while (from < text.size()) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        out += fmt::format("{}{}\n", margin, text.substr(from, end - from));
        from = end + 1;
    }
    return out;
}

[[nodiscard]] std::string finding_text(const finding_group& finding, const comparison& changes) {
    const sighting& first = finding.sightings.front();
    const std::string age = age_text(finding, changes);
    std::string text =
        fmt::format("\n{}{}\n", title_text(finding), age.empty() ? "" : " (" + age + ")");
    text += indented(first.sentence, "    ");
    text += fmt::format("    in {} of {}, first in {} at {}\n",
                        counted(finding.sightings.size(), "slice"), first.world,
                        first.cell.scenario, finding.first_seen);
    if (finding.again.runs != 0)
        text += fmt::format("    run again at once: {}\n", reproduction_text(finding.again));
    if (finding.explained) text += indented(finding.explained->table, "    ");
    if (!finding.stacks.empty()) text += indented(finding.stacks, "    ");
    if (finding.explained && !finding.explained->test_file.empty())
        text += fmt::format("    as a test: {}\n", finding.explained->test_file);
    if (!first.command.empty())
        text += fmt::format("    run it again with\n      {}\n", first.command);
    return text;
}

[[nodiscard]] std::string changes_text(const comparison& changes) {
    if (!changes.has_baseline)
        return changes.remark.empty() ? "" : fmt::format("\n{}\n", changes.remark);
    std::string text = fmt::format("\nwhat changed ({})\n", changes.remark);
    std::size_t same = 0;
    std::size_t told = 0;
    for (const finding_change& one : changes.findings) {
        const bool is_news = one.what != finding_change::kind::still_there;
        if (!is_news || told >= most_known_lines) {
            ++same;
            continue;
        }
        ++told;
        text += fmt::format("  {} of {} under {}: {}\n",
                            one.known.invariant.empty() ? one.known.kind : one.known.invariant,
                            one.known.variant, one.known.discipline, change_text(one));
    }
    for (const slower_cell& one : changes.slower)
        text +=
            fmt::format("  slower: {} ({}): {} operations a CPU second, {} before\n",
                        to_string(one.cell), one.world, to_human(one.now), to_human(one.before));
    if (same != 0) text += fmt::format("  {} still there\n", counted(same, "other finding"));
    if (told + same + changes.slower.size() == 0) text += "  nothing\n";
    return text;
}

/// A line for each variant and discipline, all scenarios and worlds together.
[[nodiscard]] std::string matrix_text(const summary& night) {
    struct line {
        std::set<std::string> broken;
        bool inconclusive = false;
        std::uint64_t operations = 0;
    };
    std::map<std::pair<std::string, std::string>, line> lines;
    std::size_t width = 0;
    for (const cell_total& cell : night.cells) {
        line& one = lines[{cell.plan.name.variant, cell.plan.name.discipline}];
        for (const auto& [invariant, times] : cell.broken) one.broken.insert(invariant);
        one.inconclusive |= cell.verdict != "holds" && cell.verdict != "violated";
        one.operations += cell.operations;
        width = std::max(width, cell.plan.name.variant.size());
    }
    std::string text = "\nsafety matrix: what was seen, all scenarios and worlds together\n";
    for (const auto& [key, one] : lines)
        text += fmt::format(
            "  {:<{}} {:<10} {}\n", key.first, width, key.second,
            !one.broken.empty()
                ? fmt::format("fails: {}", fmt::join(one.broken, ", "))
                : fmt::format("{}: {} operations", one.inconclusive ? "inconclusive" : "holds",
                              to_human(static_cast<double>(one.operations))));
    return text;
}

}  // namespace

std::string to_plain_text(const report_input& what) {
    const summary& night = what.night;
    std::string text = fmt::format("{}\n", night.verdict);
    if (night.slices != 0) text += changes_text(what.changes);
    for (const finding_group& finding : night.findings)
        if (!finding.expected) text += finding_text(finding, what.changes);
    if (night.slices != 0) text += matrix_text(night);
    std::size_t told = 0;
    for (const cell_total& cell : night.cells)
        if (!cell.as_expected && cell.unexpected.empty() && told++ < most_known_lines)
            text += fmt::format("  {} ({}): {}: {}\n", to_string(cell.plan.name), cell.world,
                                verdict_text(cell), reason_text(cell));
    if (told > most_known_lines) text += fmt::format("  and {} more\n", told - most_known_lines);
    text += '\n';
    if (const std::string bound = bound_text(night); !bound.empty()) text += bound + "\n";
    for (const canary_state& canary : night.canaries)
        text += fmt::format("planted bug, {}\n", canary_text(canary));
    for (const memory_watch& memory : night.memory)
        if (memory.grows)
            text += fmt::format("memory grew from {} KiB to {} KiB: {}\n", memory.first_third_kib,
                                memory.last_third_kib, memory.folder);
    for (const missing_part& part : night.missing) text += fmt::format("missing: {}\n", part.what);
    for (const std::string& remark : night.remarks) text += remark + "\n";
    text += fmt::format("exit code {}\n", night.exit_code);
    return text;
}

}  // namespace pidmap_stress::journal
