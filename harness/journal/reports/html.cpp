// A summary as one page: no network, and readable without its script.

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/journal/reports/drawings.hpp"
#include "harness/journal/reports/outline.hpp"
#include "harness/journal/reports/page_style.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/text/markup.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

constexpr std::size_t most_sightings = 50;
constexpr std::size_t longest_block = 60'000;
constexpr std::size_t most_changes = 40;

/// A block that scrolls by itself, so that the page does not.
[[nodiscard]] std::string scrolling(const std::string& content, std::string_view label) {
    return fmt::format(
        "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</div>\n",
        shown(label), content);
}

[[nodiscard]] std::string text_block(std::string_view text, std::string_view label) {
    return scrolling("<pre>" + escaped(safe_text::clipped(text, longest_block)) + "</pre>", label);
}

[[nodiscard]] std::string anchor_of(const finding_group& finding) {
    return "f-" + finding.id;
}

/// By place in the list of cells: names may have any character.
[[nodiscard]] std::string anchor_of(const summary& night, const cell_total& cell) {
    return fmt::format("c-{}", &cell - night.cells.data());
}

[[nodiscard]] std::string top(const report_input& what) {
    const summary& night = what.night;
    std::string hosts;
    std::set<std::string> told;
    for (const attempt_record& one : night.attempts)
        if (told.insert(one.host).second) hosts += (hosts.empty() ? "" : ", ") + one.host;
    return fmt::format(
        "<header class=\"top\"><p class=\"kicker\">pidmap-stress report{}{}</p>\n<h1>{}</h1>\n"
        "<p><span class=\"code {}\">exit code {}</span></p></header>\n",
        night.began.empty() ? ""
                            : fmt::format(", {} to {}", shown(night.began), shown(night.ended)),
        hosts.empty() ? "" : ", on " + shown(hosts), shown(night.verdict),
        night.exit_code == 0 ? "good" : "bad", night.exit_code);
}

[[nodiscard]] std::string_view tag_of(const finding_change& change) {
    if (change.known.expected && change.what != finding_change::kind::fixed) return "known";
    switch (change.what) {
        case finding_change::kind::is_new:
        case finding_change::kind::came_back:
            return "bad";
        case finding_change::kind::fixed:
            return "good";
        case finding_change::kind::still_there:
        case finding_change::kind::not_seen:
            break;
    }
    return "known";
}

[[nodiscard]] std::string changes_section(const report_input& what) {
    const comparison& changes = what.changes;
    std::string text =
        "<section aria-labelledby=\"changed\"><h2 id=\"changed\">What changed</h2>\n";
    if (!changes.has_baseline)
        return text + fmt::format("<p class=\"soft\">{}</p></section>\n",
                                  changes.remark.empty()
                                      ? "Nothing to compare with: no earlier night was given."
                                      : shown(changes.remark));
    text += fmt::format("<p class=\"soft\">{}.</p>\n<ul>\n", shown(changes.remark));
    std::size_t told = 0;
    std::size_t known_still_there = 0;
    for (const finding_change& one : changes.findings) {
        // A known breakage that is there as ever is the rule.
        if (one.what == finding_change::kind::still_there && one.known.expected) {
            ++known_still_there;
            continue;
        }
        if (++told > most_changes) continue;
        const auto group =
            std::ranges::find(what.night.findings, one.known.family, &finding_group::family);
        const std::string name = shown(fmt::format(
            "{} of {} under {}", one.known.invariant.empty() ? one.known.kind : one.known.invariant,
            one.known.variant, one.known.discipline));
        text += fmt::format("<li>{}: <span class=\"tag {}\">{}</span></li>\n",
                            group == what.night.findings.end()
                                ? name
                                : fmt::format("<a href=\"#{}\">{}</a>", anchor_of(*group), name),
                            tag_of(one), shown(change_text(one)));
    }
    for (const slower_cell& one : changes.slower)
        text += fmt::format(
            "<li>{} ({}): <span class=\"tag known\">slower</span> {} operations a "
            "CPU second, {} before</li>\n",
            shown(to_string(one.cell)), shown(one.world), to_human(one.now), to_human(one.before));
    if (told > most_changes) text += fmt::format("<li>and {} more</li>\n", told - most_changes);
    if (known_still_there != 0)
        text += fmt::format("<li>{} still there, as known</li>\n",
                            counted(known_still_there, "finding"));
    if (told + known_still_there + changes.slower.size() == 0) text += "<li>nothing</li>\n";
    return text + "</ul></section>\n";
}

[[nodiscard]] std::string exercised_section(const summary& night) {
    std::string text =
        "<section aria-labelledby=\"exercised\"><h2 id=\"exercised\">What was exercised</h2>\n"
        "<dl class=\"facts\">\n";
    const auto fact = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, shown(value));
    };
    std::size_t marks = 0;
    std::size_t hit = 0;
    for (const cell_total& cell : night.cells) {
        marks += cell.plan.marks.size();
        hit += cell.marks.size();
    }
    const double hours = night.clean_cpu_seconds / 3600;
    fact("Worker time", fmt::format("{:.3g} CPU hours", night.cpu_seconds / 3600));
    fact("Operations", to_human(static_cast<double>(night.operations)));
    fact("Slices", std::to_string(night.slices));
    fact("Marks that were hit", fmt::format("{} of {}", hit, marks));
    fact("What holds is below",
         hours > 0 ? fmt::format("{:.3g} violations a CPU hour at 95 %", excluded_rate(hours))
                   : "no bound");
    fact("Worlds", fmt::format("{}", fmt::join(night.worlds, ", ")));
    text += "</dl>\n<ul>\n";
    for (const canary_state& canary : night.canaries)
        text += fmt::format("<li><span class=\"tag {}\">{}</span> planted bug, {}</li>\n",
                            canary.dead ? "bad" : "good", canary.dead ? "missed" : "found",
                            shown(canary_text(canary)));
    for (const missing_part& part : night.missing)
        text +=
            fmt::format("<li><span class=\"tag bad\">missing</span> {}</li>\n", shown(part.what));
    for (const memory_watch& memory : night.memory)
        if (memory.grows)
            text += fmt::format("<li><span class=\"tag bad\">memory grows</span> {}: {}</li>\n",
                                memory_text(memory), shown(memory.folder));
    if (const std::string bound = bound_text(night); !bound.empty())
        text += fmt::format("<li>{}</li>\n", shown(bound));
    return text + "</ul></section>\n";
}

/// One variant under one discipline in one world.
struct matrix_entry {
    std::set<std::string> broken{};
    bool unexpected = false;
    bool holds = true;
    std::uint64_t operations = 0;
    const cell_total* first = nullptr;
};

[[nodiscard]] std::string entry_text(const report_input& what, const matrix_entry& entry) {
    const cell_total& cell = *entry.first;
    const auto finding = std::ranges::find_if(what.night.findings, [&](const finding_group& one) {
        return std::ranges::any_of(one.sightings, [&](const sighting& seen) {
            return seen.world == cell.world && seen.cell.variant == cell.plan.name.variant &&
                   seen.cell.discipline == cell.plan.name.discipline;
        });
    });
    const std::string to =
        finding == what.night.findings.end() ? anchor_of(what.night, cell) : anchor_of(*finding);
    if (!entry.broken.empty())
        return fmt::format("<span class=\"tag {}\">fails{}</span> <a href=\"#{}\">{}</a>",
                           entry.unexpected ? "bad" : "known", entry.unexpected ? "" : ", known",
                           to, shown(fmt::format("{}", fmt::join(entry.broken, ", "))));
    return fmt::format("<span class=\"tag {}\">{}</span> <a href=\"#{}\">{} operations</a>",
                       entry.holds ? "good" : "bad", entry.holds ? "holds" : "inconclusive", to,
                       to_human(static_cast<double>(entry.operations)));
}

[[nodiscard]] std::string matrix_section(const report_input& what) {
    std::map<std::string, std::map<std::string, std::map<std::string, matrix_entry>>> worlds;
    for (const cell_total& cell : what.night.cells) {
        matrix_entry& entry = worlds[cell.world][cell.plan.name.variant][cell.plan.name.discipline];
        if (entry.first == nullptr) entry.first = &cell;
        for (const auto& [invariant, times] : cell.broken) entry.broken.insert(invariant);
        entry.unexpected |= !cell.unexpected.empty();
        entry.holds &= cell.verdict == "holds";
        entry.operations += cell.operations;
    }
    std::string text = "<section aria-labelledby=\"matrix\"><h2 id=\"matrix\">Safety matrix</h2>\n";
    for (const auto& [world, variants] : worlds) {
        std::set<std::string> disciplines;
        for (const auto& [variant, entries] : variants)
            for (const auto& [discipline, entry] : entries) disciplines.insert(discipline);
        std::string table = fmt::format(
            "<table><caption>World {}</caption><thead><tr>"
            "<th scope=\"col\">variant</th>",
            shown(world));
        for (const std::string& one : disciplines)
            table += fmt::format("<th scope=\"col\">{}</th>", shown(one));
        table += "</tr></thead><tbody>\n";
        for (const auto& [variant, entries] : variants) {
            table += fmt::format("<tr><th scope=\"row\">{}</th>", shown(variant));
            for (const std::string& one : disciplines) {
                const auto entry = entries.find(one);
                table += fmt::format("<td>{}</td>", entry == entries.end()
                                                        ? std::string("not run")
                                                        : entry_text(what, entry->second));
            }
            table += "</tr>\n";
        }
        text += scrolling(table + "</tbody></table>", "safety matrix of world " + world);
    }
    return text + "</section>\n";
}

[[nodiscard]] std::string sightings_table(const finding_group& finding) {
    std::string table =
        "<table class=\"sorts\"><thead><tr><th scope=\"col\">when</th><th scope=\"col\">world</th>"
        "<th scope=\"col\">scenario</th><th scope=\"col\">slice</th><th scope=\"col\">folder</th>"
        "<th scope=\"col\">host</th><th scope=\"col\">compiler</th><th scope=\"col\">commit</th>"
        "</tr></thead><tbody>\n";
    for (std::size_t n = 0; n < std::min(most_sightings, finding.sightings.size()); ++n) {
        const sighting& one = finding.sightings[n];
        table += fmt::format(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
            "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
            shown(one.at), shown(one.world), shown(one.cell.scenario), one.slice, shown(one.folder),
            shown(one.host), shown(one.compiler), shown(one.commit.substr(0, 12)));
    }
    std::string text = scrolling(table + "</tbody></table>", "where it was seen");
    if (finding.sightings.size() > most_sightings)
        text += fmt::format("<p class=\"soft small\">and {} more, which the journals have</p>\n",
                            finding.sightings.size() - most_sightings);
    return text;
}

[[nodiscard]] std::string finding_body(const finding_group& finding) {
    const sighting& first = finding.sightings.front();
    std::string text = fmt::format("<p class=\"sentence\">{}</p>\n", shown(first.sentence));
    text +=
        fmt::format("<p class=\"soft small\">{}, broken {} times; first seen {}, last {}{}</p>\n",
                    counted(finding.sightings.size(), "slice"), finding.count,
                    shown(finding.first_seen), shown(finding.last_seen),
                    finding.again.runs == 0
                        ? ""
                        : "; run again at once: " + shown(reproduction_text(finding.again)));
    if (finding.explained) {
        const explained_finding& how = *finding.explained;
        if (!how.headline.empty()) text += fmt::format("<p>{}</p>\n", shown(how.headline));
        if (!how.steps.empty())
            text += scrolling(lanes(how, "l-" + finding.id), "the interleaving, step by step");
        if (!how.table.empty())
            text += fmt::format(
                "<details{}><summary>The interleaving as text</summary>\n{}"
                "</details>\n",
                how.steps.empty() ? " open=\"open\"" : "",
                text_block(how.table, "the interleaving as text"));
        if (!how.test_file.empty())
            text += fmt::format("<p>As a test: <code>{}</code></p>\n", shown(how.test_file));
    }
    if (!first.command.empty())
        text += "<p class=\"soft small\">Run it again with</p>\n" +
                scrolling("<pre class=\"wrap\">" + shown(first.command) + "</pre>",
                          "the command that runs it again");
    if (!finding.stacks.empty())
        text += "<details><summary>Stacks of all threads</summary>\n" +
                text_block(finding.stacks, "stacks of all threads") + "</details>\n";
    if (!finding.last_events.empty())
        text += "<details><summary>Each worker's last calls</summary>\n" +
                text_block(finding.last_events, "last calls of each worker") + "</details>\n";
    text +=
        "<details><summary>Every sighting</summary>\n" + sightings_table(finding) + "</details>\n";
    return text;
}

[[nodiscard]] std::string findings_section(const report_input& what) {
    std::string text = "<section aria-labelledby=\"findings\"><h2 id=\"findings\">Findings</h2>\n";
    std::size_t unexpected = 0;
    for (const finding_group& finding : what.night.findings) {
        if (finding.expected) continue;
        ++unexpected;
        const std::string age = age_text(finding, what.changes);
        text += fmt::format(
            "<article id=\"{}\"><h3>{} {}</h3>\n{}</article>\n", anchor_of(finding),
            shown(title_text(finding)),
            age.empty() ? ""
                        : fmt::format("<span class=\"tag {}\">{}</span>",
                                      is_new(finding, what.changes) ? "bad" : "known", shown(age)),
            finding_body(finding));
    }
    if (unexpected == 0) text += "<p>None that was not expected.</p>\n";
    if (what.night.findings.size() > unexpected)
        text += "<p class=\"soft\">Known breakages of variants that are there to break:</p>\n";
    for (const finding_group& finding : what.night.findings)
        if (finding.expected)
            text += fmt::format(
                "<details class=\"finding\" id=\"{}\"><summary>{} <span "
                "class=\"soft\">in {}, {}</span></summary>\n{}</details>\n",
                anchor_of(finding), shown(title_text(finding)),
                shown(finding.sightings.front().cell.scenario),
                counted(finding.sightings.size(), "slice"), finding_body(finding));
    return text + "</section>\n";
}

[[nodiscard]] std::string cells_section(const summary& night) {
    std::string table =
        "<table class=\"sorts\"><thead><tr><th scope=\"col\">world</th><th scope=\"col\">variant"
        "</th><th scope=\"col\">discipline</th><th scope=\"col\">scenario</th><th scope=\"col\">"
        "verdict</th><th scope=\"col\">why</th><th scope=\"col\">slices</th><th scope=\"col\">CPU "
        "s</th><th scope=\"col\">near misses</th><th scope=\"col\">clear to put, ns</th></tr>"
        "</thead><tbody>\n";
    for (const cell_total& cell : night.cells) {
        std::uint64_t near = 0;
        for (const auto& [name, times] : cell.near_misses) near += times;
        table += fmt::format(
            "<tr id=\"{}\"><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><span class=\"tag "
            "{}\">{}</span></td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.1f}</td>"
            "<td class=\"n\" data-v=\"{}\">{}</td><td class=\"n\">{}</td></tr>\n",
            anchor_of(night, cell), shown(cell.world), shown(cell.plan.name.variant),
            shown(cell.plan.name.discipline), shown(cell.plan.name.scenario),
            !cell.as_expected         ? "bad"
            : cell.verdict == "holds" ? "good"
                                      : "known",
            shown(verdict_text(cell)), shown(reason_text(cell)), cell.slices, cell.cpu_seconds,
            near, to_human(static_cast<double>(near)),
            cell.clear_to_put_ns == 0 ? "" : std::to_string(cell.clear_to_put_ns));
    }
    return "<section aria-labelledby=\"cells\"><h2 id=\"cells\">Every cell</h2>\n" +
           scrolling(table + "</tbody></table>", "every cell") + "</section>\n";
}

[[nodiscard]] std::string time_section(const summary& night) {
    std::string text = "<section aria-labelledby=\"time\"><h2 id=\"time\">Over time</h2>\n";
    const auto human = [](double value) { return to_human(value); };
    const auto mib = [](double kib) { return fmt::format("{:.1f} MiB", kib / 1024); };
    std::size_t number = 0;
    for (const series& one : night.over_time) {
        if (one.moments.size() < 2) continue;
        const std::string id = fmt::format("t-{}", number++);
        text += fmt::format("<h3>{} <span class=\"soft\">{}</span></h3>\n<div class=\"charts\">\n",
                            shown(one.world), shown(one.folder));
        const auto chart = [&](std::string_view name, std::string_view suffix, const auto& value,
                               const auto& as_text) {
            text += fmt::format("<figure><figcaption>{}</figcaption>{}</figure>\n", name,
                                line_chart(one.moments, std::string(name),
                                           fmt::format("{}-{}", id, suffix), value, as_text));
        };
        chart(
            "Operations a second", "o", [](const moment& at) { return at.operations_per_second; },
            human);
        chart(
            "Near misses of each slice", "n",
            [](const moment& at) { return static_cast<double>(at.near_misses); }, human);
        chart(
            "Resident memory of the soak", "s",
            [](const moment& at) { return static_cast<double>(at.resident_kib); }, mib);
        chart(
            "Resident memory of its trials, at most", "r",
            [](const moment& at) { return static_cast<double>(at.trial_resident_kib); }, mib);
        text += "</div>\n";
    }
    return text + "</section>\n";
}

[[nodiscard]] std::string attempts_section(const summary& night) {
    std::string table =
        "<table><thead><tr><th scope=\"col\">begun</th><th scope=\"col\">host</th><th "
        "scope=\"col\">processors</th><th scope=\"col\">compiler</th><th scope=\"col\">sanitizer"
        "</th><th scope=\"col\">version</th><th scope=\"col\">commit</th></tr></thead><tbody>\n";
    for (const attempt_record& one : night.attempts)
        table += fmt::format(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}"
            "</td><td>{}{}</td></tr>\n",
            shown(one.at), shown(one.host), one.processors, shown(one.compiler),
            shown(one.sanitizer), shown(one.version), shown(one.commit.substr(0, 12)),
            one.modified ? ", modified" : "");
    std::string text =
        "<section aria-labelledby=\"processes\"><h2 id=\"processes\">Processes</h2>\n" +
        scrolling(table + "</tbody></table>", "processes that worked on it");
    if (!night.remarks.empty()) {
        text += "<ul>\n";
        for (const std::string& one : night.remarks)
            text += fmt::format("<li>{}</li>\n", shown(one));
        text += "</ul>\n";
    }
    return text + "</section>\n";
}

/// What was done besides soaks. What went wrong there is at the top too.
[[nodiscard]] std::string others_section(const summary& night) {
    if (night.others.empty()) return {};
    std::string table =
        "<table><thead><tr><th scope=\"col\">what</th><th scope=\"col\">exit code</th><th "
        "scope=\"col\">result</th></tr></thead><tbody>\n";
    for (const other_part& one : night.others)
        table += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", shown(one.name),
                             one.code, shown(one.sentence));
    return "<section aria-labelledby=\"others\"><h2 id=\"others\">Also run</h2>\n" +
           scrolling(table + "</tbody></table>", "what was run besides soaks") + "</section>\n";
}

}  // namespace

std::string to_html(const report_input& what) {
    const summary& night = what.night;
    std::string text = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n<meta "
        "name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\"/>\n<title>pidmap-stress: "
        "{}</title>\n<style>{}</style></head>\n<body>\n<a class=\"skip\" href=\"#findings\">To the "
        "findings</a>\n",
        shown(night.verdict), page_style);
    text += top(what) + "<main>\n";
    if (night.slices != 0) {
        text += changes_section(what);
        text += exercised_section(night);
        text += matrix_section(what);
        text += findings_section(what);
        text += time_section(night);
        text += cells_section(night);
    }
    text += others_section(night);
    text += attempts_section(night);
    return text + fmt::format(
                      "</main>\n<footer>Made from journals alone; what holds was not seen "
                      "to break in what was exercised.</footer>\n<script>{}</script>\n"
                      "</body></html>\n",
                      page_script);
}

}  // namespace pidmap_stress::journal
