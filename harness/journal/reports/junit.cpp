// A night as JUnit XML, in the form that Jenkins, GitLab and GitHub read. There is no standard:
// what is written here is valid by the schema of Jenkins' xUnit plugin, and uses nothing that
// others lack.
//
// A testsuite is a world, or the campaign. A testcase of a world is a cell; one of the campaign is
// a canary, a watch on memory, or a part that is missing. Their names depend on what they are and
// not on what was seen, so that a CI system knows them again the next night.

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/journal/reports/outline.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/journal/reports/phrases.hpp"
#include "harness/journal/text/markup.hpp"
#include "harness/journal/text/safe_text.hpp"

namespace pidmap_stress::journal {
namespace {

constexpr std::size_t most_of_a_text = 64'000;
constexpr std::size_t most_of_a_message = 500;
/// What all texts may have together, after escaping. Names and messages come on top.
constexpr std::size_t most_of_all_texts = 9'000'000;
/// The suite of what is not a cell.
constexpr std::string_view campaign_suite = "campaign";

enum class outcome { passed, failure, error, skipped };
/// The element for each outcome but the first.
constexpr std::array<std::string_view, 4> element_names{"", "failure", "error", "skipped"};

struct test_case {
    std::string classname{};
    std::string name{};
    double seconds = 0;
    outcome how = outcome::passed;
    std::string type{};     ///< In one word, what went wrong.
    std::string message{};  ///< In one line.
    std::string text{};     ///< Of what went wrong; of what passed, it goes to system-out.
};

struct suite {
    std::string timestamp{};
    std::vector<test_case> cases{};
};
using suites_by_name = std::map<std::string, suite>;

// --- XML ----------------------------------------------------------------------------------------

[[nodiscard]] std::string attribute(std::string_view name, std::string_view value) {
    return fmt::format(" {}=\"{}\"", name, escaped(safe_text::one_line(value, most_of_a_message)));
}

/// Seconds as schemas want them: no exponent, no sign.
[[nodiscard]] std::string time_attribute(double seconds) {
    return fmt::format(" time=\"{:.3f}\"", seconds > 0 && seconds < 1e12 ? seconds : 0.0);
}

/// Hands out the room that texts have.
class text_room {
public:
    /// The text as it goes into an element: capped, escaped, or replaced by a note when all room is
    /// taken.
    [[nodiscard]] std::string take(std::string_view text) {
        std::string fit = escaped(safe_text::clipped(text, most_of_a_text));
        if (fit.size() > left_) {
            ++left_out_;
            return fmt::format(
                "(left out: a text of {} bytes; this file has no room for it, the "
                "other reports of the same night have it)",
                text.size());
        }
        left_ -= fit.size();
        return fit;
    }
    [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }

private:
    std::size_t left_ = most_of_all_texts;
    std::size_t left_out_ = 0;
};

[[nodiscard]] std::string to_xml(const test_case& one, text_room& room) {
    std::string xml = fmt::format("    <testcase{}{}{}", attribute("classname", one.classname),
                                  attribute("name", one.name), time_attribute(one.seconds));
    xml += ">\n";
    if (one.how == outcome::passed) {
        xml += fmt::format("      <system-out>{}</system-out>\n", room.take(one.text));
    } else {
        const std::string_view element = element_names[static_cast<std::size_t>(one.how)];
        xml += fmt::format("      <{}{}{}>{}</{}>\n", element, attribute("type", one.type),
                           attribute("message", one.message), room.take(one.text), element);
    }
    return xml + "    </testcase>\n";
}

struct counts {
    std::size_t tests = 0;
    std::array<std::size_t, 4> by_outcome{};
    double seconds = 0;

    void add(const test_case& one) {
        ++tests;
        ++by_outcome[static_cast<std::size_t>(one.how)];
        seconds += one.seconds;
    }
    [[nodiscard]] std::size_t of(outcome how) const {
        return by_outcome[static_cast<std::size_t>(how)];
    }
    /// Those that <testsuite> and <testsuites> both have.
    [[nodiscard]] std::string attributes() const {
        return fmt::format(" tests=\"{}\" failures=\"{}\" errors=\"{}\"{}", tests,
                           of(outcome::failure), of(outcome::error), time_attribute(seconds));
    }
};

// --- Testcases ----------------------------------------------------------------------------------

/// What went wrong in a cell, gravest first: broken invariants, then bad ends.
[[nodiscard]] std::string accounts_of(const cell_total& cell, const report_input& what,
                                      bool expected) {
    std::string text;
    for (const finding_group& group : what.night.findings) {
        const sighting* const at = seen_in(group, cell);
        const bool is_unexpected_here =
            group.invariant.empty()
                ? !cell.as_expected
                : std::ranges::find(cell.unexpected, group.invariant) != cell.unexpected.end();
        if (at == nullptr || is_unexpected_here == expected) continue;
        text += text.empty() ? "" : "\n";
        text += safe_text::one_line(title_text(group), most_of_a_message) + ":\n";
        text += account_text(group, *at, what.changes, {.events_and_stacks = !expected});
    }
    return text;
}

/// What is known to break, with where it was seen.
[[nodiscard]] std::string known_breakages(const cell_total& cell, const report_input& what) {
    std::vector<std::string> known;
    for (const auto& [invariant, times] : cell.broken)
        if (std::ranges::find(cell.unexpected, invariant) == cell.unexpected.end())
            known.push_back(fmt::format("{} {}", invariant, counted(times, "time")));
    if (known.empty()) return {};
    return fmt::format("known to break here: {}\n\n{}", fmt::join(known, ", "),
                       accounts_of(cell, what, true));
}

struct judgement {
    outcome how;
    std::string type;
};
[[nodiscard]] judgement judge(const cell_total& cell) {
    if (cell.slices == 0) return {outcome::skipped, "not_run"};
    if (cell.as_expected) return {outcome::passed, ""};
    if (!cell.unexpected.empty()) return {outcome::failure, "violation"};
    if (cell.verdict == "crash" || cell.verdict == "stall" || cell.verdict == "killed")
        return {outcome::error, cell.verdict};
    // As a canary that was not found: the harness is blind for what it is known to see.
    if (!cell.missing.empty()) return {outcome::error, "did_not_break"};
    return {outcome::skipped, "inconclusive"};
}

[[nodiscard]] test_case of_cell(const cell_total& cell, const report_input& what) {
    const cell_name& name = cell.plan.name;
    judgement judged = judge(cell);
    test_case one{.classname = fmt::format("{}.{}.{}", cell.world, name.variant, name.discipline),
                  .name = name.scenario,
                  .seconds = cell.seconds,
                  .how = judged.how,
                  .type = std::move(judged.type)};
    one.message = cell.slices == 0 ? "it was not run"
                                   : fmt::format("{}: {}", verdict_text(cell), reason_text(cell));
    one.text = one.message + "\n";
    for (const std::string& more : {accounts_of(cell, what, false), known_breakages(cell, what)})
        if (!more.empty()) one.text += "\n" + more;
    return one;
}

/// A testcase of the campaign's suite, which is an error unless `good`.
[[nodiscard]] test_case of_campaign(std::string_view kind, std::string name, bool good,
                                    std::string message) {
    return {.classname = fmt::format("{}.{}", campaign_suite, kind),
            .name = std::move(name),
            .how = good ? outcome::passed : outcome::error,
            .type = std::string(kind),
            .message = message,
            .text = message + "\n"};
}

/// Several journals of one world have the same watches: they are numbered, in the order of their
/// folders, because folders may have other names each night.
void add_numbered(std::vector<test_case>& to, test_case one) {
    const auto is_same = [&one](const test_case& other) {
        return other.classname == one.classname &&
               (other.name == one.name || other.name.starts_with(one.name + ", journal "));
    };
    if (const auto before = std::ranges::count_if(to, is_same); before != 0)
        one.name += fmt::format(", journal {}", before + 1);
    to.push_back(std::move(one));
}

[[nodiscard]] std::vector<test_case> campaign_cases(const summary& night) {
    std::vector<test_case> cases;
    cases.push_back(of_campaign("run", "something was run",
                                night.slices != 0 || !night.others.empty(),
                                fmt::format("{}; exit code {}", night.verdict, night.exit_code)));
    std::map<std::string, std::string> worlds_by_folder;
    for (const canary_state& canary : night.canaries) {
        worlds_by_folder[canary.folder] = canary.world;
        test_case one = of_campaign("canary", canary.world, !canary.dead, canary_text(canary));
        if (!canary.dead && !canary.last) one.how = outcome::skipped;
        one.seconds = canary.last ? canary.last->seconds : 0;
        add_numbered(cases, std::move(one));
    }
    for (const memory_watch& memory : night.memory) {
        const auto known = worlds_by_folder.find(memory.folder);
        test_case one =
            of_campaign("memory", known == worlds_by_folder.end() ? memory.folder : known->second,
                        !memory.grows, fmt::format("{}: {}", memory.folder, memory_text(memory)));
        if (memory.first_third_kib == 0 && !memory.grows) one.how = outcome::skipped;
        add_numbered(cases, std::move(one));
    }
    for (const missing_part& part : night.missing)
        cases.push_back(of_campaign("missing", part.what, false, part.what));
    for (const other_part& part : night.others)
        cases.push_back(of_campaign("parts", part.name, part.code == 0, part.sentence));
    return cases;
}

[[nodiscard]] suites_by_name suites_of(const report_input& what) {
    const summary& night = what.night;
    suites_by_name suites;
    for (const std::string& world : night.worlds) suites[world];
    for (const cell_total& cell : night.cells)
        suites[cell.world].cases.push_back(of_cell(cell, what));
    for (const series& line : night.over_time) {
        std::string& timestamp = suites[line.world].timestamp;
        if (!line.moments.empty() && (timestamp.empty() || line.moments.front().at < timestamp))
            timestamp = line.moments.front().at;
    }
    suites[std::string(campaign_suite)].cases = campaign_cases(night);
    return suites;
}

// --- Suites -------------------------------------------------------------------------------------

/// What the night was made with, for every suite.
[[nodiscard]] std::string properties_of(const summary& night) {
    std::set<std::pair<std::string, std::string>> properties{
        {"exit_code", std::to_string(night.exit_code)}, {"verdict", night.verdict}};
    for (const attempt_record& attempt : night.attempts) {
        properties.insert({"commit", attempt.commit + (attempt.modified ? ", modified" : "")});
        properties.insert({"compiler", attempt.compiler});
        properties.insert({"host", attempt.host});
    }
    std::string xml = "    <properties>\n";
    for (const auto& [name, value] : properties)
        xml += fmt::format("      <property{}{}/>\n", attribute("name", name),
                           attribute("value", value));
    return xml + "    </properties>\n";
}

[[nodiscard]] std::string to_xml(const std::string& name, const suite& one, const summary& night,
                                 text_room& room) {
    counts sum;
    std::string cases;
    const std::size_t left_out_before = room.left_out();
    for (const test_case& test : one.cases) {
        sum.add(test);
        cases += to_xml(test, room);
    }
    std::string xml = fmt::format("  <testsuite{}{} skipped=\"{}\"", attribute("name", name),
                                  sum.attributes(), sum.of(outcome::skipped));
    const std::string& timestamp = one.timestamp.empty() ? night.began : one.timestamp;
    if (!timestamp.empty()) xml += attribute("timestamp", timestamp);
    xml += ">\n" + properties_of(night) + cases;
    if (const std::size_t left_out = room.left_out() - left_out_before; left_out != 0)
        xml += fmt::format(
            "    <system-out>{} left out: this file has no room for them</system-out>\n",
            counted(left_out, "text"));
    return xml + "  </testsuite>\n";
}

}  // namespace

std::string to_junit(const report_input& what) {
    text_room room;
    counts all;
    std::string suites;
    for (const auto& [name, one] : suites_of(what)) {
        suites += to_xml(name, one, what.night, room);
        for (const test_case& test : one.cases) all.add(test);
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"pidmap-stress\"{}>\n{}</testsuites>\n",
        all.attributes(), suites);
}

}  // namespace pidmap_stress::journal
