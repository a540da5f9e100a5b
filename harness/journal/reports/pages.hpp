#pragma once

#include <string>
#include <vector>

#include "harness/journal/ledger.hpp"
#include "harness/journal/summary.hpp"

/// A summary and what it changed, for readers: pure functions from data to text.
namespace pidmap_stress::journal {

struct report_input {
    const summary& night;
    const comparison& changes;
};

/// One page that needs no network and no script. \source html.cpp
[[nodiscard]] std::string to_html(const report_input& what);
/// JUnit as Jenkins, GitLab and GitHub read it: a testcase for each cell and each canary.
[[nodiscard]] std::string to_junit(const report_input& what);
/// For the summary of a CI step: below 1,000,000 bytes, findings first.
[[nodiscard]] std::string to_markdown(const report_input& what);
/// For programs: everything that the summary and the comparison have.
[[nodiscard]] std::string to_json_text(const report_input& what);
/// `::error ...` lines for GitHub, ten at most, new findings first, and one for the rest.
[[nodiscard]] std::vector<std::string> to_annotations(const report_input& what);
/// For a terminal: the verdict, what changed, findings, what was exercised.
[[nodiscard]] std::string to_plain_text(const report_input& what);

}  // namespace pidmap_stress::journal
