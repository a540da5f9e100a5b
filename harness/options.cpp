#include "harness/options.hpp"

#include <algorithm>
#include <random>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "allocator/geometry.hpp"
#include "harness/board.hpp"
#include "harness/duration.hpp"
#include "harness/names.hpp"
#include "harness/provenance.hpp"
#include "harness/sanitizers.hpp"
#include "harness/whole_number.hpp"

namespace pidmap_stress {
namespace {

/// What is wrong with the arguments, in one line.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class Number>
[[nodiscard]] Number number(std::string_view option, const std::string& text, Number low,
                            Number high) {
    Number value{};
    if (const auto wrong = read_whole_number(std::string_view(text), low, high, value))
        throw usage_error(fmt::format("{} {}", option, *wrong));
    return value;
}

[[nodiscard]] bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

/// "a,b,all" as names, each one known.
///
/// \param by_name_only  Known as well, but no part of `all`.
[[nodiscard]] std::vector<std::string> selection(
    std::string_view option, const std::vector<std::string>& wanted,
    const std::vector<std::string>& known, const std::vector<std::string>& by_name_only = {}) {
    std::vector<std::string> names;
    bool all = false;
    for (const std::string& name : wanted) {
        all |= name == "all";
        if (name == "all") continue;
        const auto wrong = unknown_name(option, std::string_view(name), known);
        if (wrong && !contains(by_name_only, name)) throw usage_error(*wrong);
        if (!contains(names, name)) names.push_back(name);
    }
    if (!all) return names;
    std::vector<std::string> chosen = known;
    std::ranges::copy_if(names, std::back_inserter(chosen),
                         [&](const std::string& name) { return !contains(known, name); });
    return chosen;
}

struct raw_run {
    std::vector<std::string> variants{"all"};
    std::vector<std::string> scenarios{"all"};
    std::vector<std::string> disciplines{"all"};
    std::string threads;
    std::string pool = under_tsan ? "jthread" : "tbb";
    std::string duration;
    std::string operations;
    std::string seed;
    std::string pid_max;
    std::string jitter;
    bool pin = false;
    bool strict = false;
    bool explain = false;
    std::string json;
    std::string repeat;
    std::string confirm;
};

void add_run_options(CLI::App& run, raw_run& raw) {
    run.add_option("--variant", raw.variants, "variants, or all: see list")
        ->delimiter(',')
        ->capture_default_str();
    run.add_option("--scenario", raw.scenarios, "scenarios, or all: see list")
        ->delimiter(',')
        ->capture_default_str();
    run.add_option("--discipline", raw.disciplines, "member, reference, lookup, or all")
        ->delimiter(',')
        ->capture_default_str();
    run.add_option("--threads", raw.threads, "workers, 1 to 256 [twice the cores, at least 4]");
    run.add_option("--pool", raw.pool, "tbb or jthread")->capture_default_str();
    run.add_option("--duration", raw.duration,
                   "of the whole run: 500ms, 45s, 5m, 3h, 2d [60s, without --ops]");
    run.add_option("--ops", raw.operations,
                   "calls for each cell (variant x discipline x scenario)");
    run.add_option("--seed", raw.seed, "of operations, delays and faults [random]");
    run.add_option("--pid-max", raw.pid_max,
                   "301 to 4194304, for scenarios that do not set their own");
    run.add_option("--jitter", raw.jitter,
                   "delay about one in so many atomic accesses, 1 to 1000000 [none]")
        ->expected(0, 1)
        ->default_str("64");
    run.add_option("--repeat", raw.repeat,
                   "run each cell so often, to its first finding, and say in how many it showed; "
                   "1 to 10000");
    run.add_option("--confirm-fix", raw.confirm,
                   "how often a bug showed that should be gone, as 0.35, 35% or 7/20 of runs, 3/h "
                   "of\nworker-hours or 2e-7/op: says how long to run to be 95 % sure");
    run.add_flag("--pin", raw.pin, "keep each worker on one core");
    run.add_option("--json", raw.json, "a file for the results, or - for standard output");
    run.add_flag("--explain", raw.explain,
                 "have the explorer look at every finding; in a run of few cells, or if a finding\n"
                 "was not expected, it does so anyway");
    run.add_flag("--strict", raw.strict, "any violation is exit code 2, expected or not");
}

/// All combinations that make sense. One that was asked for by name and does not is an error.
[[nodiscard]] std::vector<cell> cells_of(const raw_run& raw) {
    std::vector<std::string> known_variants;
    for (const subject_entry& entry : subjects()) known_variants.emplace_back(entry.info->name);
    std::vector<std::string> mutants;
    for (const subject_entry& entry : mutant_subjects()) mutants.emplace_back(entry.info->name);
    std::vector<std::string> known_scenarios;
    for (const scenario_entry& entry : scenarios()) known_scenarios.emplace_back(entry.info->name);
    const std::vector<std::string> known_disciplines{"member", "reference", "lookup"};

    const auto variant_names = selection("--variant", raw.variants, known_variants, mutants);
    const auto scenario_names = selection("--scenario", raw.scenarios, known_scenarios);
    const auto discipline_names = selection("--discipline", raw.disciplines, known_disciplines);
    std::vector<cell> cells;
    for (const std::string& variant : variant_names)
        for (const std::string& how : discipline_names)
            for (const std::string& workload : scenario_names) {
                const cell one{.variant = find_subject(variant),
                               .workload = find_scenario(workload),
                               .how = *parse_discipline(how)};
                if (fits(*one.workload->info, one.how, one.variant->nests)) cells.push_back(one);
            }
    const auto nests = [](const auto* found) { return found->info->nests; };
    const bool about_nesting = std::ranges::all_of(
        scenario_names, [&](const std::string& name) { return nests(find_scenario(name)); });
    const bool none_nests = std::ranges::none_of(
        variant_names, [](const std::string& name) { return find_subject(name)->nests; });
    if (about_nesting && none_nests)
        throw usage_error(fmt::format(
            "--scenario {} is for variants whose namespaces nest, and --variant {} is none: it "
            "would have to be a pid_namespace",
            fmt::join(scenario_names, ", "), fmt::join(variant_names, ", ")));
    // `all` is all that fits.
    for (const std::string& name : raw.scenarios)
        if (name != "all" && std::ranges::none_of(cells, [&](const cell& one) {
                return one.workload->info->name == name;
            }))
            throw usage_error(fmt::format("--scenario {} does not run under {}; see list", name,
                                          fmt::join(discipline_names, ", ")));
    for (const std::string& name : raw.disciplines)
        if (name != "all" && std::ranges::none_of(cells, [&](const cell& one) {
                return to_string(one.how) == name;
            }))
            throw usage_error(fmt::format("--discipline {} fits none of {}; see list", name,
                                          fmt::join(scenario_names, ", ")));
    return cells;
}

[[nodiscard]] run_options to_run_options(const raw_run& raw, const CLI::App& given) {
    run_options run;
    run.cells = cells_of(raw);
    std::string& again = run.common_arguments;

    const unsigned default_threads = std::max(4U, 2 * std::thread::hardware_concurrency());
    run.trial.workers = given.count("--threads") != 0
                            ? number("--threads", raw.threads, 1U, max_workers)
                            : std::min(default_threads, max_workers);
    again += fmt::format(" --threads {}", run.trial.workers);

    const auto pool = parse_pool(raw.pool);
    if (!pool)
        throw usage_error(fmt::format("--pool '{}' is unknown; known are: tbb, jthread", raw.pool));
    run.trial.pool = *pool;
    again += fmt::format(" --pool {}", raw.pool);

    if (given.count("--pid-max") != 0) {
        run.trial.pid_max = number("--pid-max", raw.pid_max, lowest_pid_max<kernel_geometry>,
                                   highest_pid_max<kernel_geometry>);
        again += fmt::format(" --pid-max {}", run.trial.pid_max);
    }
    if (given.count("--jitter") != 0) {
        run.trial.jitter_one_in =
            raw.jitter.empty() ? 64 : number("--jitter", raw.jitter, 1U, 1'000'000U);
        again += fmt::format(" --jitter {}", run.trial.jitter_one_in);
    }
    run.trial.pin = raw.pin;
    if (raw.pin) again += " --pin";

    if (given.count("--ops") != 0) {
        run.trial.operations =
            number("--ops", raw.operations, std::uint64_t{1}, std::uint64_t{1'000'000'000'000});
        again += fmt::format(" --ops {}", run.trial.operations);
    }
    if (given.count("--duration") != 0 || run.trial.operations == 0) {
        const std::string text = given.count("--duration") != 0 ? raw.duration : "60s";
        const auto duration = parse_duration(text);
        if (!duration)
            throw usage_error(fmt::format(
                "--duration '{}' is no duration; it must be a number and a unit, like 500ms, 45s, "
                "5m, 3h or 2d",
                text));
        run.duration = *duration;
    }
    run.seed = given.count("--seed") != 0 ? number("--seed", raw.seed, std::uint64_t{0}, UINT64_MAX)
                                          : std::random_device{}() & 0xffffffffU;
    if (given.count("--json") != 0 && raw.json.empty())
        throw usage_error("--json '' is no path; it must be that of a file to write");
    if (given.count("--repeat") != 0) run.repeat = number("--repeat", raw.repeat, 1U, 10'000U);
    if (given.count("--confirm-fix") != 0) {
        run.confirm = parse_bug_rate(raw.confirm);
        if (!run.confirm)
            throw usage_error(
                fmt::format("--confirm-fix '{}' is no rate; it must be like 0.35, 35% or 7/20 of "
                            "runs, 3/h of worker-hours or 2e-7/op of operations",
                            raw.confirm));
    }
    run.json_path = raw.json;
    run.strict = raw.strict;
    run.explain = raw.explain;
    return run;
}

}  // namespace

options parse_options(int argc, const char* const* argv) {
    options parsed;
    raw_run raw;
    CLI::App app{"Stress tests for lock-free pidmap reference counting", "pidmap-stress"};
    app.require_subcommand(1);
    app.set_version_flag("--version", [] { return describe_version(); });
    CLI::App* const run = app.add_subcommand("run", "hammer variants and judge them");
    add_run_options(*run, raw);
    CLI::App* const explore =
        app.add_subcommand("explore", "run small cases in every interleaving: the safety matrix");
    add_explore_options(*explore, parsed.explore);
    CLI::App* const replay =
        app.add_subcommand("replay", "run one interleaving that explore found, step by step");
    add_replay_options(*replay, parsed.replay);
    CLI::App* const mutants = app.add_subcommand(
        "mutants", "measure how surely and how soon each planted bug is found, and by whom");
    add_mutants_options(*mutants, parsed.mutants);
    CLI::App* const list = app.add_subcommand("list", "show variants, scenarios and disciplines");
    CLI::App* const self_test = app.add_subcommand(
        "self-test", "under a sanitizer: prove that it reports a race, and only a race");
    app.footer(
        "exit codes: 0 as expected, 1 usage or harness error, 2 invariant violated, 3 missing\n"
        "resource, 4 unsupported here, 5 crash, 6 stall, 7 inconclusive");
    try {
        app.parse(argc, argv);
        if (run->parsed()) {
            parsed.what = command::run;
            parsed.run = to_run_options(raw, *run);
        } else if (explore->parsed()) {
            parsed.what = command::explore;
        } else if (replay->parsed()) {
            parsed.what = command::replay;
        } else if (mutants->parsed()) {
            parsed.what = command::mutants;
        } else if (list->parsed()) {
            parsed.what = command::list;
        } else if (self_test->parsed()) {
            parsed.what = command::self_test;
        }
    } catch (const CLI::RequiredError& error) {
        parsed.what = command::help;
        parsed.exit_code = exit_usage;
        const bool known = argc > 1 && !app.get_subcommands([argv](const CLI::App* one) {
                                               return one->get_name() == argv[1];
                                           })
                                            .empty();
        parsed.message = known ? fmt::format("pidmap-stress: {}; see pidmap-stress {} --help\n",
                                             error.what(), argv[1])
                               : fmt::format(
                                     "pidmap-stress: {}; known are: run, explore, replay, mutants, "
                                     "list, self-test; see "
                                     "pidmap-stress --help\n",
                                     argc > 1 ? fmt::format("'{}' is no command", argv[1])
                                              : "a command is missing");
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        const bool asks_for_help = app.exit(error, out, err) == 0;
        parsed.what = command::help;
        parsed.exit_code = asks_for_help ? exit_as_expected : exit_usage;
        parsed.message =
            asks_for_help
                ? out.str()
                : fmt::format("pidmap-stress: {}; see pidmap-stress --help\n", error.what());
    } catch (const usage_error& error) {
        parsed.what = command::help;
        parsed.exit_code = exit_usage;
        parsed.message = fmt::format("pidmap-stress: {}\n", error.what());
    }
    return parsed;
}

std::string shell_quoted(std::string_view text) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%";
    if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos)
        return std::string(text);
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace pidmap_stress
