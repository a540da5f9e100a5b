// A night for a terminal: at most 60 lines, unless something unexpected was found.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/journal/reports/outline.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

constexpr std::size_t most_of_a_line = 400;
constexpr std::size_t most_findings = 10;
constexpr std::size_t most_of_a_table = 4'000;
// Lines of each part. With their heads, and what is always there, they add up to 60.
constexpr std::size_t most_changes = 8;
constexpr std::size_t most_problems = 9;
constexpr std::size_t most_rows = 18;  ///< Of the matrix.
constexpr std::size_t most_worlds = 6;
constexpr std::size_t most_others = 6;  ///< More, if there were no soaks.
constexpr std::size_t most_remarks = 3;

/// One line, or none of an empty text.
[[nodiscard]] std::string line(std::string_view text) {
    return text.empty() ? "" : safe_text::one_line(text, most_of_a_line) + "\n";
}

[[nodiscard]] std::string indented(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out += fmt::format("    {}\n", text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

/// The first of these, a line each, and how many there are besides.
[[nodiscard]] std::string some_lines(const std::vector<std::string>& sentences, std::size_t most) {
    std::string text;
    for (std::size_t n = 0; n < std::min(sentences.size(), most); ++n)
        text += "  " + line(sentences[n]);
    if (sentences.size() > most)
        text += fmt::format("  and {} more, see the report\n", sentences.size() - most);
    return text;
}

/// A head and what stands below it; nothing without sentences.
[[nodiscard]] std::string part(std::string_view head, const std::vector<std::string>& sentences,
                               std::size_t most) {
    return sentences.empty() ? "" : fmt::format("{}:\n{}", head, some_lines(sentences, most));
}

[[nodiscard]] std::string changes_part(const comparison& changes) {
    // Nobody asked for a comparison.
    if (!changes.has_baseline && changes.remark.empty()) return {};
    const told_changes told = changes_to_tell(changes);
    std::string text =
        line("what changed: " + told.compared_with) + some_lines(told.sentences, most_changes);
    if (told.known_still_there != 0)
        text +=
            fmt::format("  {} still there\n", counted(told.known_still_there, "known breakage"));
    else if (told.sentences.empty() && changes.has_baseline)
        text += "  nothing changed\n";
    return text;
}

[[nodiscard]] std::string findings_part(const report_input& what) {
    const std::vector<const finding_group*> groups = unexpected_findings(what);
    if (groups.empty()) return {};
    std::string text = fmt::format("{}:\n", counted(groups.size(), "unexpected finding"));
    for (std::size_t n = 0; n < std::min(groups.size(), most_findings); ++n) {
        const finding_group& group = *groups[n];
        const sighting& first = group.sightings.front();
        text += "  " + line(fmt::format("{}, in {} of world {}", title_text(group),
                                        first.cell.scenario, first.world));
        text +=
            indented(account_text(group, first, what.changes,
                                  {.table_bytes = most_of_a_table, .events_and_stacks = false}));
    }
    if (groups.size() > most_findings)
        text += fmt::format("  and {} more, see the report\n", groups.size() - most_findings);
    return text;
}

[[nodiscard]] std::string problems_part(const summary& night) {
    std::vector<std::string> sentences;
    for (const problem& one : other_problems(night))
        sentences.push_back(fmt::format("{}: {}", one.title, one.sentence));
    return part("not as it should be", sentences, most_problems);
}

/// What broke in an entry, or on what it rests that nothing did.
[[nodiscard]] std::string reason_of(const matrix_entry& entry) {
    if (!entry.broken.empty()) return fmt::format("{}", fmt::join(entry.broken, ", "));
    return fmt::format("{}, {} operations", counted(entry.scenarios.size(), "scenario"),
                       to_human(static_cast<double>(entry.operations)));
}

/// A row for each variant and discipline, as `run` prints them.
[[nodiscard]] std::string matrix_part(const summary& night) {
    const safety_matrix matrix = matrix_of(night);
    if (matrix.entries.empty()) return {};
    std::size_t width = 0;
    for (const std::string& variant : matrix.variants) width = std::max(width, variant.size());
    std::string text = "safety matrix, all scenarios and worlds together; (!): not as declared\n";
    std::size_t rows = 0;
    for (const auto& [key, entry] : matrix.entries) {
        if (rows++ == most_rows) break;
        text +=
            fmt::format("  {:<{}}  {:<10} {}: {}", safe_text::one_line(key.first, most_of_a_line),
                        width, safe_text::one_line(key.second, most_of_a_line), entry_text(entry),
                        line(reason_of(entry)));
    }
    if (matrix.entries.size() > most_rows)
        text += fmt::format("  and {} more, see the report\n", matrix.entries.size() - most_rows);
    return text;
}

[[nodiscard]] std::string exercised_part(const summary& night) {
    std::vector<std::string> sentences;
    for (const auto& [name, world] : worlds_of(night))
        sentences.push_back(fmt::format(
            "{}: {} of {} as expected, {}, {} operations, {} of CPU time", name, world.as_expected,
            counted(world.cells, "cell"), counted(world.slices, "slice"),
            to_human(static_cast<double>(world.operations)), duration_text(world.cpu_seconds)));
    return part("exercised", sentences, most_worlds) + line(bound_text(night));
}

/// How many of them are as they should be. Those that are not are among the problems.
[[nodiscard]] std::string watches_part(const summary& night) {
    std::string text;
    if (!night.canaries.empty())
        text += fmt::format("planted bugs: found in {} of {}\n",
                            std::ranges::count(night.canaries, false, &canary_state::dead),
                            counted(night.canaries.size(), "journal"));
    if (!night.memory.empty())
        text += fmt::format("memory: no growth in {} of {}\n",
                            std::ranges::count(night.memory, false, &memory_watch::grows),
                            counted(night.memory.size(), "journal"));
    return text;
}

}  // namespace

std::string to_plain_text(const report_input& what) {
    const summary& night = what.night;
    std::string text = line(night.verdict);
    if (night.slices != 0) {
        text += changes_part(what.changes);
        text += findings_part(what);
    }
    text += problems_part(night);
    if (night.slices != 0) {
        text += matrix_part(night);
        text += exercised_part(night);
    }
    text += watches_part(night);
    text += part("also run", others_of(night),
                 night.slices == 0 ? most_rows + most_others : most_others);
    text += part("remarks", night.remarks, most_remarks);
    return text + fmt::format("exit code {}\n", night.exit_code);
}

}  // namespace pidmap_stress::journal
