#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/sample_night.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// The text without its blocks of code, in which nothing is Markdown. Fails if one has no end.
[[nodiscard]] std::string outside_blocks(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::string fence;
    std::string outside;
    while (std::getline(lines, line)) {
        const std::size_t ticks = std::min(line.find_first_not_of('`'), line.size());
        if (!fence.empty()) {
            if (line == fence) fence.clear();
        } else if (ticks >= 3) {
            fence = line.substr(0, ticks);
        } else {
            outside += line + "\n";
        }
    }
    EXPECT_EQ(fence, "") << "a block of code has no end";
    return outside;
}

// The verdict is the heading, and findings come before all else.
TEST(MarkdownReport, BeginsWithVerdictAndFindings) {
    const std::string text = to_markdown(testing::bad_night().input());
    EXPECT_THAT(text, StartsWith("# pidmap-stress: not as expected: 1 cell broke what should hold\n"
                                 "\nExit code 2; 2026-01-02T00:00:10Z to "));
    std::size_t at = 0;
    for (const char* part : {"\n## Findings\n", "2 unexpected findings:",
                             "\n### 1. unique\\_pid of sound under lookup", "\n### 2. stall of ",
                             "\n## Not as it should be\n", "<summary>1 known breakage</summary>",
                             "\n## What changed\n", "\n## Safety matrix\n", "\n## Exercised\n",
                             "\n## Builds\n", "\n## Remarks\n"}) {
        const std::size_t here = text.find(part, at);
        ASSERT_NE(here, std::string::npos) << part << " is not where it should be in\n" << text;
        at = here;
    }
}

// A finding has its sentence, cell, rate, command, interleaving and drawing.
TEST(MarkdownReport, HasAllOfAFinding) {
    const std::string text = to_markdown(testing::bad_night().input());
    EXPECT_THAT(text, AllOf(HasSubstr("- Cell: `sound under lookup in churn` in world `native`\n"),
                            HasSubstr("- It came again in 7 of 20, 95 % CI 15-59 %, runs\n"),
                            HasSubstr("```sh\n./run_stress.sh run --variant sound --seed 9\n```\n"),
                            HasSubstr("```text\nstep | thread 1 | thread 2\n"),
                            HasSubstr("```mermaid\nsequenceDiagram\n"),
                            HasSubstr("replay 'sound/lookup/calls=abc'"),
                            HasSubstr("```text\nthread 1: free_pidmap\n```")));
}

// Nothing that a journal says is HTML or Markdown, and no block of code is closed by what is in it.
TEST(MarkdownReport, ShowsQuotedTextAsItIs) {
    testing::night all = testing::bad_night();
    all.sum.findings[1].last_events = "```\n<script>\n````\n";
    all.sum.findings[1].sightings[0].command = "echo `date`";
    const std::string outside = outside_blocks(to_markdown(all.input()));
    EXPECT_THAT(outside, AllOf(HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp;"),
                               HasSubstr("\\|a\\|\\`b\\` 95 %"), HasSubstr("\\* \\_d\\_"),
                               Not(HasSubstr("<script>")), Not(HasSubstr("\x1b"))));
    EXPECT_EQ(testing::times(outside, "<details>"), testing::times(outside, "</details>"));
}

// Each row of a table has as many bars as its head, whatever names have in them.
TEST(MarkdownReport, HasTablesThatHoldTogether) {
    testing::night all = testing::bad_night();
    all.sum.cells[0].plan.name.variant = "a|b`c";
    all.sum.cells[0].world = "na|tive";
    all.sum.cells[0].broken = {{"x|y", 1}};
    std::istringstream lines(outside_blocks(to_markdown(all.input())));
    std::string line;
    std::size_t bars_of_table = 0;
    std::size_t rows = 0;
    while (std::getline(lines, line)) {
        if (!line.starts_with("|")) {
            bars_of_table = 0;
            continue;
        }
        const std::size_t bars = testing::times(line, "|") - testing::times(line, "\\|");
        if (bars_of_table == 0) bars_of_table = bars;
        EXPECT_EQ(bars, bars_of_table) << line;
        ++rows;
    }
    EXPECT_EQ(rows, 2U + 4 + 2 + 3) << "heads, four variants, three worlds";
}

// GitHub refuses a summary above its limit, so the worst night stays below, and says what is
// missing.
TEST(MarkdownReport, IsBelowAMillionBytesAndSaysWhatIsCut) {
    const std::string text = to_markdown(testing::night_of_findings(300, 20'000).input());
    EXPECT_LT(text.size(), 1'000'000U);
    EXPECT_GT(text.size(), 500'000U) << "much is left out for no reason";
    EXPECT_THAT(text, AllOf(HasSubstr(" more findings, which the page has"),
                            HasSubstr(" bytes are left out)")));
    EXPECT_THAT(outside_blocks(text),
                AllOf(HasSubstr("\n## Safety matrix\n"), HasSubstr("## Remarks")));
}

TEST(MarkdownReport, OfAGoodNightHasNoFinding) {
    const std::string text = to_markdown(testing::good_night().input());
    EXPECT_THAT(text, AllOf(HasSubstr("\n## Findings\n\nNone that is not a known breakage.\n"),
                            Not(HasSubstr("Not as it should be")), Not(HasSubstr("###"))));
}

TEST(MarkdownReport, OfNothingSaysSo) {
    const std::string text = to_markdown({.night = summarize({}), .changes = {}});
    EXPECT_THAT(text, StartsWith("# pidmap-stress: nothing was run, so nothing was shown\n\nExit "
                                 "code 7.\n"));
    EXPECT_THAT(text, Not(HasSubstr("known breakage")));
}

}  // namespace
}  // namespace pidmap_stress::journal
