// `explore --matrix` as its users see it: what it prints, that it prints the same again, and that
// the table of programs/README.md is what it prints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <vector>

#include "harness/command/options.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::HasSubstr;
using testing::program_end;
using testing::run_pidmap_stress;
using testing::text_of;

/// The command of the README of programs/, without run_stress.sh: the README has it exactly so, and
/// below it the table that it prints.
constexpr std::string_view command = "explore --matrix --scenario page_boundary,page_zero --jobs 2";

[[nodiscard]] std::vector<std::string> words_of(std::string_view text) {
    std::istringstream in{std::string(text)};
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

/// The table in a text: from its head to the first empty line, without indentation.
[[nodiscard]] std::string table_in(const std::string& text) {
    std::istringstream in(text);
    std::string table;
    for (std::string line; std::getline(in, line);) {
        const std::size_t from = line.find_first_not_of(' ');
        line = from == std::string::npos ? "" : line.substr(from);
        if (table.empty() && !line.starts_with("variant  ")) continue;
        if (line.empty()) break;
        table += line + '\n';
    }
    return table;
}

TEST(MatrixCommand, PrintsTheMatrixOfTheReadme) {
    const std::string readme = text_of(PIDMAP_STRESS_README);
    const std::size_t at = readme.find("./run_stress.sh " + std::string(command));
    ASSERT_NE(at, std::string::npos) << "the README names another command";
    const program_end run = run_pidmap_stress(words_of(command));
    EXPECT_EQ(run.code, exit_as_expected) << run.err;
    EXPECT_EQ(table_in(readme.substr(at)), table_in(run.out))
        << "replace the README's table by this one";
}

/// A line of a trace, except the places in the sources: they move with each change.
[[nodiscard]] std::string without_line_numbers(const std::string& line) {
    const std::string text = std::regex_replace(line, std::regex("[.]([ch]pp):[0-9]+"), ".$1");
    const std::size_t from = text.find_first_not_of(' ');
    return from == std::string::npos ? ""
                                     : text.substr(from, text.find_last_not_of(' ') + 1 - from);
}
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(without_line_numbers(line));
    return lines;
}

TEST(MatrixCommand, ReplaysTheTraceOfTheReadme) {
    const program_end found = run_pidmap_stress(
        words_of("explore --variant symmetric --discipline lookup --scenario page_zero"));
    const std::size_t broken = found.out.find("\n    no_get_from_zero: ");
    ASSERT_NE(broken, std::string::npos) << found.out;
    const std::size_t at = found.out.find(" replay ", broken) + 8;
    const program_end run =
        run_pidmap_stress({"replay", found.out.substr(at, found.out.find('\n', at) - at)});
    const std::vector<std::string> readme = lines_of(text_of(PIDMAP_STRESS_README));
    // Without the command that replays it, and the build that printed it.
    for (const std::string& line : lines_of(run.out)) {
        if (line.starts_with("again: ") || line.starts_with("--full") ||
            line.starts_with("pidmap-stress "))
            continue;
        EXPECT_NE(std::ranges::find(readme, line), readme.end())
            << "replace the README's trace by this one: " << line;
    }
}

TEST(MatrixCommand, PrintsTheSameWhateverTheJobs) {
    for (const std::string_view strategy : {"exhaustive", "portfolio", "random"}) {
        const auto print = [&](std::string_view jobs) {
            return run_pidmap_stress(words_of(
                "explore --variant as_posted,sound --discipline "
                "reference,lookup --scenario page_zero --strategy " +
                std::string(strategy) + " --budget 3000 --seed 7 --jobs " + std::string(jobs)));
        };
        const program_end alone = print("1");
        const program_end shared = print("2");
        EXPECT_EQ(alone.code, shared.code);
        EXPECT_EQ(alone.out, shared.out) << strategy;
        EXPECT_EQ(alone.out, print("1").out) << strategy;
    }
}

TEST(MatrixCommand, TriesAPortfolioUnlessToldOtherwise) {
    const program_end run = run_pidmap_stress(
        words_of("explore --variant sound --discipline lookup --scenario page_zero"));
    EXPECT_THAT(run.out, HasSubstr("--strategy portfolio"));
    EXPECT_THAT(run.out, HasSubstr("holds, complete"));
}

TEST(MatrixCommand, SaysWhatABudgetLeftOut) {
    const program_end run = run_pidmap_stress(words_of(
        "explore --matrix --variant sound --discipline member --scenario page_zero --budget 50"));
    EXPECT_THAT(run.out, HasSubstr("unbroken"));
    EXPECT_THAT(run.out, HasSubstr("truncated"));
}

}  // namespace
}  // namespace pidmap_stress
