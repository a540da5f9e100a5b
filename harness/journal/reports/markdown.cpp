// A night as Markdown for the summary of a CI step: GitHub takes a mebibyte and refuses what is
// longer, all of it. Each part has a share of that, so that the whole is bounded by construction.

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/journal/reports/outline.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/text/mermaid.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

constexpr std::size_t most_of_a_sentence = 1'000;
constexpr std::size_t most_of_a_command = 2'000;
constexpr std::size_t most_of_a_block = 16'000;  ///< Table, events, stacks: each.
constexpr std::size_t most_of_findings = 600'000;
constexpr std::size_t most_of_a_list = 40'000;  ///< Each of the other parts, of which there are 9.

/// Text between Markdown's own characters, in one line: nothing in it is Markdown or HTML.
[[nodiscard]] std::string prose(std::string_view text) {
    std::string out;
    for (const char c : safe_text::one_line(text, most_of_a_sentence)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (std::string_view("\\`*_[]|~#$!").find(c) != std::string_view::npos)
            out += fmt::format("\\{}", c);
        else
            out += c;
    }
    return out;
}

[[nodiscard]] std::size_t longest_run_of_backticks(std::string_view text) {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

/// A span of code.
[[nodiscard]] std::string code(std::string_view text) {
    const std::string line = safe_text::one_line(text, most_of_a_sentence);
    if (line.empty()) return {};
    const std::string fence(longest_run_of_backticks(line) + 1, '`');
    const std::string_view space = fence.size() > 1 ? " " : "";
    return fmt::format("{}{}{}{}{}", fence, space, line, space, fence);
}

/// The same within a table, which is split at bars before spans are seen.
[[nodiscard]] std::string code_in_table(std::string_view text) {
    std::string out;
    for (const char c : code(text)) out += c == '|' ? std::string("\\|") : std::string(1, c);
    return out;
}

/// A block of code; nothing of an empty text.
[[nodiscard]] std::string block(std::string_view language, std::string_view text,
                                std::size_t most = most_of_a_block) {
    if (text.empty()) return {};
    const std::string lines = safe_text::clipped(text, most);
    const std::string fence(std::max<std::size_t>(longest_run_of_backticks(lines) + 1, 3), '`');
    return fmt::format("\n{}{}\n{}\n{}\n", fence, language, lines, fence);
}

[[nodiscard]] std::string folded(std::string_view head, const std::string& body) {
    if (body.empty()) return {};
    return fmt::format("\n<details><summary>{}</summary>\n{}\n</details>\n", head, body);
}

/// As many pieces as there is room for, and how many are left out.
///
/// \param piece_at  From a number below `count` to a piece. It is called for no more pieces than
///                  have room: a night can have thousands of findings.
template <class Function>
[[nodiscard]] std::string within(std::size_t room, std::size_t count, std::string_view called,
                                 Function&& piece_at) {
    std::string text;
    for (std::size_t n = 0; n < count; ++n) {
        const std::string piece = piece_at(n);
        if (text.size() + piece.size() > room)
            return text + fmt::format("\n*and {}, which the page has.*\n",
                                      counted(count - n, fmt::format("more {}", called)));
        text += piece;
    }
    return text;
}

[[nodiscard]] std::string list_of(const std::vector<std::string>& sentences,
                                  std::string_view called) {
    return within(most_of_a_list, sentences.size(), called, [&sentences](std::size_t n) {
        return fmt::format("- {}\n", prose(sentences[n]));
    });
}

[[nodiscard]] std::string section(std::string_view head, const std::string& body) {
    return body.empty() ? "" : fmt::format("\n## {}\n\n{}", head, body);
}

// --- Findings -----------------------------------------------------------------------------------

[[nodiscard]] std::string interleaving(const finding_group& group) {
    if (!group.explained) return {};
    const explained_finding& shown = *group.explained;
    std::string text;
    if (!shown.headline.empty()) text += fmt::format("\n{}\n", prose(shown.headline));
    text += block("text", shown.table);
    text += folded("Drawing", block("mermaid", to_mermaid(shown), 60'000));
    if (const std::string replay = replay_command(group); !replay.empty())
        text += "\nReplay it with\n" + block("sh", replay, most_of_a_command);
    return text;
}

[[nodiscard]] std::string finding(const finding_group& group, const comparison& changes,
                                  std::size_t number) {
    const sighting& first = group.sightings.front();
    std::string text = fmt::format("\n### {}. {}\n\n{}\n\n", number, prose(title_text(group)),
                                   prose(first.sentence));
    text += fmt::format("- Cell: {} in world {}\n", code(to_string(first.cell)), code(first.world));
    text +=
        fmt::format("- Finding {}: {}\n", code(group.id), prose(occurrence_text(group, changes)));
    text += fmt::format("- It came again in {}\n", prose(recurrence_text(group.again)));
    text += fmt::format("- Host {}, {}, commit {}\n", prose(first.host), prose(first.compiler),
                        code(first.commit));
    if (!first.command.empty())
        text += "\nRun it again with\n" + block("sh", first.command, most_of_a_command);
    text += interleaving(group);
    text += folded("Last events, newest last", block("text", group.last_events));
    text += folded("Stacks", block("text", group.stacks));
    return text;
}

[[nodiscard]] std::string findings_part(const report_input& what) {
    const std::vector<const finding_group*> groups = unexpected_findings(what);
    if (groups.empty()) return "None that is not a known breakage.\n";
    return fmt::format("{}:\n", counted(groups.size(), "unexpected finding")) +
           within(most_of_findings, groups.size(), "finding", [&what, &groups](std::size_t n) {
               return finding(*groups[n], what.changes, n + 1);
           });
}

[[nodiscard]] std::string problems_part(const summary& night) {
    std::vector<std::string> sentences;
    for (const problem& one : other_problems(night))
        sentences.push_back(fmt::format("{}: {}", one.title, one.sentence));
    return list_of(sentences, "item");
}

/// What variants are known to break, folded: nobody has to act on it.
[[nodiscard]] std::string known_part(const report_input& what) {
    std::vector<std::string> sentences;
    for (const finding_group& group : what.night.findings)
        if (group.expected)
            sentences.push_back(fmt::format("{}, finding {}: {}", title_text(group), group.id,
                                            occurrence_text(group, what.changes)));
    if (sentences.empty()) return {};
    return folded(counted(sentences.size(), "known breakage"),
                  "\n" + list_of(sentences, "known breakage"));
}

// --- The other parts ----------------------------------------------------------------------------

[[nodiscard]] std::string changes_part(const comparison& changes) {
    const told_changes told = changes_to_tell(changes);
    std::string text = prose(told.compared_with) + "\n\n" + list_of(told.sentences, "change");
    if (told.known_still_there != 0)
        text +=
            fmt::format("- {} still there\n", counted(told.known_still_there, "known breakage"));
    return text;
}

[[nodiscard]] std::string matrix_entry_text(const matrix_entry& entry) {
    const std::string word = entry_text(entry);
    const bool stands_out = word.ends_with("(!)");
    std::string text = stands_out ? fmt::format("**{}**", word) : word;
    if (!entry.broken.empty())
        text += fmt::format(": {}", prose(fmt::format("{}", fmt::join(entry.broken, ", "))));
    return text + fmt::format("<br>{}, {} operations", counted(entry.scenarios.size(), "scenario"),
                              to_human(static_cast<double>(entry.operations)));
}

[[nodiscard]] std::string matrix_part(const summary& night) {
    const safety_matrix matrix = matrix_of(night);
    if (matrix.variants.empty()) return {};
    std::string text =
        "All scenarios and worlds together; (!): not as the variant declares.\n\n| |";
    std::string rule = "|---|";
    for (const std::string& discipline : matrix.disciplines) {
        text += fmt::format(" {} |", code_in_table(discipline));
        rule += "---|";
    }
    text += "\n" + rule + "\n";
    return text + within(most_of_a_list, matrix.variants.size(), "variant", [&](std::size_t n) {
               std::string row = fmt::format("| {} |", code_in_table(matrix.variants[n]));
               for (const std::string& discipline : matrix.disciplines) {
                   const auto entry = matrix.entries.find({matrix.variants[n], discipline});
                   row += entry == matrix.entries.end()
                              ? " |"
                              : fmt::format(" {} |", matrix_entry_text(entry->second));
               }
               return row + "\n";
           });
}

[[nodiscard]] std::string exercised_part(const summary& night) {
    std::vector<std::string> rows;
    for (const auto& [name, world] : worlds_of(night))
        rows.push_back(fmt::format("| {} | {} | {} | {} | {} | {} |\n", code_in_table(name),
                                   world.as_expected, world.cells, world.slices,
                                   to_human(static_cast<double>(world.operations)),
                                   duration_text(world.cpu_seconds)));
    std::string text =
        "| world | cells as expected | cells | slices | operations | CPU time |\n"
        "|---|--:|--:|--:|--:|--:|\n" +
        within(most_of_a_list, rows.size(), "world", [&rows](std::size_t n) { return rows[n]; });
    if (const std::string bound = bound_text(night); !bound.empty())
        text += fmt::format("\n{}\n", prose(bound));
    std::vector<std::string> watches;
    for (const canary_state& canary : night.canaries)
        if (!canary.dead) watches.push_back(fmt::format("planted bug, {}", canary_text(canary)));
    for (const memory_watch& memory : night.memory)
        if (!memory.grows)
            watches.push_back(fmt::format("{}: {}", memory.folder, memory_text(memory)));
    return text + "\n" + list_of(watches, "watch");
}

/// Each build and host once.
[[nodiscard]] std::string attempts_part(const summary& night) {
    std::set<std::string> unique;
    for (const attempt_record& attempt : night.attempts)
        unique.insert(fmt::format("{}, {} processors: version {}, commit {}{}, {}, sanitizer {}",
                                  attempt.host, attempt.processors, attempt.version, attempt.commit,
                                  attempt.modified ? ", modified" : "", attempt.compiler,
                                  attempt.sanitizer));
    return list_of({unique.begin(), unique.end()}, "build");
}

[[nodiscard]] std::string head(const summary& night) {
    std::string text =
        fmt::format("# pidmap-stress: {}\n\nExit code {}", prose(night.verdict), night.exit_code);
    if (!night.began.empty())
        text += fmt::format("; {} to {}, {} of CPU time", prose(night.began), prose(night.ended),
                            duration_text(night.cpu_seconds));
    return text + ".\n";
}

}  // namespace

std::string to_markdown(const report_input& what) {
    const summary& night = what.night;
    std::string text = head(night);
    if (night.slices != 0) text += section("Findings", findings_part(what));
    text += section("Not as it should be", problems_part(night));
    if (night.slices != 0) {
        text += known_part(what);
        text += section("What changed", changes_part(what.changes));
        text += section("Safety matrix", matrix_part(night));
        text += section("Exercised", exercised_part(night));
    }
    text += section("Also run", list_of(others_of(night), "part"));
    text += section("Builds", attempts_part(night));
    return text + section("Remarks", list_of(night.remarks, "remark"));
}

}  // namespace pidmap_stress::journal
