#include "harness/command/soak/report_command.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/say.hpp"
#include "harness/base/whole_number.hpp"
#include "harness/command/options.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/journal/joined_results.hpp"
#include "harness/journal/reports/pages.hpp"

namespace pidmap_stress {
namespace {

namespace fs = std::filesystem;

/// How deep below a folder journals are looked for.
constexpr int deepest = 3;

[[nodiscard]] bool has_journal(const fs::path& folder) {
    std::error_code none;
    return fs::exists(folder / "journal.jsonl", none);
}

void add_journals_below(const fs::path& folder, std::set<std::string>& found) {
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(folder, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (at.depth() >= deepest) at.disable_recursion_pending();
        if (at->is_directory(error) && has_journal(at->path()))
            found.insert(at->path().lexically_normal().string());
    }
}

/// The folders that have journals. One that has none is reported, and is not a pass.
[[nodiscard]] std::set<std::string> journals_of(const std::vector<std::string>& folders,
                                                std::vector<std::string>& without) {
    std::set<std::string> found;
    for (const std::string& folder : folders) {
        const std::size_t before = found.size();
        // "a" and "a/" are one folder.
        fs::path path = fs::path(folder).lexically_normal();
        if (!path.has_filename()) path = path.parent_path();
        if (has_journal(path)) found.insert(path.string());
        add_journals_below(path, found);
        if (found.size() == before && !found.contains(path.string())) without.push_back(folder);
    }
    return found;
}

[[nodiscard]] bool is_file(const std::string& path) {
    std::error_code none;
    return fs::is_regular_file(path, none);
}

[[nodiscard]] std::vector<std::string> folders_among(const std::vector<std::string>& given) {
    std::vector<std::string> folders;
    std::ranges::remove_copy_if(given, std::back_inserter(folders), is_file);
    return folders;
}

/// \throws std::runtime_error  if a file has no results.
[[nodiscard]] journal::joined_results results_among(const std::vector<std::string>& given) {
    journal::joined_results results;
    for (const std::string& path : given) {
        if (!is_file(path)) continue;
        std::ifstream file(path, std::ios::binary);
        results.add(path, std::string(std::istreambuf_iterator<char>(file), {}));
    }
    return results;
}

struct output {
    const char* option;
    const std::string& path;
    std::string (*make)(const journal::report_input&);
};

/// \returns What is known from earlier nights; if nothing is, `remark` says why.
[[nodiscard]] std::optional<journal::ledger> read_known(const std::string& path,
                                                        std::string& remark) {
    if (path.empty()) return std::nullopt;
    try {
        auto known = journal::read_ledger(path);
        if (!known) remark = fmt::format("{} is not there: nothing to compare with", path);
        return known;
    } catch (const std::runtime_error& error) {
        remark = fmt::format("{}: nothing to compare with", error.what());
        return std::nullopt;
    }
}

[[nodiscard]] std::optional<journal::other_part> to_part(const std::string& text) {
    const std::size_t name = text.find('=');
    const std::size_t code = name == std::string::npos ? name : text.find('=', name + 1);
    if (name == 0 || code == std::string::npos) return std::nullopt;
    int number = 0;
    if (read_whole_number(text.substr(name + 1, code - name - 1), 0, 255, number))
        return std::nullopt;
    return journal::other_part{
        .name = text.substr(0, name), .code = number, .sentence = text.substr(code + 1)};
}

[[nodiscard]] bool write(const char* option, const std::string& path, const std::string& text) {
    return !put_text(option, path, text);
}

}  // namespace

void add_report_options(CLI::App& report, report_options& options) {
    report
        .add_option("folder", options.folders,
                    "the --dir of a soak, or a folder of such folders; or a file of results that\n"
                    "explore --matrix, explore --clients or mutants wrote with --json, whole or a "
                    "--shard")
        ->required();
    report
        .add_option("--part", options.parts,
                    "something else that was done, as NAME=CODE=SENTENCE: its exit code counts")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    report.add_option("--html", options.html, "one page, for people");
    report.add_option("--junit", options.junit, "for Jenkins, GitLab and GitHub");
    report.add_option("--json", options.json, "for programs");
    report.add_option("--markdown", options.markdown, "for the summary of a CI step");
    report.add_option("--baseline", options.baseline,
                      "a ledger of earlier nights, to say what is new");
    report.add_option("--ledger", options.ledger,
                      "the same, and brought up to date: a file that is made if it is not there");
    report.add_flag("--annotations", options.annotations,
                    "print ::error lines, which GitHub shows at the commit");
}

int run_report(const report_options& how) {
    std::vector<std::string> without;
    journal::summarizer all;
    try {
        for (const std::string& folder : journals_of(folders_among(how.folders), without)) {
            if (const auto text = journal::read_journal(folder))
                all.add(*text);
            else
                without.push_back(folder);
        }
        const journal::joined_results results = results_among(how.folders);
        for (const journal::other_part& one : results.explored()) all.add(one);
        for (const journal::missing_part& one : results.missing()) all.add(one);
    } catch (const std::runtime_error& error) {
        say(stderr, "pidmap-stress: {}\n", error.what());
        return exit_usage;
    }
    for (const std::string& one : how.parts) {
        const auto part = to_part(one);
        if (!part) {
            say(stderr, "pidmap-stress: --part '{}' is not NAME=CODE=SENTENCE\n", one);
            return exit_usage;
        }
        all.add(*part);
    }
    journal::summary night = std::move(all).finish();
    for (const std::string& folder : without)
        night.remarks.push_back(fmt::format("{} has no journal", folder));
    // A journal that should be there and is not is not a pass.
    if (!without.empty() && night.exit_code == exit_as_expected) {
        night.exit_code = exit_inconclusive;
        night.verdict =
            fmt::format("not as expected: {} has no journal; {}", without.front(), night.verdict);
    }
    std::string remark;
    const std::optional<journal::ledger> known =
        read_known(how.baseline.empty() ? how.ledger : how.baseline, remark);
    journal::comparison changes = journal::compare(known, night);
    if (!remark.empty()) changes.remark = remark;
    const journal::report_input input{.night = night, .changes = changes};
    bool kept = true;
    for (const output& one : {output{"--html", how.html, journal::to_html},
                              output{"--junit", how.junit, journal::to_junit},
                              output{"--json", how.json, journal::to_json_text},
                              output{"--markdown", how.markdown, journal::to_markdown}})
        if (!one.path.empty()) kept = write(one.option, one.path, one.make(input)) && kept;
    // A night without work does not count.
    if (!how.ledger.empty() && night.slices != 0) {
        std::string unreadable;
        const auto before = read_known(how.ledger, unreadable);
        // A ledger that cannot be read is not replaced: it may be of a later version.
        const bool is_there = fs::exists(how.ledger);
        if (is_there && !before) {
            say(stderr, "pidmap-stress: --ledger is left as it is: {}\n", unreadable);
            kept = false;
        } else {
            kept = write("--ledger", how.ledger,
                         journal::to_text(journal::with_night(before, night))) &&
                   kept;
        }
    }
    if (how.annotations)
        for (const std::string& line : journal::to_annotations(input)) say("{}\n", line);
    say("{}", journal::to_plain_text(input));
    if (kept || night.exit_code != exit_as_expected) return night.exit_code;
    return exit_no_resources;
}

}  // namespace pidmap_stress
