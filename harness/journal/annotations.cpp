// Lines that GitHub shows at the commit.

#include <algorithm>

#include <fmt/format.h>

#include "harness/journal/pages.hpp"
#include "harness/journal/phrases.hpp"

namespace pidmap_stress::journal {
namespace {

/// GitHub shows ten of a step.
constexpr std::size_t most_errors = 10;

/// \source GitHub's toolkit, "workflow commands": what ends a command or a property is escaped.
[[nodiscard]] std::string escaped(std::string_view text, bool is_property) {
    std::string out;
    for (const char c : text) {
        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out;
}

[[nodiscard]] std::string error_line(const std::string& title, const std::string& text) {
    return fmt::format("::error title={}::{}", escaped(title, true), escaped(text, false));
}

}  // namespace

std::vector<std::string> to_annotations(const report_input& what) {
    std::vector<std::string> news;
    std::vector<std::string> others;
    for (const finding_group& finding : what.night.findings) {
        if (finding.expected) continue;
        const sighting& first = finding.sightings.front();
        std::string text = first.sentence;
        if (!first.command.empty()) text += "\n" + first.command;
        (is_new(finding, what.changes) ? news : others)
            .push_back(error_line(title_text(finding), text));
    }
    std::vector<std::string> lines = std::move(news);
    lines.insert(lines.end(), others.begin(), others.end());
    for (const canary_state& canary : what.night.canaries)
        if (canary.dead) lines.push_back(error_line("no living canary", canary.why));
    for (const missing_part& part : what.night.missing)
        lines.push_back(error_line("missing", part.what));
    if (lines.empty() && what.night.exit_code != 0)
        lines.push_back(error_line("pidmap-stress", what.night.verdict));
    if (lines.size() <= most_errors) return lines;
    const std::size_t more = lines.size() - (most_errors - 1);
    lines.resize(most_errors - 1);
    lines.push_back(error_line("and more", fmt::format("{} more: see the report", more)));
    return lines;
}

}  // namespace pidmap_stress::journal
