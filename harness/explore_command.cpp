#include "harness/explore_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>

#include "harness/explore/matrix.hpp"
#include "harness/explore/replayable.hpp"
#include "harness/explore/shrink.hpp"
#include "harness/explore/side_by_side.hpp"
#include "harness/explore/trace.hpp"
#include "harness/names.hpp"
#include "harness/options.hpp"
#include "harness/provenance.hpp"
#include "harness/results_file.hpp"
#include "harness/say.hpp"
#include "harness/whole_number.hpp"

namespace pidmap_stress {
namespace {

using explore::cell_verdict;
using explore::matrix_case;

/// Prints what is wrong, in one line.
[[nodiscard]] int usage(std::string_view what) {
    say(stderr, "pidmap-stress: {}\n", what);
    return exit_usage;
}

/// Puts a smaller execution in the place of each finding.
void shrink(cell_verdict& seen) {
    for (explore::broken_invariant& one : seen.broken) {
        if (const auto small = explore::shrink(seen.of, one)) one.token = small->token;
    }
}

[[nodiscard]] std::optional<std::string> wrong_names(const explore_options& wanted) {
    std::vector<std::string_view> variants;
    for (const auto& one : explore::explored_variants()) variants.push_back(one.info->name);
    for (const auto& one : explore::explored_mutants()) variants.push_back(one.info->name);
    std::vector<std::string_view> disciplines;
    for (int i = 0; i < discipline_count; ++i)
        disciplines.push_back(to_string(static_cast<discipline>(i)));
    std::vector<std::string_view> scenarios;
    for (const explore::explored_scenario* one : explore::explored_scenarios())
        scenarios.push_back(one->name);
    if (auto wrong = unknown_name("--variant", wanted.variants, variants)) return wrong;
    if (auto wrong = unknown_name("--discipline", wanted.disciplines, disciplines)) return wrong;
    if (auto wrong = unknown_name("--scenario", wanted.scenarios, scenarios)) return wrong;
    if (wanted.variation.empty()) return std::nullopt;
    std::vector<std::string_view> variations;
    for (const explore::explored_scenario* one : explore::explored_scenarios())
        if (selects(wanted.scenarios, one->name))
            variations.insert(variations.end(), one->variations.begin(), one->variations.end());
    return unknown_name("--variation", std::string_view(wanted.variation), variations);
}

/// The setting of a cell; nothing if the scenario does not have the discipline or variation.
[[nodiscard]] std::optional<explore::pidmap_setting> setting_of(
    const explore_options& wanted, discipline how, const explore::explored_scenario& scenario) {
    if (!selects(wanted.disciplines, to_string(how)) || !selects(wanted.scenarios, scenario.name) ||
        !scenario.disciplines.contains(how))
        return std::nullopt;
    explore::pidmap_setting setting{.how = how,
                                    .scenario = &scenario,
                                    .threads = wanted.threads,
                                    .rounds = wanted.operations,
                                    .pages = wanted.pages,
                                    .bits = wanted.bits};
    if (wanted.variation.empty()) return setting;
    const auto& known = scenario.variations;
    const auto found = std::ranges::find(known, wanted.variation);
    if (found == known.end()) return std::nullopt;
    setting.variation = static_cast<unsigned>(found - known.begin());
    return setting;
}

[[nodiscard]] std::vector<matrix_case> cases_of(const explore_options& wanted) {
    std::vector<matrix_case> cases;
    std::vector<const explore::explored_variant*> chosen;
    for (const auto& one : explore::explored_variants())
        if (selects(wanted.variants, one.info->name)) chosen.push_back(&one);
    // A mutant is explored if it is named: `all` is all that somebody might want to use.
    for (const auto& one : explore::explored_mutants())
        if (std::ranges::find(wanted.variants, one.info->name) != wanted.variants.end())
            chosen.push_back(&one);
    for (const explore::explored_variant* const variant : chosen) {
        for (int how = 0; how < discipline_count; ++how)
            for (const explore::explored_scenario* scenario : explore::explored_scenarios())
                if (const auto setting =
                        setting_of(wanted, static_cast<discipline>(how), *scenario);
                    setting && variant->is_built_for(*scenario))
                    cases.push_back({.variant = variant,
                                     .setting = *setting,
                                     .model = *explore::parse_model(wanted.model)});
    }
    return cases;
}

[[nodiscard]] std::string remark_on(const cell_verdict& seen) {
    if (seen.as_expected()) return seen.broken.empty() ? "" : " (as expected)";
    for (const explore::broken_invariant& one : seen.broken)
        if (!one.which || !one.finding.replayed)
            return " (NOT as expected: the harness is at fault)";
    return fmt::format(" (NOT as expected; {})", to_string(seen.assessed));
}

[[nodiscard]] std::string name_of(const explore::broken_invariant& one) {
    return std::string(one.which ? to_string(*one.which) : explore::to_string(one.finding.kind));
}
[[nodiscard]] std::string sentence_about(const explore::broken_invariant& one) {
    const std::string& what = one.finding.what;
    return what == name_of(one) && one.which ? "a thread " + explore::deed(*one.which) : what;
}
/// What to paste to see it again.
[[nodiscard]] std::string replay_of(const explore::broken_invariant& one,
                                    const std::string& program) {
    return fmt::format("{} replay {}{}", program, one.token,
                       one.finding.replayed ? "" : " (did not happen again)");
}

void print(const cell_verdict& seen, const std::string& program) {
    const explore::pidmap_setting& s = seen.of.setting;
    say("{:<18} {:<10} {:<14} {}{}\n", seen.of.variant->info->name, to_string(s.how),
        s.scenario->name, to_string(seen), remark_on(seen));
    for (const explore::broken_invariant& one : seen.broken) {
        say("    {}: {}\n", name_of(one), sentence_about(one));
        say("        {}\n", replay_of(one, program));
    }
    std::fflush(stdout);
}

/// What breaks in a cell of the matrix: below the table, as tokens are of one build only.
void print_broken(const cell_verdict& seen, const std::string& program) {
    const explore::pidmap_setting& s = seen.of.setting;
    say("{} under {} in {}:{}\n", seen.of.variant->info->name, to_string(s.how), s.scenario->name,
        remark_on(seen));
    for (const explore::broken_invariant& one : seen.broken)
        say("    {}: {}\n", name_of(one), replay_of(one, program));
}

[[nodiscard]] explore::progress_check progress_of(const explore_options& wanted) {
    using enum explore::progress_check;
    if (wanted.progress == "always") return always;
    if (wanted.progress == "never") return never;
    // Where somebody waits, it is some six times as much work as all the rest.
    const bool small = wanted.matrix && wanted.threads <= 2 && wanted.operations == 1;
    return small ? always : if_nobody_waits;
}

/// Explores the cells, and shows each as soon as it and all before it are explored. Several cells
/// go side by side, each on a core of its own; a single one has all the cores.
void explore_in_order(const std::vector<matrix_case>& cases, const explore_options& wanted,
                      explore::options how, const std::function<void(const cell_verdict&)>& show) {
    const auto jobs = static_cast<unsigned>(
        std::min<std::size_t>(wanted.jobs, std::max<std::size_t>(1, cases.size())));
    if (jobs > 1) how.jobs = 1;
    std::atomic<std::size_t> next = 0;
    std::mutex showing;
    std::vector<std::optional<cell_verdict>> explored(cases.size());
    std::size_t shown = 0;
    explore::side_by_side(jobs, [&](unsigned) {
        // Relaxed: it says whose a cell is, and no more; what is explored is handed over by the
        // lock.
        for (std::size_t i = next.fetch_add(1, std::memory_order::relaxed); i < cases.size();
             i = next.fetch_add(1, std::memory_order::relaxed)) {
            cell_verdict seen = explore_cell(cases[i], how, {.progress = progress_of(wanted)});
            if (!wanted.no_shrink) shrink(seen);
            const std::lock_guard lock(showing);
            explored[i] = std::move(seen);
            for (; shown < cases.size() && explored[shown]; ++shown) show(*explored[shown]);
        }
    });
}

/// A trace, with what it came from. Only of JSON is host and date a part: all else is the same
/// whenever and wherever a token is replayed.
[[nodiscard]] std::string with_provenance(const std::string& trace, explore::trace_format as) {
    switch (as) {
        case explore::trace_format::table:
        case explore::trace_format::text:
            break;
        case explore::trace_format::mermaid:
            return fmt::format("{}%% {}\n", trace, describe_build());
        case explore::trace_format::perfetto:
            nlohmann::json file = nlohmann::json::parse(trace);
            file["otherData"].update(provenance());
            return file.dump(1) + "\n";
    }
    return fmt::format("{}{}\n", trace, describe_build());
}

}  // namespace

void add_explore_options(CLI::App& app, explore_options& wanted) {
    app.add_option("--variant", wanted.variants, "variants, or all: see list")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--discipline", wanted.disciplines, "member, reference, lookup, or all")
        ->delimiter(',')
        ->capture_default_str();
    std::string scenarios;
    std::string variations;
    for (const explore::explored_scenario* one : explore::explored_scenarios()) {
        scenarios += fmt::format("{}: {}\n", one->name, one->summary);
        if (!one->variations.empty())
            variations += fmt::format("{}: {}\n", one->name, fmt::join(one->variations, ", "));
    }
    app.add_option("--scenario", wanted.scenarios, scenarios + "or all")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--threads", wanted.threads, "a scenario may allow less")
        ->check(whole_number(1U, 4U))
        ->capture_default_str();
    app.add_option("--ops", wanted.operations, "rounds of each thread: alloc and free, most often")
        ->check(whole_number(1U, 8U))
        ->capture_default_str();
    app.add_option("--pages", wanted.pages, "of a namespace")
        ->check(whole_number(2U, 3U))
        ->capture_default_str();
    app.add_option("--bits", wanted.bits, "pids of a page: 4 or 8")
        ->check(whole_number(4U, 8U))
        ->capture_default_str();
    app.add_option("--variation", wanted.variation,
                   "of a scenario, the first is the usual one\n" + variations);
    app.add_option(
           "--strategy", wanted.strategy,
           "which executions, in which order. Default: portfolio, which is random, then "
           "bounded, then exhaustive;\nof --matrix: prove, which is exhaustive, and stateful "
           "where there are too many executions")
        ->check(CLI::IsMember(
            {"random", "pct", "pos", "bounded", "exhaustive", "stateful", "prove", "portfolio"}));
    app.add_option("--model", wanted.model,
                   "memory model: rc11, C++20 as compilers give it; cxx20, the letter of the "
                   "standard;\nsc, interleavings only")
        ->check(CLI::IsMember(
            std::vector<std::string>(explore::model_names.begin(), explore::model_names.end())))
        ->capture_default_str();
    app.add_option("--budget", wanted.budget,
                   "most executions, or states, of each cell; 0 is no limit. Default: 200000; of "
                   "prove, 5000000")
        ->check(whole_number(std::uint64_t{0}, UINT64_MAX));
    app.add_option("--seed", wanted.seed, "of the random strategies")
        ->check(whole_number(std::uint64_t{0}, UINT64_MAX))
        ->capture_default_str();
    app.add_option("--jobs", wanted.jobs, "explorations side by side; changes no result")
        ->check(whole_number(1U, 256U))
        ->capture_default_str();
    app.add_flag("--matrix", wanted.matrix,
                 "the safety matrix: a table with a row for each cell, and below it each invariant "
                 "that broke, with a token");
    app.add_option(
           "--progress", wanted.progress,
           "whether threads complete though another one stops for ever, at any of its steps;\n"
           "auto: where no thread ever waits, so that this is known, and where it is not, in "
           "a matrix of 2 threads x 1 round")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->capture_default_str();
    app.add_flag("--no-shrink", wanted.no_shrink, "print findings as they were found");
    app.add_flag("--strict", wanted.strict, "any violation is exit code 2, expected or not");
}

void add_replay_options(CLI::App& app, replay_options& wanted) {
    app.add_option("token", wanted.token, "as explore printed it")->required();
    app.add_flag("--best-effort", wanted.best_effort,
                 "replay a token of another build as far as it goes");
    app.add_option("--format", wanted.format,
                   "table; text; mermaid: a sequence diagram for issue trackers; perfetto: Chrome\n"
                   "trace JSON for ui.perfetto.dev")
        ->capture_default_str();
    app.add_option("--output", wanted.output, "a file for it, or - for standard output");
    app.add_flag("--full", wanted.full, "all steps, not only those that matter");
}

int run_explore(const explore_options& wanted, const std::string& program) {
    if (const auto wrong = wrong_names(wanted)) return usage(*wrong);
    const std::vector<matrix_case> cases = cases_of(wanted);
    if (cases.empty())
        return usage(
            fmt::format("--variant {} --discipline {} --scenario {}{} do not go together; see "
                        "pidmap-stress list",
                        fmt::join(wanted.variants, ","), fmt::join(wanted.disciplines, ","),
                        fmt::join(wanted.scenarios, ","),
                        wanted.variation.empty() ? "" : " --variation " + wanted.variation));
    for (const matrix_case& one : cases)
        if (const auto wrong = why_not(*one.variant, one.setting)) return usage(*wrong);

    // Of the matrix every execution is wanted; whoever looks for a bug wants it soon.
    const std::string strategy = !wanted.strategy.empty() ? wanted.strategy
                                 : wanted.matrix          ? "prove"
                                                          : "portfolio";
    // What it takes to prove is worth more than what it takes to look for bugs.
    const std::uint64_t budget = wanted.budget.value_or(strategy == "prove" ? 5'000'000 : 200'000);
    explore::options how{.strategy = *explore::parse_strategy(strategy),
                         .seed = wanted.seed,
                         .budget = budget,
                         .jobs = wanted.jobs,
                         .stop_at_first = false};
    if (budget != 0) how.walks = budget;
    say("explore --threads {} --ops {} --pages {} --bits {} {}--strategy {} "
        "--model {} --budget {} --seed {}; build {}\n",
        wanted.threads, wanted.operations, wanted.pages, wanted.bits,
        wanted.variation.empty() ? "" : fmt::format("--variation {} ", wanted.variation), strategy,
        wanted.model, budget, wanted.seed, explore::build_identity());
    say("{}\n", describe_build());
    // Apart from the rest, which is the same whenever and wherever it is run.
    say(stderr, "{}\n", describe_run());
    unsigned broken = 0;
    unsigned unbroken = 0;
    unsigned unexpected = 0;
    std::vector<cell_verdict> failed;
    if (wanted.matrix) say("\n{}", explore::matrix_head());
    explore_in_order(cases, wanted, how, [&](const cell_verdict& seen) {
        if (wanted.matrix) {
            say("{}", matrix_row(seen));
            std::fflush(stdout);
            if (!seen.broken.empty() || !seen.as_expected()) failed.push_back(seen);
        } else {
            print(seen, program);
        }
        broken += seen.broken.empty() ? 0 : 1;
        unbroken += seen.broken.empty() && !seen.explored.complete ? 1 : 0;
        unexpected += seen.as_expected() ? 0 : 1;
    });
    if (!failed.empty()) say("\n");
    for (const cell_verdict& one : failed) print_broken(one, program);
    say("\n");
    say("{} cell{}: {} hold, {}{} fail, {} not as expected\n", cases.size(),
        cases.size() == 1 ? "" : "s", cases.size() - broken - unbroken,
        unbroken == 0 ? "" : fmt::format("{} unbroken as far as explored, ", unbroken), broken,
        unexpected);
    return unexpected != 0 || (wanted.strict && broken != 0) ? exit_violated : exit_as_expected;
}

int run_replay(const replay_options& wanted, const std::string& program) {
    const auto as = explore::parse_trace_format(wanted.format);
    if (!as)
        return usage(fmt::format(
            "--format '{}' is unknown; known are: table, text, mermaid, perfetto", wanted.format));
    const auto opened = explore::open_token(wanted.token, explore::build_identity());
    if (!opened)
        return usage(
            fmt::format("'{}' is no token, or was damaged; explore prints tokens", wanted.token));
    if (!opened->same_build && !wanted.best_effort)
        return usage(
            "the token is of another build or configuration, so its schedule may mean something "
            "else here; --best-effort tries it");
    const explore::trace seen = explore::make_trace(*opened, opened->replay(), program);
    const std::string text = with_provenance(explore::format(seen, *as, wanted.full), *as);
    if (wanted.output.empty() || wanted.output == "-") {
        say("{}", text);
    } else if (const int error = write_file(wanted.output, text); error != 0) {
        const write_failure failure = describe_failure("--output", wanted.output, error);
        say(stderr, "pidmap-stress: {}\n", failure.what);
        return failure.no_room ? exit_no_resources : exit_usage;
    }
    if (!seen.exact) say(stderr, "the schedule did not fit: this is another execution\n");
    if (!seen.breaks_anything()) say(stderr, "nothing broke\n");
    return seen.breaks_anything() ? exit_violated : exit_as_expected;
}

}  // namespace pidmap_stress
