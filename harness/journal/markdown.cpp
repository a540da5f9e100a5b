// A summary for the summary of a CI step.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/journal/pages.hpp"
#include "harness/journal/phrases.hpp"

namespace pidmap_stress::journal {
namespace {

/// A step's summary has 1 MiB; what comes after this is named only.
constexpr std::size_t longest = 900'000;
constexpr std::size_t most_findings = 50;
constexpr std::size_t most_steps_drawn = 24;
constexpr std::size_t longest_block = 20'000;

/// Text between others: nothing in it is Markdown, HTML or the end of a table's field.
[[nodiscard]] std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("\\`*_{}[]()#+!|<>&~$").find(c) != std::string_view::npos)
            out += fmt::format("&#{};", static_cast<int>(c));
        else
            out += c == '\n' ? std::string("<br>") : std::string(1, c);
    }
    return out;
}

/// A block as it is. Its fence is longer than any in it.
[[nodiscard]] std::string block(std::string_view text, std::string_view language = "") {
    std::string fence = "```";
    while (text.find(fence) != std::string_view::npos) fence += '`';
    std::string body(text.substr(0, longest_block));
    if (text.size() > longest_block) body += "\n... and more: see the journal";
    if (!body.ends_with('\n')) body += '\n';
    return fmt::format("{}{}\n{}{}\n\n", fence, language, body, fence);
}

/// As Mermaid takes a message: what would end it is spelled as an entity.
[[nodiscard]] std::string for_mermaid(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (std::string_view("#;<>&%\"{}\n").find(c) != std::string_view::npos)
            out += fmt::format("#{};", static_cast<int>(c));
        else
            out += c;
    }
    return out;
}

[[nodiscard]] std::string drawing(const explained_finding& what) {
    std::string text = "sequenceDiagram\n";
    for (unsigned n = 1; n <= what.threads; ++n)
        text += fmt::format("    participant T{} as thread {}\n", n, n);
    text += "    participant N as namespace\n";
    for (const interleaving_step& step : what.steps) {
        text += fmt::format("    T{}->>N: {}{}{}\n", step.thread,
                            step.call.empty() ? "" : for_mermaid(step.call) + ": ",
                            for_mermaid(step.what),
                            step.edge.empty() ? "" : " (" + for_mermaid(step.edge) + ")");
        for (const std::string& one : step.broken)
            text += fmt::format("    Note over T{},N: BROKEN {}\n", step.thread, for_mermaid(one));
    }
    return text;
}

[[nodiscard]] std::string finding_text(const finding_group& finding, const comparison& changes) {
    const sighting& first = finding.sightings.front();
    const std::string age = age_text(finding, changes);
    std::string text = fmt::format("### {}{}\n\n", escaped(title_text(finding)),
                                   age.empty() ? "" : " (" + escaped(age) + ")");
    text += fmt::format("{}\n\n", escaped(first.sentence));
    text += fmt::format("In {} of world {}, first in {} at {}.",
                        counted(finding.sightings.size(), "slice"), escaped(first.world),
                        escaped(first.cell.scenario), escaped(finding.first_seen));
    if (finding.again.runs != 0)
        text += fmt::format(" Run again at once: {}.", escaped(reproduction_text(finding.again)));
    text += "\n\n";
    if (!first.command.empty()) text += block(first.command, "sh");
    if (finding.explained && !finding.explained->steps.empty() &&
        finding.explained->steps.size() <= most_steps_drawn)
        text += block(drawing(*finding.explained), "mermaid");
    if (finding.explained && !finding.explained->table.empty())
        text += block(finding.explained->table);
    if (!finding.stacks.empty()) text += block(finding.stacks);
    return text;
}

[[nodiscard]] std::string changes_text(const comparison& changes) {
    if (!changes.has_baseline)
        return changes.remark.empty() ? "" : fmt::format("{}\n\n", escaped(changes.remark));
    std::string text = fmt::format("## What changed\n\n{}\n\n", escaped(changes.remark));
    for (const finding_change& one : changes.findings)
        text += fmt::format(
            "- {} of {} under {}: {}\n",
            escaped(one.known.invariant.empty() ? one.known.kind : one.known.invariant),
            escaped(one.known.variant), escaped(one.known.discipline), escaped(change_text(one)));
    for (const slower_cell& one : changes.slower)
        text += fmt::format("- slower: {} ({}): {} operations a CPU second, {} before\n",
                            escaped(to_string(one.cell)), escaped(one.world), to_human(one.now),
                            to_human(one.before));
    return text + "\n";
}

[[nodiscard]] std::string matrix_text(const summary& night) {
    std::map<std::tuple<std::string, std::string, std::string>, std::set<std::string>> broken;
    std::map<std::tuple<std::string, std::string, std::string>, bool> holds;
    for (const cell_total& cell : night.cells) {
        const std::tuple key{cell.world, cell.plan.name.variant, cell.plan.name.discipline};
        for (const auto& [invariant, times] : cell.broken) broken[key].insert(invariant);
        holds.try_emplace(key, true).first->second &= cell.verdict == "holds";
    }
    std::string text =
        "## Safety matrix\n\n| world | variant | discipline | |\n|---|---|---|---|\n";
    for (const auto& [key, all_hold] : holds) {
        const auto& [world, variant, discipline] = key;
        text += fmt::format(
            "| {} | {} | {} | {} |\n", escaped(world), escaped(variant), escaped(discipline),
            broken.contains(key)
                ? "fails: " + escaped(fmt::format("{}", fmt::join(broken[key], ", ")))
            : all_hold ? "holds"
                       : "inconclusive");
    }
    return text + "\n";
}

}  // namespace

std::string to_markdown(const report_input& what) {
    const summary& night = what.night;
    std::string text =
        fmt::format("# {}\n\nExit code {}.\n\n", escaped(night.verdict), night.exit_code);
    const auto add = [&text](const std::string& more, std::string_view name) {
        if (text.size() + more.size() <= longest)
            text += more;
        else
            text += fmt::format(
                "*{}: left out for want of room; the page and the journal have it.*"
                "\n\n",
                name);
    };
    std::size_t told = 0;
    for (const finding_group& finding : night.findings) {
        if (finding.expected) continue;
        if (told++ == 0) text += "## Findings\n\n";
        if (told <= most_findings)
            add(finding_text(finding, what.changes), escaped(title_text(finding)));
    }
    if (told > most_findings)
        text +=
            fmt::format("*and {} more findings, which the page has.*\n\n", told - most_findings);
    if (night.slices == 0) return text;
    add(changes_text(what.changes), "what changed");
    for (const cell_total& cell : night.cells)
        if (!cell.as_expected && cell.unexpected.empty())
            add(fmt::format("- {} ({}): {}: {}\n", escaped(to_string(cell.plan.name)),
                            escaped(cell.world), verdict_text(cell), escaped(reason_text(cell))),
                "a cell");
    add("\n" + matrix_text(night), "the matrix");
    std::string rests = "## What it rests on\n\n";
    if (const std::string bound = bound_text(night); !bound.empty())
        rests += fmt::format("- {}\n", escaped(bound));
    for (const canary_state& canary : night.canaries)
        rests += fmt::format("- planted bug, {}\n", escaped(canary_text(canary)));
    for (const memory_watch& memory : night.memory)
        if (memory.grows)
            rests +=
                fmt::format("- memory grew from {} KiB to {} KiB: {}\n", memory.first_third_kib,
                            memory.last_third_kib, escaped(memory.folder));
    for (const missing_part& part : night.missing)
        rests += fmt::format("- missing: {}\n", escaped(part.what));
    for (const std::string& remark : night.remarks) rests += fmt::format("- {}\n", escaped(remark));
    add(rests, "what it rests on");
    return text;
}

}  // namespace pidmap_stress::journal
