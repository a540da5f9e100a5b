#include "harness/command/options.hpp"

#include <algorithm>
#include <random>
#include <span>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "allocator/geometry.hpp"
#include "harness/base/duration.hpp"
#include "harness/base/names.hpp"
#include "harness/base/usage_error.hpp"
#include "harness/base/whole_number.hpp"
#include "harness/command/command_line.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/command/selection.hpp"
#include "harness/command/shard.hpp"
#include "harness/command/soak/slice_plan.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/world/board.hpp"

namespace pidmap_stress {
namespace {

template <class Number>
[[nodiscard]] Number number(std::string_view option, const std::string& text, Number low,
                            Number high) {
    Number value{};
    if (const auto wrong = read_whole_number(std::string_view(text), low, high, value))
        throw usage_error(fmt::format("{} {}", option, *wrong));
    return value;
}

/// Refuses an empty path. --json of list may stand without one.
void check_path(const CLI::App& command, const std::string& option) {
    const CLI::Option* const given = command.get_option_no_throw(option);
    if (given == nullptr || given->count() == 0 || given->get_expected_min() == 0) return;
    if (given->as<std::string>().empty())
        throw usage_error(fmt::format(
            "{} '' is not a path; it must be that of a file to write, or - for standard output",
            option));
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
    bool raw = false;
    bool strict = false;
    bool explain = false;
    std::string json;
    std::string repeat;
    std::string confirm;
};

/// Which cells, and how each is run.
void add_cell_options(CLI::App& run, raw_run& raw) {
    run.add_option("--variant", raw.variants, "variants, or all (see list)")
        ->delimiter(',')
        ->capture_default_str();
    run.add_option("--scenario", raw.scenarios, "scenarios, or all (see list)")
        ->delimiter(',')
        ->capture_default_str();
    run.add_option("--discipline", raw.disciplines, "member, reference, lookup, or all")
        ->delimiter(',')
        ->capture_default_str();
    run.add_option("--threads", raw.threads, "workers, 1 to 256 [twice the cores, at least 4]");
    run.add_option("--pool", raw.pool, "tbb or jthread")->capture_default_str();
    run.add_option("--seed", raw.seed, "of operations, delays and faults [random]");
    run.add_option("--pid-max", raw.pid_max,
                   "301 to 4194304, for scenarios that do not set their own");
    run.add_option("--jitter", raw.jitter,
                   "delay about one in N atomic accesses, 1 to 1000000 [none]")
        ->expected(0, 1)
        ->default_str("64");
    run.add_flag("--pin", raw.pin, "keep each worker on one core");
    run.add_flag("--raw", raw.raw, "print a sanitizer's own text as it comes, not into a file");
}

void add_run_options(CLI::App& run, raw_run& raw) {
    add_cell_options(run, raw);
    run.add_option("--duration", raw.duration,
                   "of the whole run: 500ms, 45s, 5m, 3h, 2d [60s, without --ops]");
    run.add_option("--ops", raw.operations,
                   "calls for each cell (variant x discipline x scenario)");
    run.add_option("--repeat", raw.repeat,
                   "run each cell so often, to its first finding, and say in how many it showed; "
                   "1 to 10000");
    run.add_option("--confirm-fix", raw.confirm,
                   "how often a bug showed that should be gone, as 0.35, 35% or 7/20 of runs, 3/h "
                   "of\nCPU hours or 2e-7/op: says how long to run to be 95 % sure");
    run.add_option("--json", raw.json, "a file for the results, or - for standard output");
    run.add_flag("--explain", raw.explain,
                 "have the explorer look at every finding; in a run of few cells, or if a finding\n"
                 "was not expected, it does so anyway");
    run.add_flag("--strict", raw.strict, "any violation is exit code 2, expected or not");
}

struct raw_soak {
    raw_run run;
    std::string slice;
    std::string canary;
};

void add_soak_options(CLI::App& soak, raw_soak& raw, soak_options& into) {
    soak.add_option("--dir", into.folder,
                    "the campaign's folder: a journal is begun there, or gone on with");
    add_cell_options(soak, raw.run);
    soak.add_option("--duration", raw.run.duration,
                    "of the whole campaign, all attempts together: 45s, 5m, 3h, 2d [1h]");
    soak.add_option("--world", into.world,
                    "native or jitter; tsan or asan, in a build with that sanitizer");
    soak.add_option("--slice", raw.slice, "how long one slice is [as fits the duration]");
    soak.add_option("--canary", raw.canary,
                    "look for a planted bug after this much work [10m, or a third of the "
                    "duration]");
    add_shard_option(soak, into.share, "a campaign's slices");
    soak.add_option("--metrics", into.metrics_address,
                    "PORT on 127.0.0.1, or HOST:PORT: serves numbers for Prometheus at /metrics");
    soak.add_option("--metrics-file", into.metrics_path,
                    "numbers for Prometheus' textfile collector, replaced after each slice");
}

/// Whether the command has the option, and it stands on the command line.
[[nodiscard]] bool was_given(const CLI::App& command, const std::string& option) {
    const CLI::Option* const known = command.get_option_no_throw(option);
    return known != nullptr && known->count() != 0;
}

[[nodiscard]] std::vector<cell> cells_of(const raw_run& raw) {
    std::vector<cell> cells;
    for (const chosen_cell& one : choose_cells(native_catalogue(), {.variants = raw.variants,
                                                                    .disciplines = raw.disciplines,
                                                                    .scenarios = raw.scenarios}))
        cells.push_back({.variant = find_subject(one.variant),
                         .workload = find_scenario(one.scenario),
                         .how = one.how});
    return cells;
}

[[nodiscard]] run_options to_run_options(const raw_run& raw, const CLI::App& given) {
    run_options run;
    run.cells = cells_of(raw);
    std::string& again = run.common_arguments;

    const unsigned default_threads = std::max(4U, 2 * std::thread::hardware_concurrency());
    run.trial.workers = was_given(given, "--threads")
                            ? number("--threads", raw.threads, 1U, max_workers)
                            : std::min(default_threads, max_workers);
    again += fmt::format(" --threads {}", run.trial.workers);

    if (const auto wrong = unknown_name({.option = "--pool", .names = pool_names()}, raw.pool))
        throw usage_error(*wrong);
    run.trial.pool = *parse_pool(raw.pool);
    again += fmt::format(" --pool {}", raw.pool);

    if (was_given(given, "--pid-max")) {
        run.trial.pid_max = number("--pid-max", raw.pid_max, lowest_pid_max<kernel_geometry>,
                                   highest_pid_max<kernel_geometry>);
        again += fmt::format(" --pid-max {}", run.trial.pid_max);
    }
    if (was_given(given, "--jitter")) {
        run.trial.jitter_one_in =
            raw.jitter.empty() ? 64 : number("--jitter", raw.jitter, 1U, 1'000'000U);
        again += fmt::format(" --jitter {}", run.trial.jitter_one_in);
    }
    run.trial.pin = raw.pin;
    if (raw.pin) again += " --pin";
    run.raw = raw.raw;

    if (was_given(given, "--ops")) {
        run.trial.operations =
            number("--ops", raw.operations, std::uint64_t{1}, std::uint64_t{1'000'000'000'000});
        again += fmt::format(" --ops {}", run.trial.operations);
    }
    if (was_given(given, "--duration") || run.trial.operations == 0) {
        const std::string text = was_given(given, "--duration") ? raw.duration : "60s";
        if (const auto wrong = read_duration(text, run.duration))
            throw usage_error(fmt::format("--duration {}", *wrong));
    }
    run.seed = was_given(given, "--seed") ? number("--seed", raw.seed, std::uint64_t{0}, UINT64_MAX)
                                          : std::random_device{}() & 0xffffffffU;
    if (was_given(given, "--repeat")) run.repeat = number("--repeat", raw.repeat, 1U, 10'000U);
    if (was_given(given, "--confirm-fix")) {
        run.confirm = parse_bug_rate(raw.confirm);
        if (!run.confirm)
            throw usage_error(fmt::format(
                "--confirm-fix '{}' is not a rate; it must be like 0.35, 35% or 7/20 of "
                "runs, 3/h of CPU hours or 2e-7/op of operations",
                raw.confirm));
    }
    run.json_path = raw.json;
    run.strict = raw.strict;
    run.explain = raw.explain;
    return run;
}

}  // namespace

namespace {

[[nodiscard]] std::chrono::nanoseconds duration(std::string_view option, const std::string& text) {
    std::chrono::nanoseconds read{};
    if (const auto wrong = read_duration(text, read))
        throw usage_error(fmt::format("{} {}", option, *wrong));
    return read;
}

/// The worlds that this build has.
[[nodiscard]] std::vector<std::string_view> world_names() {
    if (under_tsan) return {"tsan"};
    if (under_asan) return {"asan"};
    return {"native", "jitter"};
}

void finish_soak_options(const raw_soak& raw, const CLI::App& given, soak_options& soak) {
    if (soak.folder.empty())
        throw usage_error(
            "soak needs --dir, the folder of its campaign: a new one, or one to go "
            "on with");
    const std::vector<std::string_view> worlds = world_names();
    if (soak.world.empty())
        soak.world = raw.run.jitter.empty() && !was_given(given, "--jitter") ? worlds.front()
                                                                             : worlds.back();
    if (std::ranges::find(worlds, soak.world) == worlds.end())
        throw usage_error(fmt::format(
            "--world '{}' is not one of this build, which has {}; ./run_stress.sh soak --world "
            "takes native, jitter, tsan and asan",
            soak.world, fmt::join(worlds, " and ")));
    soak.run = to_run_options(raw.run, given);
    if (!was_given(given, "--duration")) soak.run.duration = std::chrono::hours(1);
    if (soak.world == "jitter" && soak.run.trial.jitter_one_in == 0) {
        soak.run.trial.jitter_one_in = 64;
        soak.run.common_arguments += " --jitter 64";
    }
    if (soak.world == "native" && soak.run.trial.jitter_one_in != 0)
        throw usage_error(
            "--world native has no delays: leave out --jitter, or say --world jitter");
    soak.seed_is_given = was_given(given, "--seed");
    soak.slice = was_given(given, "--slice")
                     ? duration("--slice", raw.slice)
                     : usual_slice(soak.run.duration, soak.run.cells.size());
    constexpr std::chrono::nanoseconds usual_canary = std::chrono::minutes(10);
    soak.canary_every = was_given(given, "--canary")
                            ? duration("--canary", raw.canary)
                            : std::min(usual_canary, soak.run.duration / 3);
    complete(soak.share);
}

void finish_explore_options(explore_options& wanted) {
    // A few chosen cells are no work to be divided because a batch system runs other work.
    if (wanted.matrix || !wanted.clients.empty())
        complete(wanted.share);
    else if (!wanted.share.given.empty())
        throw usage_error(
            "--shard divides the cells of --matrix, or clients: add --matrix, or --clients N");
}

}  // namespace

options parse_options(int argc, const char* const* argv) {
    options parsed;
    raw_run raw;
    raw_soak raw_of_soak;
    CLI::App app{"Stress tests for lock-free pidmap reference counting", "pidmap-stress"};
    app.require_subcommand(0, 1)->allow_extras();
    app.set_version_flag("--version", [] { return describe_version(); });
    CLI::App* const run = app.add_subcommand("run", "hammer variants and judge them");
    add_run_options(*run, raw);
    CLI::App* const soak = app.add_subcommand(
        "soak", "run for long, slice by slice, in a folder: what ends it loses one slice at most");
    add_soak_options(*soak, raw_of_soak, parsed.soak);
    CLI::App* const report =
        app.add_subcommand("report", "what the journals of any number of soaks come to");
    add_report_options(*report, parsed.report);
    CLI::App* const status =
        app.add_subcommand("status", "how far a soak is, running or not, from outside");
    status->add_option("folder", parsed.status_folder, "the soak's --dir")->required();
    CLI::App* const explore =
        app.add_subcommand("explore", "run small cases in every interleaving: the safety matrix");
    add_explore_options(*explore, parsed.explore);
    CLI::App* const replay =
        app.add_subcommand("replay", "run one interleaving that explore found, step by step");
    add_replay_options(*replay, parsed.replay);
    CLI::App* const mutants = app.add_subcommand(
        "mutants", "measure how surely and how soon each planted bug is found, and by whom");
    add_mutants_options(*mutants, parsed.mutants);
    CLI::App* const list = app.add_subcommand(
        "list", "show what each command takes: variants, scenarios, disciplines, strategies ...");
    CLI::Option* const as_json =
        list->add_option("--json", parsed.list_json,
                         "as JSON, in a file or, without one or with -, on standard output")
            ->expected(0, 1);
    CLI::App* const self_test = app.add_subcommand(
        "self-test", "under a sanitizer: prove that it reports a race, and only a race");
    app.footer(
        "exit codes: 0 as expected, 1 usage or harness error, 2 invariant violated, 3 missing\n"
        "resource, 4 unsupported here, 5 crash, 6 stall, 7 inconclusive");
    const std::vector<std::pair<CLI::App*, command>> commands{
        {run, command::run},         {soak, command::soak},       {report, command::report},
        {status, command::status},   {explore, command::explore}, {replay, command::replay},
        {mutants, command::mutants}, {list, command::list},       {self_test, command::self_test}};
    for (const auto& one : commands) {
        // What is left over is refused below, in words of our own.
        one.first->allow_extras();
        for (CLI::Option* flag : one.first->get_options())
            if (flag->get_items_expected_max() == 0) flag->disable_flag_override();
    }
    const auto refuse = [&parsed](std::string_view why) {
        parsed.what = command::help;
        parsed.exit_code = exit_usage;
        parsed.message = fmt::format("pidmap-stress: {}\n", one_line(why));
    };
    const std::span words(argv, static_cast<std::size_t>(argc));
    const std::string_view first = argc > 1 ? words[1] : "";
    const auto chosen = std::ranges::find_if(
        commands, [first](const auto& one) { return one.first->get_name() == first; });
    const bool asks = first == "-h" || first == "--help" || first == "--version";
    const CLI::App& asked = chosen == commands.end() ? app : *chosen->first;
    try {
        if (chosen == commands.end() && !asks) throw usage_error(why_no_command(app, words));
        app.parse(argc, argv);
        // What stands behind "--" is left to the program, not to the command.
        std::vector<std::string> left = asked.remaining();
        for (std::string& word : app.remaining()) left.push_back(std::move(word));
        if (!left.empty()) throw usage_error(why_not_taken(app, asked, left.front()));
        if (run->parsed()) parsed.run = to_run_options(raw, *run);
        if (soak->parsed()) finish_soak_options(raw_of_soak, *soak, parsed.soak);
        if (explore->parsed()) finish_explore_options(parsed.explore);
        if (mutants->parsed()) complete(parsed.mutants.share);
        for (const char* const option : {"--json", "--output"}) check_path(asked, option);
        if (as_json->count() != 0 && parsed.list_json.empty()) parsed.list_json = "-";
        if (chosen != commands.end()) parsed.what = chosen->second;
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        std::ostringstream err;
        if (app.exit(error, out, err) == 0) {
            parsed.what = command::help;
            parsed.message = out.str();
        } else {
            refuse(why_not_parsed(asked, words, error));
        }
    } catch (const usage_error& error) {
        refuse(error.what());
    }
    return parsed;
}

std::vector<std::string_view> pool_names() {
    return {to_string(pool_kind::tbb), to_string(pool_kind::jthread)};
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
