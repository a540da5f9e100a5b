#include "harness/command/explore/explore_command.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>

#include "harness/base/duration.hpp"
#include "harness/base/interruption.hpp"
#include "harness/base/say.hpp"
#include "harness/base/usage_error.hpp"
#include "harness/base/whole_number.hpp"
#include "harness/command/command_line.hpp"
#include "harness/command/explore/emit_test.hpp"
#include "harness/command/explore/explore_command_cells.hpp"
#include "harness/command/explore/explore_command_clients.hpp"
#include "harness/command/explore/explore_command_report.hpp"
#include "harness/command/mutants_command.hpp"
#include "harness/command/options.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/command/selection.hpp"
#include "harness/programs/matrix.hpp"
#include "harness/programs/replayable.hpp"
#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress {
namespace {

using explore::cell_verdict;
using explore::explored_case;

/// Prints one line that says what is wrong.
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

/// The parts between slashes.
[[nodiscard]] std::vector<std::string_view> parts_of(std::string_view text) {
    std::vector<std::string_view> parts;
    for (std::size_t from = 0; from <= text.size();) {
        const std::size_t end = std::min(text.find('/', from), text.size());
        parts.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return parts;
}

[[nodiscard]] explore::pidmap_setting setting_of(const explore_options& wanted,
                                                 const chosen_cell& what) {
    explore::pidmap_setting setting{.how = what.how,
                                    .scenario = explore::find_explored_scenario(what.scenario),
                                    .threads = wanted.threads,
                                    .turns = wanted.operations,
                                    .pages = wanted.pages,
                                    .bits = wanted.bits};
    const auto& known = setting.scenario->variations;
    if (!wanted.variation.empty())
        setting.variation =
            static_cast<unsigned>(std::ranges::find(known, wanted.variation) - known.begin());
    return setting;
}

/// What is wrong with the numbers of one of the cells, and what would be right; nothing if all can
/// be explored.
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

/// The selected cells. \throws usage_error
[[nodiscard]] std::vector<explored_case> cases_of(const explore_options& wanted) {
    const std::vector<chosen_cell> cells =
        choose_cells(explored_catalogue(), {.variants = wanted.variants,
                                            .disciplines = wanted.disciplines,
                                            .scenarios = wanted.scenarios,
                                            .variation = wanted.variation});
    if (const auto wrong = wrong_numbers(wanted, cells)) throw usage_error(*wrong);
    std::vector<explored_case> cases;
    for (std::size_t n = 0; const chosen_cell& one : cells)
        if (wanted.share.part.takes(n++))
            cases.push_back({.variant = explore::find_explored_variant(one.variant),
                             .setting = setting_of(wanted, one),
                             .model = *explore::parse_model(wanted.model)});
    return cases;
}

[[nodiscard]] explore::progress_check progress_of(const explore_options& wanted) {
    using enum explore::progress_check;
    if (wanted.progress == "always") return always;
    if (wanted.progress == "never") return never;
    // Where a thread waits, it is about six times as much work as all the rest.
    const bool small = wanted.matrix && wanted.threads <= 2 && wanted.operations == 1;
    return small ? always : if_nobody_waits;
}

/// The settings of the command, with defaults filled in.
struct full_options {
    std::string strategy;
    std::uint64_t budget;
};
[[nodiscard]] full_options fill_in(const explore_options& wanted) {
    // The matrix needs every execution; a search for a bug should find it soon.
    const std::string strategy = !wanted.strategy.empty() ? wanted.strategy
                                 : wanted.matrix          ? "prove"
                                                          : "portfolio";
    // A proof deserves more time than a search for bugs; and where time is the limit, nothing else
    // should be.
    const std::uint64_t usual = wanted.duration.count() != 0 ? 0
                                : strategy == "prove"        ? 5'000'000
                                                             : 200'000;
    return {.strategy = strategy, .budget = wanted.budget.value_or(usual)};
}

[[nodiscard]] nlohmann::json configuration_of(const explore_options& wanted,
                                              const full_options& full) {
    return {{"threads", wanted.threads},
            {"turns", wanted.operations},
            {"pages", wanted.pages},
            {"bits", wanted.bits},
            {"variation", wanted.variation},
            {"strategy", full.strategy},
            {"model", wanted.model},
            {"budget", full.budget},
            {"seed", wanted.seed},
            {"variants", wanted.variants},
            {"disciplines", wanted.disciplines},
            {"scenarios", wanted.scenarios},
            {"jobs", wanted.jobs},
            {"progress", wanted.progress},
            {"shrink", !wanted.no_shrink},
            {"strict", wanted.strict},
            {"duration_seconds", std::chrono::duration<double>(wanted.duration).count()}};
}

void print_head(const explore_options& wanted, const full_options& full) {
    say("explore --threads {} --turns {} --pages {} --bits {} {}--strategy {} "
        "--model {} --budget {} --seed {}{}{}; build {}\n",
        wanted.threads, wanted.operations, wanted.pages, wanted.bits,
        wanted.variation.empty() ? "" : fmt::format("--variation {} ", wanted.variation),
        full.strategy, wanted.model, full.budget, wanted.seed,
        wanted.duration.count() == 0 ? "" : fmt::format(", for {}", to_human(wanted.duration)),
        describe(wanted.share), explore::build_identity());
    say("{}\n", describe_build());
    // Apart from the rest, which is the same on every machine and at any time.
    say(stderr, "{}\n", describe_run());
}

[[nodiscard]] cells_to_explore cells_of(const explore_options& wanted, const full_options& full) {
    cells_to_explore cells{.cases = cases_of(wanted),
                           .how = {.strategy = *explore::parse_strategy(full.strategy),
                                   .seed = wanted.seed,
                                   .budget = full.budget,
                                   .jobs = wanted.jobs,
                                   .stop_at_first = false},
                           .checks = {.progress = progress_of(wanted)},
                           .jobs = wanted.jobs,
                           .shrinks = !wanted.no_shrink,
                           .duration = wanted.duration};
    if (full.budget != 0) cells.how.walks = full.budget;
    return cells;
}

/// Explores the cells, prints them and keeps them. \throws usage_error
/// The first unexpected finding; otherwise the first one.
[[nodiscard]] std::optional<int> emit_first(const std::string& path,
                                            const std::vector<cell_verdict>& cells) {
    const cell_verdict* first = nullptr;
    for (const cell_verdict& one : cells)
        if (!one.broken.empty() && (first == nullptr || (first->assessed.unexpected.empty() &&
                                                         !one.assessed.unexpected.empty())))
            first = &one;
    if (first == nullptr) {
        say(stderr, "nothing broke, so there is nothing to make a test of\n");
        return std::nullopt;
    }
    return emit_test(path, first->broken.front().token, first->broken.front().finding.what);
}

/// A line for each cell.
[[nodiscard]] int print_estimates(const cells_to_explore& cells) {
    for (const explored_case& one : cells.cases) {
        if (interrupted()) return exit_cut_short;
        const explore::size_estimate seen =
            explore::estimate_cell(one, cells.how, {.time = std::chrono::seconds(1)});
        say("{:<18} {:<10} {:<16} about {} executions, standard error {:.0f} %\n",
            one.variant->info->name, to_string(one.setting.how), one.setting.scenario->name,
            to_human(std::round(seen.executions)),
            seen.executions == 0 ? 0.0 : 100 * seen.standard_error / seen.executions);
        std::fflush(stdout);
    }
    return exit_as_expected;
}

[[nodiscard]] int explore_as_told(const explore_options& wanted, const std::string& program) {
    const full_options full = fill_in(wanted);
    const cells_to_explore cells = cells_of(wanted, full);
    const auto begin = std::chrono::steady_clock::now();
    explored_so_far all{.wanted = cells.cases.size(), .strict = wanted.strict};
    results_file file(wanted.json_path);
    const auto results_text = [&] {
        all.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        return to_json(all, configuration_of(wanted, full), wanted.share.part, program).dump(2) +
               "\n";
    };
    // Before any work is done: a run whose results cannot be kept is not begun.
    if (file.wanted())
        if (const auto failure = file.keep_so_far(results_text())) {
            say(stderr, "pidmap-stress: {}\n", failure->what);
            return failure->no_room ? exit_no_resources : exit_usage;
        }
    heed_interruptions();
    print_head(wanted, full);
    if (wanted.estimate) return print_estimates(cells);
    if (wanted.matrix) say("\n{}", explore::matrix_head());
    std::fflush(stdout);
    explore_cells(cells, [&](const cell_verdict& seen) {
        all.cells.push_back(seen);
        // Before it is printed: the file must not lack anything that was.
        if (file.wanted()) (void)file.keep_so_far(results_text());
        say("{}", wanted.matrix ? matrix_row(seen) : describe_cell(seen, program));
        std::fflush(stdout);
    });
    all.interrupted = interrupted();
    if (wanted.matrix) say("{}", describe_below_matrix(all.cells, program));
    say("\n{}", describe_total(all));
    const int code = exit_code_of(all);
    if (!wanted.emit_test.empty())
        if (const auto failed = emit_first(wanted.emit_test, all.cells)) return *failed;
    const auto lost = file.wanted() ? file.keep(results_text()) : std::nullopt;
    if (!lost) return code;
    say(stderr, "pidmap-stress: {}\n", lost->what);
    return code != exit_as_expected ? code : static_cast<int>(exit_no_resources);
}

/// A trace, with its origin. Host and date are a part of JSON only: all else is the same wherever
/// and whenever a token is replayed.
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
    add_whole_number(app, "--turns", 1U, 8U, wanted.operations,
                     "turns of each thread: an alloc and a free, most often");
    add_whole_number(app, "--pages", 2U, 3U, wanted.pages, "of a namespace");
    // Numbers in between are refused when the scenario is known.
    add_whole_number(app, "--bits", 4U, 8U, wanted.bits, "pids of a page", "4 or 8");
    const auto take_variation = [&wanted](const std::string& name) {
        if (name.empty()) throw usage_error("--variation '' is not a name; see pidmap-stress list");
        wanted.variation = name;
    };
    app.add_option_function<std::string>(
        "--variation", take_variation, "of a scenario; its first one is the default" + variations);
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
    const std::function<void(const std::string&)> take_duration =
        [&wanted](const std::string& given) {
            if (const auto wrong = read_duration(given, wanted.duration))
                throw usage_error(fmt::format("--for {}", *wrong));
        };
    app.add_option_function<std::string>(
        "--for", take_duration,
        "a time for the whole command, like 45s or 5m, shared out among its cells; what is not\n"
        "finished by then is incomplete. There is no other limit then, unless --budget names one");
    add_whole_number(app, "--seed", std::uint64_t{0}, UINT64_MAX, wanted.seed,
                     "for the random strategies");
    add_whole_number(app, "--jobs", 1U, 256U, wanted.jobs,
                     "explorations side by side; changes no result");
    app.add_flag("--matrix", wanted.matrix,
                 "the safety matrix: a table with a row for each cell, and below it each invariant "
                 "that broke, with a token");
    const auto take_clients = [&wanted](const std::string& given) {
        if (given != random_clients && !calls_of_clients(given))
            throw usage_error(
                fmt::format("--clients '{}' is neither a number of calls, 1 to {}, "
                            "nor {}",
                            given, most_calls_of_clients, random_clients));
        wanted.clients = given;
    };
    CLI::Option* const clients = app.add_option_function<std::string>(
        "--clients", take_clients,
        "1 to 8: instead of scenarios, every client of at most N calls, from a few states, the "
        "small ones first;\nor random: random clients, by random walks");
    const std::function<void(unsigned)> take_three = [&wanted](unsigned given) {
        wanted.calls_of_three = given;
    };
    add_whole_number(app, "--calls-of-three", 0U, most_calls_of_clients, take_three,
                     "the most calls of clients on 3 threads, which take by far the longest. "
                     "Default: 3");
    const std::function<void(unsigned)> take_nested = [&wanted](unsigned given) {
        wanted.calls_of_nested = given;
    };
    add_whole_number(
        app, "--calls-of-nested", 0U, most_calls_of_clients, take_nested,
        "the most calls of clients with children and objects on 2 and 3 threads; on one, one\n"
        "more. Default: 3");
    add_choice(app, {.option = "--progress", .names = names_of(explore_progress)}, wanted.progress,
               "whether threads complete though another one stops forever, at any of its steps;\n"
               "auto: where no thread ever waits, as that answers it, and otherwise in "
               "a matrix of 2 threads x 1 turn");
    app.add_flag("--estimate", wanted.estimate,
                 "explore nothing: estimate how many executions each cell has, a second for each");
    for (const char* const of_scenarios :
         {"--scenario", "--threads", "--turns", "--pages", "--bits", "--variation", "--strategy",
          "--matrix", "--progress", "--estimate"})
        clients->excludes(app.get_option(of_scenarios));
    app.add_option("--json", wanted.json_path, "a file for the results, or - for standard output");
    app.add_option("--emit-test", wanted.emit_test,
                   "a file for the first finding as a GoogleTest, which stays valid when the code "
                   "moves:\nharness/programs/regressions/NAME.cpp makes it a test of this project");
    add_shard_option(app, wanted.share, "the matrix's cells, or of the clients");
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
    app.add_option("--json", wanted.json_path,
                   "a file for all steps and what they broke, or - for standard output");
    app.add_option("--emit-test", wanted.emit_test,
                   "a file for the same as a GoogleTest, which stays valid when the code moves");
    app.add_flag("--full", wanted.full, "all steps, not only those that matter");
}

int run_explore(const explore_options& wanted, const std::string& program) {
    if (explore::explored_variants().empty()) return unsupported();
    try {
        return wanted.clients.empty() ? explore_as_told(wanted, program)
                                      : explore_clients_as_told(wanted, program);
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
    heed_interruptions();
    const explore::replay_result run = opened->replay();
    const explore::trace seen = explore::make_trace(*opened, run, program);
    const std::string text = with_provenance(
        explore::format(seen, *explore::parse_trace_format(wanted.format), wanted.full),
        *explore::parse_trace_format(wanted.format));
    if (!wanted.json_path.empty()) {
        nlohmann::json file = nlohmann::json::parse(to_json(seen));
        file["token"] = wanted.token;
        file["exit_code"] = exit_code_of(run, opened->shows);
        file.update(provenance());
        if (const auto failed = put_text("--json", wanted.json_path, file.dump(2) + "\n"))
            return *failed;
    }
    const bool prints_json = wanted.json_path == "-" && wanted.output.empty();
    if (!prints_json)
        if (const auto failed = put_text("--output", wanted.output, text)) return *failed;
    if (!wanted.emit_test.empty())
        if (const auto failed = emit_test(wanted.emit_test, wanted.token, seen.headline))
            return *failed;
    if (seen.departed_at)
        say(stderr, "the schedule did not fit: from step {} on this is another execution\n",
            *seen.departed_at);
    else if (!seen.exact)
        say(stderr, "the schedule did not fit: it goes on where this execution ends\n");
    if (!seen.breaks_anything()) say(stderr, "nothing broke\n");
    const int code = exit_code_of(run, opened->shows);
    return code == exit_as_expected && interrupted() ? static_cast<int>(exit_cut_short) : code;
}

}  // namespace pidmap_stress
