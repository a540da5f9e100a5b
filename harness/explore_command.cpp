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

#include "harness/command_line.hpp"
#include "harness/explore/matrix.hpp"
#include "harness/explore/replayable.hpp"
#include "harness/explore/shrink.hpp"
#include "harness/explore/side_by_side.hpp"
#include "harness/explore/trace.hpp"
#include "harness/explore_command_report.hpp"
#include "harness/mutants_command.hpp"
#include "harness/options.hpp"
#include "harness/provenance.hpp"
#include "harness/results_file.hpp"
#include "harness/say.hpp"
#include "harness/selection.hpp"
#include "harness/usage_error.hpp"
#include "harness/whole_number.hpp"

namespace pidmap_stress {
namespace {

using explore::cell_verdict;
using explore::matrix_case;

/// Prints what is wrong, in one line.
[[nodiscard]] int usage(std::string_view what) {
    say(stderr, "pidmap-stress: {}\n", one_line(what));
    return exit_usage;
}

/// A build with a sanitizer does not have the programs that are explored.
[[nodiscard]] int unsupported() {
    say(stderr,
        "pidmap-stress: a build with a sanitizer cannot explore; use the preset "
        "release, or run_stress.sh explore\n");
    return exit_unsupported;
}

/// What lies between slashes.
[[nodiscard]] std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find('/', from), text.size());
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

/// Puts a smaller execution in the place of each finding.
void shrink(cell_verdict& seen) {
    for (explore::broken_invariant& one : seen.broken) {
        if (auto small = explore::shrink(seen.of, one)) {
            one.token = std::move(small->token);
            one.finding = std::move(small->shown_as);
        }
    }
}

[[nodiscard]] explore::pidmap_setting setting_of(const explore_options& wanted,
                                                 const chosen_cell& what) {
    explore::pidmap_setting setting{.how = what.how,
                                    .scenario = explore::find_explored_scenario(what.scenario),
                                    .threads = wanted.threads,
                                    .rounds = wanted.operations,
                                    .pages = wanted.pages,
                                    .bits = wanted.bits};
    const auto& known = setting.scenario->variations;
    if (!wanted.variation.empty())
        setting.variation =
            static_cast<unsigned>(std::ranges::find(known, wanted.variation) - known.begin());
    return setting;
}

/// What is wrong with the numbers of one of the cells, and how it would be right; nothing if all
/// can be explored.
[[nodiscard]] std::optional<std::string> wrong_numbers(const explore_options& wanted,
                                                       const std::vector<chosen_cell>& cells) {
    std::optional<std::string> wrong;
    std::vector<std::string_view> good;
    std::vector<std::string_view> bad;
    for (const chosen_cell& one : cells) {
        const auto why =
            why_not(*explore::find_explored_variant(one.variant), setting_of(wanted, one));
        if (why && !wrong) wrong = why;
        auto& names = why ? bad : good;
        if (std::ranges::find(names, one.scenario) == names.end()) names.push_back(one.scenario);
    }
    std::erase_if(
        good, [&bad](std::string_view name) { return std::ranges::find(bad, name) != bad.end(); });
    if (wrong && !good.empty() && selects(wanted.scenarios, "all"))
        *wrong += fmt::format("; or take --scenario {}", fmt::join(good, ","));
    return wrong;
}

/// The cells that are wanted. \throws usage_error
[[nodiscard]] std::vector<matrix_case> cases_of(const explore_options& wanted) {
    const std::vector<chosen_cell> cells =
        choose_cells(explored_catalogue(), {.variants = wanted.variants,
                                            .disciplines = wanted.disciplines,
                                            .scenarios = wanted.scenarios,
                                            .variation = wanted.variation});
    if (const auto wrong = wrong_numbers(wanted, cells)) throw usage_error(*wrong);
    std::vector<matrix_case> cases;
    for (const chosen_cell& one : cells)
        cases.push_back({.variant = explore::find_explored_variant(one.variant),
                         .setting = setting_of(wanted, one),
                         .model = *explore::parse_model(wanted.model)});
    return cases;
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

/// Explores the cells and prints them. \throws usage_error
[[nodiscard]] int explore_as_told(const explore_options& wanted, const std::string& program) {
    const std::vector<matrix_case> cases = cases_of(wanted);

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
    std::vector<cell_verdict> all;
    if (wanted.matrix) say("\n{}", explore::matrix_head());
    explore_in_order(cases, wanted, how, [&](const cell_verdict& seen) {
        say("{}", wanted.matrix ? matrix_row(seen) : describe_cell(seen, program));
        std::fflush(stdout);
        all.push_back(seen);
    });
    if (wanted.matrix) say("{}", describe_below_matrix(all, program));
    say("\n{}", describe_total(all));
    return exit_code_of(all, wanted.strict);
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

/// What is wrong with a token that cannot be opened.
[[nodiscard]] std::string why_no_token(std::string_view token) {
    constexpr std::string_view like =
        "a token is like sound/lookup/page_zero/2x1/2x8/rc11:x1..., as explore prints it";
    const std::size_t at = token.find(':');
    const std::vector<std::string_view> parts = parts_of(token.substr(0, at));
    if (at == std::string_view::npos || parts.size() < 5)
        return fmt::format("'{}' is not a token; {}", token, like);
    const cell_catalogue known = explored_catalogue();
    std::vector<std::string_view> scenarios{"calls"};
    for (const cell_catalogue::scenario& one : known.scenarios) scenarios.push_back(one.name);
    const known_names of[] = {{.option = "the token's variant",
                               .names = known.variants,
                               .by_name_only = known.mutants,
                               .called = "mutant"},
                              {.option = "the token's discipline", .names = discipline_names()},
                              {.option = "the token's scenario", .names = scenarios}};
    for (std::size_t n = 0; n < std::size(of); ++n)
        if (const auto wrong = unknown_name(of[n], parts[n])) return *wrong;
    return fmt::format("'{}' is damaged: its checksum does not match; copy all of it", token);
}

}  // namespace

void add_explore_options(CLI::App& app, explore_options& wanted) {
    app.add_option("--variant", wanted.variants, "variants, or all (see list)")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--discipline", wanted.disciplines, "member, reference, lookup, or all")
        ->delimiter(',')
        ->capture_default_str();
    std::string scenarios;
    std::string variations;
    for (const explore::explored_scenario* one : explore::explored_scenarios()) {
        scenarios += fmt::format("\n{}: {}", one->name, one->summary);
        if (!one->variations.empty())
            variations += fmt::format("\n{}: {}", one->name, fmt::join(one->variations, ", "));
    }
    app.add_option("--scenario", wanted.scenarios, "scenarios, or all (see list)" + scenarios)
        ->delimiter(',')
        ->capture_default_str();
    add_whole_number(app, "--threads", 1U, 4U, wanted.threads, "a scenario may allow fewer");
    add_whole_number(app, "--ops", 1U, 8U, wanted.operations,
                     "rounds of each thread: alloc and free, most often");
    add_whole_number(app, "--pages", 2U, 3U, wanted.pages, "of a namespace");
    // What lies between is refused when it is known for which scenario.
    add_whole_number(app, "--bits", 4U, 8U, wanted.bits, "pids of a page", "4 or 8");
    const auto take_variation = [&wanted](const std::string& name) {
        if (name.empty()) throw usage_error("--variation '' is not a name; see pidmap-stress list");
        wanted.variation = name;
    };
    app.add_option_function<std::string>(
        "--variation", take_variation,
        "of a scenario; the first one is the usual one" + variations);
    add_choice(app,
               {.option = "--strategy",
                .names = names_of(explore_strategies),
                .elsewhere = {{"a strategy of mutants: mutants --strategy", mutant_strategies()}}},
               wanted.strategy,
               "which executions, in which order. Default: portfolio, which is random, then "
               "bounded, then exhaustive;\nof --matrix: prove, which is exhaustive, and stateful "
               "where there are too many executions");
    add_choice(app, {.option = "--model", .names = names_of(explore_models)}, wanted.model,
               "memory model");
    const std::function<void(std::uint64_t)> take_budget = [&wanted](std::uint64_t given) {
        wanted.budget = given;
    };
    add_whole_number(app, "--budget", std::uint64_t{0}, UINT64_MAX, take_budget,
                     "most executions, or states, of each cell; 0: no limit. Default: 200000; of "
                     "prove, 5000000");
    add_whole_number(app, "--seed", std::uint64_t{0}, UINT64_MAX, wanted.seed,
                     "of the random strategies");
    add_whole_number(app, "--jobs", 1U, 256U, wanted.jobs,
                     "explorations side by side; changes no result");
    app.add_flag("--matrix", wanted.matrix,
                 "the safety matrix: a table with a row for each cell, and below it each invariant "
                 "that broke, with a token");
    add_choice(app, {.option = "--progress", .names = names_of(explore_progress)}, wanted.progress,
               "whether threads complete though another one stops forever, at any of its steps;\n"
               "auto: where no thread ever waits, so that this is known, and where it is not, in "
               "a matrix of 2 threads x 1 round");
    app.add_flag("--no-shrink", wanted.no_shrink, "print findings as they were found");
    app.add_flag("--strict", wanted.strict, "any violation is exit code 2, expected or not");
}

void add_replay_options(CLI::App& app, replay_options& wanted) {
    app.add_option("token", wanted.token, "as explore printed it");
    app.add_flag("--best-effort", wanted.best_effort,
                 "replay a token of another build as far as it goes");
    add_choice(app, {.option = "--format", .names = names_of(replay_formats)}, wanted.format,
               "mermaid: a sequence diagram for issue trackers; perfetto: Chrome trace JSON for\n"
               "ui.perfetto.dev");
    app.add_option("--output", wanted.output, "a file for it, or - for standard output");
    app.add_flag("--full", wanted.full, "all steps, not only those that matter");
}

int run_explore(const explore_options& wanted, const std::string& program) {
    if (explore::explored_variants().empty()) return unsupported();
    try {
        return explore_as_told(wanted, program);
    } catch (const usage_error& error) {
        return usage(error.what());
    }
}

int run_replay(const replay_options& wanted, const std::string& program) {
    if (wanted.token.empty())
        return usage("replay needs a token, as explore prints it: pidmap-stress replay TOKEN");
    const auto opened = explore::open_token(wanted.token, explore::build_identity());
    if (!opened && explore::explored_variants().empty()) return unsupported();
    if (!opened) return usage(why_no_token(wanted.token));
    if (!opened->same_build && !wanted.best_effort)
        return usage(
            "the token is of another build or configuration, so its schedule may mean something "
            "else here; --best-effort tries it");
    const explore::replay_result run = opened->replay();
    const explore::trace seen = explore::make_trace(*opened, run, program);
    const std::string text = with_provenance(
        explore::format(seen, *explore::parse_trace_format(wanted.format), wanted.full),
        *explore::parse_trace_format(wanted.format));
    if (wanted.output.empty() || wanted.output == "-") {
        say("{}", text);
    } else if (const int error = write_file(wanted.output, text); error != 0) {
        const write_failure failure = describe_failure("--output", wanted.output, error);
        say(stderr, "pidmap-stress: {}\n", failure.what);
        return failure.no_room ? exit_no_resources : exit_usage;
    }
    if (!seen.exact) say(stderr, "the schedule did not fit: this is another execution\n");
    if (!seen.breaks_anything()) say(stderr, "nothing broke\n");
    return exit_code_of(run, opened->shows);
}

}  // namespace pidmap_stress
