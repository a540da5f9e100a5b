// Lines that GitHub shows at the commit.

#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/journal/reports/outline.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

/// GitHub shows ten errors of a step, and drops the others without a word.
constexpr std::size_t most_annotations = 10;
constexpr std::size_t most_of_a_title = 200;
constexpr std::size_t most_of_a_message = 4'000;

/// Percent-encodes these characters. A per cent sign must be among them.
[[nodiscard]] std::string encoded(std::string_view text, std::string_view characters) {
    std::string out;
    for (const char c : text) {
        if (characters.find(c) != std::string_view::npos)
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

/// \source GitHub's `toolkit`, packages/core/src/command.ts.
[[nodiscard]] std::string error_line(std::string_view title, std::string_view message) {
    constexpr std::string_view in_messages = "%\r\n";
    constexpr std::string_view in_properties = "%\r\n:,";
    return fmt::format("::error title={}::{}",
                       encoded(safe_text::one_line(title, most_of_a_title), in_properties),
                       encoded(safe_text::clipped(message, most_of_a_message), in_messages));
}

[[nodiscard]] problem problem_of(const finding_group& group, const comparison& changes) {
    constexpr std::size_t most_of_a_part = 1'000;
    const sighting& first = group.sightings.front();
    std::string text = safe_text::one_line(first.sentence, most_of_a_part) + "\n";
    if (!first.command.empty())
        text += fmt::format("run it again with: {}\n",
                            safe_text::one_line(first.command, most_of_a_part));
    text += fmt::format("it came again in {}\n", recurrence_text(group.again));
    if (const std::string age = age_text(group, changes); !age.empty()) text += age + "\n";
    return {.title = title_text(group), .sentence = std::move(text)};
}

}  // namespace

std::vector<std::string> to_annotations(const report_input& what) {
    std::vector<problem> problems;
    for (const finding_group* group : unexpected_findings(what))
        problems.push_back(problem_of(*group, what.changes));
    for (problem& other : other_problems(what.night)) problems.push_back(std::move(other));
    // A step that fails has at least one line that says why.
    if (problems.empty() && what.night.exit_code != 0)
        problems.push_back({.title = "pidmap-stress", .sentence = what.night.verdict});
    const bool all_fit = problems.size() <= most_annotations;
    const std::size_t shown = all_fit ? problems.size() : most_annotations - 1;
    std::vector<std::string> lines;
    for (std::size_t n = 0; n < shown; ++n)
        lines.push_back(error_line(problems[n].title, problems[n].sentence));
    if (!all_fit)
        lines.push_back(error_line(
            "and more", fmt::format("{} more: see the report", problems.size() - shown)));
    return lines;
}

}  // namespace pidmap_stress::journal
