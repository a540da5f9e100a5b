// Reports for readers: what is in them, and that nothing in a journal can break their form.

#include "harness/journal/reports/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "harness/journal/testing/journals.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

/// What would end, begin or break something in each of the forms.
const std::string nasty = "</script><b>&amp;\"'`|*_#;%%\n]]>\x01\x1b[31m ::error::x";

/// A night with an unexpected finding whose every text is nasty, a stall, a missed canary.
[[nodiscard]] summary bad_night() {
    journal_text journal = testing::some_journal("d" + nasty);
    journal.campaign.cells[0].name.scenario = nasty;
    slice_record bad = testing::some_finding(1, "2026-01-01T00:01:30Z", "unique_pid");
    bad.findings[0].sentence = nasty;
    bad.findings[0].explained->headline = nasty;
    bad.findings[0].explained->table = nasty;
    bad.findings[0].explained->steps[0].what = nasty;
    bad.findings[0].explained->steps[1].call = nasty;
    bad.findings[0].explained->steps[1].broken = {nasty};
    bad.findings[0].explained->test_file = nasty;
    bad.last_events = nasty;
    bad.command = nasty;
    journal.slices.push_back(bad);
    slice_record stalled = testing::some_slice(2, "2026-01-01T00:01:40Z");
    stalled.end = "stalled";
    stalled.ending = "no worker finished an operation for 15 s";
    stalled.stacks = "worker 0:\n  #0 vacate" + nasty;
    journal.slices.push_back(stalled);
    journal.canaries.push_back(testing::some_canary(false, 12));
    journal.attempts[0].host = nasty;
    journal.slices[0].at = "soon";
    journal.attempts[0].resumed = nasty;
    journal.ends.clear();
    return summarize({journal});
}

[[nodiscard]] comparison changes_of(const summary& night) {
    return compare(with_night(std::nullopt, summarize({testing::some_journal()})), night);
}

/// The first tag that is not closed, or closed and not open; "" if all are in order.
[[nodiscard]] std::string unbalanced(const std::string& page) {
    static const std::regex tag("<(/?)([a-zA-Z0-9]+)((?:[^<>\"]|\"[^\"]*\")*)>");
    std::vector<std::string> open;
    for (auto at = std::sregex_iterator(page.begin(), page.end(), tag);
         at != std::sregex_iterator(); ++at) {
        const std::smatch& one = *at;
        if (one[3].str().ends_with('/')) continue;
        if (one[1].length() == 0) {
            open.push_back(one[2]);
        } else {
            if (open.empty() || open.back() != one[2].str()) return one[0];
            open.pop_back();
        }
    }
    return open.empty() ? "" : open.back();
}

/// The page without its style and script, which are the same in every report.
[[nodiscard]] std::string body_of(const std::string& page) {
    const std::size_t begin = page.find("<body>") + 6;
    const std::size_t end = page.rfind("<script>");
    return page.substr(begin, end - begin);
}

// The first screen says the verdict, the exit code and what changed; then come the matrix and each
// finding with its interleaving, its rate and its command.
TEST(Page, SaysWhatThereIs) {
    const summary night = bad_night();
    const comparison changes = changes_of(night);
    const std::string page = to_html({.night = night, .changes = changes});
    for (const char* const text :
         {"exit code 2", "What changed", "unique_pid of as_posted under lookup", ">new<",
          "What was exercised", "Safety matrix", "<svg class=\"lanes\"", "marker-end",
          "step breaks", "4 of 5, 95 % CI", "Run it again with", "Stacks of all threads",
          "planted bug", "cut short after 5 slices", "Over time", "Every cell", "Clang 19.1.7"})
        EXPECT_THAT(page, HasSubstr(text));
}

// Whatever stands in a journal, the page is well formed and nothing of it is markup.
TEST(Page, IsWellFormedWhateverIsInIt) {
    const summary night = bad_night();
    const std::string page = to_html({.night = night, .changes = changes_of(night)});
    EXPECT_EQ(unbalanced(body_of(page)), "");
    EXPECT_EQ(unbalanced("<p><b></p></b>"), "</p>") << "the check can fail";
    EXPECT_THAT(body_of(page), Not(HasSubstr("<b>")));
    EXPECT_THAT(body_of(page), Not(HasSubstr("<script")));
    EXPECT_THAT(body_of(page), Not(HasSubstr("\x01")));
}

// It needs nothing from anywhere, and its links lead somewhere.
TEST(Page, StandsAlone) {
    const summary night = bad_night();
    const std::string page = to_html({.night = night, .changes = changes_of(night)});
    EXPECT_THAT(page, Not(HasSubstr("http")));
    EXPECT_THAT(page, Not(HasSubstr("src=")));
    std::set<std::string> ids;
    static const std::regex id("id=\"([^\"]*)\"");
    for (auto at = std::sregex_iterator(page.begin(), page.end(), id); at != std::sregex_iterator();
         ++at)
        EXPECT_TRUE(ids.insert((*at)[1]).second) << "twice: " << (*at)[1];
    static const std::regex link(
        "href=\"#([^\"]*)\"|url\\(#([^)]*)\\)|aria-labelledby=\"([^\"]*)\"");
    for (auto at = std::sregex_iterator(page.begin(), page.end(), link);
         at != std::sregex_iterator(); ++at)
        EXPECT_TRUE(ids.contains((*at)[1].str() + (*at)[2].str() + (*at)[3].str())) << (*at)[0];
}

// Every box that scrolls can be reached and named by keyboard.
TEST(Page, IsForTheKeyboardToo) {
    const summary night = bad_night();
    const std::string page = to_html({.night = night, .changes = {}});
    static const std::regex box("<div class=\"box\"([^>]*)>");
    std::size_t boxes = 0;
    for (auto at = std::sregex_iterator(page.begin(), page.end(), box);
         at != std::sregex_iterator(); ++at, ++boxes)
        EXPECT_THAT((*at)[1].str(), HasSubstr("tabindex=\"0\" role=\"region\" aria-label=\""));
    EXPECT_GT(boxes, 5U);
}

// Without findings a page of a usual night is small.
TEST(Page, IsSmallWithoutFindings) {
    journal_text journal = testing::some_journal();
    journal.campaign.cells.clear();
    for (int n = 0; n < 195; ++n)
        journal.campaign.cells.push_back({.name = {.variant = "variant" + std::to_string(n / 14),
                                                   .discipline = "member",
                                                   .scenario = "scenario" + std::to_string(n)}});
    journal.slices.clear();
    for (std::uint64_t n = 0; n < 3000; ++n) {
        journal.slices.push_back(testing::some_slice(n / 195, "2026-01-01T00:00:10Z"));
        journal.slices.back().cell = static_cast<unsigned>(n % 195);
    }
    const summary night = summarize({journal});
    EXPECT_LT(to_html({.night = night, .changes = {}}).size(), 300'000U);
}

/// Why a text is no XML, by a tool that knows; "" if it is.
[[nodiscard]] std::string xml_error(const std::string& text) {
    const pidmap_stress::testing::scratch_folder folder;
    std::ofstream(folder.path("x.xml")) << text;
    const auto end =
        pidmap_stress::testing::run_by_shell("xmllint --noout " + folder.path("x.xml"));
    return end.code == 0 ? "" : end.err;
}

// JUnit is XML whatever is in it; what was not expected failed, what is known passed.
TEST(Junit, TellsWhatFailed) {
    const summary night = bad_night();
    const std::string text = to_junit({.night = night, .changes = changes_of(night)});
    EXPECT_THAT(text,
                HasSubstr("<testsuite name=\"native\" tests=\"2\" failures=\"1\" errors=\"1\""));
    EXPECT_THAT(text, HasSubstr("type=\"violation\""));
    EXPECT_THAT(text, HasSubstr("classname=\"campaign.canary\""));
    EXPECT_THAT(text, Not(HasSubstr("\x01")));
    const summary good = summarize({testing::some_journal()});
    const std::string pass = to_junit({.night = good, .changes = {}});
    EXPECT_THAT(pass, Not(HasSubstr("<failure")));
    EXPECT_THAT(pass, Not(HasSubstr("<error")));
    if (std::system("command -v xmllint >/dev/null") != 0) GTEST_SKIP() << "there is no xmllint";
    EXPECT_EQ(xml_error(text), "");
    EXPECT_EQ(xml_error(pass), "");
    EXPECT_NE(xml_error("<a>"), "") << "the check can fail";
}

// The same cells have the same names in every night, and no two have one.
TEST(Junit, NamesEachCaseOnce) {
    const summary night = summarize({testing::some_journal(), testing::some_journal("e", "tsan")});
    const std::string text = to_junit({.night = night, .changes = {}});
    static const std::regex name("<testcase (classname=\"[^\"]*\" name=\"[^\"]*\")");
    std::set<std::string> names;
    for (auto at = std::sregex_iterator(text.begin(), text.end(), name);
         at != std::sregex_iterator(); ++at)
        EXPECT_TRUE(names.insert((*at)[1]).second) << (*at)[1];
    EXPECT_TRUE(names.contains("classname=\"tsan.sound.member\" name=\"churn\""));
}

// A campaign without a slice fails as JUnit, too.
TEST(Junit, IsNoPassOfNothing) {
    const summary none = summarize({});
    EXPECT_THAT(to_junit({.night = none, .changes = {}}), HasSubstr("<error"));
}

// Markdown has findings first, stays below what a step's summary may have, and no text is markup.
TEST(Markdown, PutsFindingsFirst) {
    const summary night = bad_night();
    const std::string text = to_markdown({.night = night, .changes = changes_of(night)});
    EXPECT_LT(text.find("## Findings"), text.find("## What changed"));
    EXPECT_LT(text.find("## What changed"), text.find("## Safety matrix"));
    EXPECT_THAT(text, HasSubstr("```mermaid\nsequenceDiagram"));
    EXPECT_THAT(text, Not(HasSubstr("\n</script><b>&amp;\"'`|*_#;%%\n]]> in")));
    journal_text journal = testing::some_journal();
    for (std::uint64_t n = 0; n < 3000; ++n) {
        slice_record slice = testing::some_finding(n, "2026-01-01T00:01:00Z", "unique_pid");
        slice.findings[0].explained->program = std::to_string(n);
        slice.findings[0].explained->table = std::string(40'000, 'x');
        journal.slices.push_back(slice);
    }
    const summary many = summarize({journal});
    const std::string capped = to_markdown({.night = many, .changes = {}});
    EXPECT_LT(capped.size(), 1'000'000U);
    EXPECT_THAT(capped, HasSubstr("more findings, which the page has"));
}

// At most ten lines for GitHub, new findings first, each in one line whatever is in it.
TEST(Annotations, AreFewAndInOneLineEach) {
    const summary night = bad_night();
    const comparison changes = changes_of(night);
    const auto lines = to_annotations({.night = night, .changes = changes});
    ASSERT_FALSE(lines.empty());
    EXPECT_THAT(lines[0], HasSubstr("::error title=unique_pid of as_posted under lookup::"));
    EXPECT_THAT(lines[0], HasSubstr("%0A"));
    for (const std::string& line : lines) EXPECT_THAT(line, Not(HasSubstr("\n")));
    const summary good = summarize({testing::some_journal()});
    EXPECT_THAT(to_annotations({.night = good, .changes = {}}), IsEmpty());
    journal_text journal = testing::some_journal();
    for (std::uint64_t n = 0; n < 30; ++n) {
        journal.slices.push_back(testing::some_finding(n, "2026-01-01T00:01:00Z", "unique_pid"));
        journal.slices.back().findings[0].explained->program = std::to_string(n);
    }
    const summary many = summarize({journal});
    const auto capped = to_annotations({.night = many, .changes = {}});
    ASSERT_THAT(capped, SizeIs(10));
    EXPECT_THAT(capped.back(), HasSubstr("21 more: see the report"));
}

// JSON has the same facts, under the names that the results of `run` have.
TEST(JsonReport, HasTheFacts) {
    const summary night = bad_night();
    const auto document =
        nlohmann::json::parse(to_json_text({.night = night, .changes = changes_of(night)}));
    EXPECT_EQ(document["exit_code"], 2);
    EXPECT_EQ(document["findings"].size(), 3U);
    EXPECT_EQ(document["findings"][0]["invariant"], "unique_pid");
    EXPECT_EQ(document["findings"][0]["sightings"][0]["reproduce"], nasty);
    EXPECT_EQ(document["cells"].size(), 2U);
    EXPECT_EQ(document["changes"]["has_baseline"], true);
}

// The text for terminals begins with the verdict, ends with the exit code, and is not long.
TEST(PlainText, IsShort) {
    const summary night = summarize({testing::some_journal()});
    const std::string text = to_plain_text({.night = night, .changes = changes_of(night)});
    EXPECT_TRUE(text.starts_with("as expected: 1 cell holds")) << text;
    EXPECT_TRUE(text.ends_with("exit code 0\n")) << text;
    EXPECT_LT(std::ranges::count(text, '\n'), 60);
    const summary none = summarize({});
    EXPECT_THAT(to_plain_text({.night = none, .changes = {}}), HasSubstr("nothing was run"));
}

}  // namespace
}  // namespace pidmap_stress::journal
