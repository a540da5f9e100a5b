#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;       // NOLINT(readability-identifier-naming)
}  // namespace CLI

namespace pidmap_stress {

struct report_options {
    std::vector<std::string> folders;  ///< Folders of journals, or above them.
    std::vector<std::string> parts;    ///< NAME=CODE=SENTENCE: what else the night did.
    std::string html;
    std::string junit;
    std::string json;
    std::string markdown;
    std::string baseline;      ///< A ledger to compare with.
    std::string ledger;        ///< A ledger to compare with, and to bring up to date.
    bool annotations = false;  ///< Print lines that GitHub shows at the commit.
};

void add_report_options(CLI::App& report, report_options& options);

/// Adds up what the journals say, and writes what was asked for; always prints the text for
/// terminals. \returns The exit code of the whole: the worst verdict.
[[nodiscard]] int run_report(const report_options& how);

}  // namespace pidmap_stress
