// A summary as JUnit XML: the subset that Jenkins, GitLab and GitHub read.

#include <algorithm>

#include <fmt/format.h>

#include "harness/journal/pages.hpp"
#include "harness/journal/phrases.hpp"

namespace pidmap_stress::journal {
namespace {

/// Of one text; and of all of them, beyond which texts are left out.
constexpr std::size_t longest_text = 64'000;
constexpr std::size_t longest_document = 10'000'000;

/// Text as XML 1.0 allows it: what it forbids even as an entity becomes a question mark.
[[nodiscard]] std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, longest_text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\n':
            case '\t':
                out += c;
                break;
            default:
                out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    if (text.size() > longest_text)
        out += fmt::format("\n... and {} bytes more, which the journal has",
                           text.size() - longest_text);
    return out;
}

/// A line that is an attribute.
[[nodiscard]] std::string attribute(std::string_view text) {
    std::string line = escaped(text.substr(0, 500));
    std::ranges::replace(line, '\n', ' ');
    return line;
}

struct test_case {
    enum class outcome { passed, failed, erroneous, skipped };
    std::string classname{};
    std::string name{};
    double seconds = 0;
    outcome how = outcome::passed;
    std::string message{};
    std::string text{};
};

struct test_suite {
    std::string name{};
    std::string timestamp{};
    std::vector<test_case> cases{};
};

/// All that a reader needs to go on: the sentence, how to run it again, the interleaving.
[[nodiscard]] std::string told(const finding_group& finding, const comparison& changes) {
    const sighting& first = finding.sightings.front();
    std::string text = fmt::format("{}\n{}\n", title_text(finding), first.sentence);
    if (const std::string age = age_text(finding, changes); !age.empty()) text += age + "\n";
    text += fmt::format("seen in {}, first at {}\n", counted(finding.sightings.size(), "slice"),
                        finding.first_seen);
    if (finding.again.runs != 0)
        text += fmt::format("run again at once: {}\n", reproduction_text(finding.again));
    if (!first.command.empty()) text += fmt::format("run it again with\n  {}\n", first.command);
    if (finding.explained) text += finding.explained->table + "\n";
    text += finding.stacks;
    return text;
}

[[nodiscard]] test_case case_of(const cell_total& cell, const report_input& what) {
    using outcome = test_case::outcome;
    test_case out{.classname = fmt::format("{}.{}.{}", cell.world, cell.plan.name.variant,
                                           cell.plan.name.discipline),
                  .name = cell.plan.name.scenario,
                  .seconds = cell.seconds,
                  .message = fmt::format("{}: {}", verdict_text(cell), reason_text(cell))};
    for (const finding_group& finding : what.night.findings) {
        const bool is_here = std::ranges::any_of(finding.sightings, [&cell](const sighting& one) {
            return one.world == cell.world && one.cell == cell.plan.name;
        });
        if (is_here) out.text += told(finding, what.changes) + "\n";
    }
    if (cell.slices == 0) {
        out.how = outcome::skipped;
        out.message = "it was not run";
    } else if (!cell.unexpected.empty()) {
        out.how = outcome::failed;
    } else if (cell.as_expected) {
        out.how = outcome::passed;
    } else if (cell.verdict == "crash" || cell.verdict == "stall" || cell.verdict == "killed") {
        out.how = outcome::erroneous;
    } else {
        out.how = outcome::skipped;
    }
    return out;
}

[[nodiscard]] test_case note(std::string classname, std::string name, bool good,
                             std::string message) {
    return {.classname = std::move(classname),
            .name = std::move(name),
            .how = good ? test_case::outcome::passed : test_case::outcome::erroneous,
            .message = std::move(message)};
}

[[nodiscard]] std::string to_xml(const test_case& one, bool with_texts) {
    using outcome = test_case::outcome;
    std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">",
                                   attribute(one.classname), attribute(one.name), one.seconds);
    const std::string message = attribute(one.message);
    const std::string all = with_texts ? escaped(one.text) : "";
    switch (one.how) {
        case outcome::passed:
            text += fmt::format("<system-out>{}{}{}</system-out>", escaped(one.message),
                                all.empty() ? "" : "\n", all);
            break;
        case outcome::failed:
            text += fmt::format("<failure message=\"{}\" type=\"violation\">{}</failure>", message,
                                all);
            break;
        case outcome::erroneous:
            text += fmt::format("<error message=\"{}\" type=\"error\">{}</error>", message, all);
            break;
        case outcome::skipped:
            text += fmt::format("<skipped message=\"{}\"/>", message);
            break;
    }
    return text + "</testcase>\n";
}

[[nodiscard]] std::size_t count(const test_suite& suite, test_case::outcome how) {
    return static_cast<std::size_t>(std::ranges::count(suite.cases, how, &test_case::how));
}

[[nodiscard]] std::vector<test_suite> suites_of(const report_input& what) {
    const summary& night = what.night;
    std::vector<test_suite> suites;
    const std::string timestamp = night.began.substr(0, night.began.find('.'));
    for (const std::string& world : night.worlds) {
        test_suite suite{.name = world, .timestamp = timestamp};
        for (const cell_total& cell : night.cells)
            if (cell.world == world) suite.cases.push_back(case_of(cell, what));
        suites.push_back(std::move(suite));
    }
    test_suite whole{.name = "campaign", .timestamp = timestamp};
    whole.cases.push_back(note("campaign", "something was run", night.slices != 0, night.verdict));
    for (const canary_state& canary : night.canaries)
        whole.cases.push_back(note("campaign.canary",
                                   fmt::format("{} {}", canary.world, canary.folder), !canary.dead,
                                   canary_text(canary)));
    for (const memory_watch& memory : night.memory)
        whole.cases.push_back(note("campaign.memory", memory.folder, !memory.grows,
                                   fmt::format("{} KiB in the first third, {} KiB in the last",
                                               memory.first_third_kib, memory.last_third_kib)));
    for (const missing_part& part : night.missing)
        whole.cases.push_back(note("campaign.missing", part.what, false, part.what));
    suites.push_back(std::move(whole));
    return suites;
}

}  // namespace

std::string to_junit(const report_input& what) {
    using outcome = test_case::outcome;
    std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
    for (const test_suite& suite : suites_of(what)) {
        double seconds = 0;
        for (const test_case& one : suite.cases) seconds += one.seconds;
        text += fmt::format(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
            "time=\"{:.3f}\" timestamp=\"{}\">\n",
            attribute(suite.name), suite.cases.size(), count(suite, outcome::failed),
            count(suite, outcome::erroneous), count(suite, outcome::skipped), seconds,
            attribute(suite.timestamp));
        for (const test_case& one : suite.cases)
            text += to_xml(one, text.size() < longest_document);
        text += "  </testsuite>\n";
    }
    return text + "</testsuites>\n";
}

}  // namespace pidmap_stress::journal
