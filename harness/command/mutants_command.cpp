#include "harness/command/mutants_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/interruption.hpp"
#include "harness/base/names.hpp"
#include "harness/base/say.hpp"
#include "harness/base/usage_error.hpp"
#include "harness/base/whole_number.hpp"
#include "harness/command/command_line.hpp"
#include "harness/command/explore/explore_command.hpp"
#include "harness/command/options.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/scenario.hpp"
#include "harness/power/study.hpp"

namespace pidmap_stress {
namespace {

/// Variants that are known to break: there is nothing to learn about them here.
[[nodiscard]] std::vector<std::string_view> broken_variants() {
    std::vector<std::string_view> names;
    for (const subject_entry& one : variant_subjects())
        if (!one.info->breaks.empty()) names.push_back(one.info->name);
    return names;
}

[[nodiscard]] std::vector<std::string_view> scenario_names() {
    std::vector<std::string_view> names;
    for (const scenario_entry& one : scenarios()) names.push_back(one.info->name);
    return names;
}

[[nodiscard]] std::vector<power::candidate> chosen_candidates(const mutants_options& wanted) {
    const std::vector<power::candidate> all = power::candidates();
    known_names known{
        .option = "--mutant",
        .all = true,
        .called = "mutant",
        .elsewhere = {
            {"a variant that is known to break, not a mutant: run --variant", broken_variants()},
            {"a scenario: run --scenario", scenario_names()}}};
    for (const power::candidate& one : all)
        (one.is_mutant() ? known.by_name_only : known.names).push_back(one.info().name);
    if (const auto wrong = unknown_name(known, wanted.mutants)) throw usage_error(*wrong);
    std::vector<power::candidate> chosen;
    for (std::size_t n = 0; const power::candidate& one : all)
        if (selects(wanted.mutants, one.info().name) && wanted.share.part.takes(n++))
            chosen.push_back(one);
    return chosen;
}

[[nodiscard]] std::string_view preset_of(std::string_view strategy) {
    if (strategy == to_string(power::strategy::tsan)) return "tsan";
    if (strategy == to_string(power::strategy::asan)) return "asan-ubsan";
    return "release";
}

/// Results of another build come by --merge; without it, a strategy that is named must exist here.
void check_built(const mutants_options& wanted) {
    std::vector<std::string_view> built;
    for (int n = 0; n < power::strategy_count; ++n)
        if (const auto one = static_cast<power::strategy>(n); is_built(one))
            built.push_back(to_string(one));
    for (const std::string& name : wanted.strategies)
        if (name != "all" && wanted.merge.empty() && std::ranges::find(built, name) == built.end())
            throw usage_error(
                fmt::format("--strategy {} needs the build of the preset {}, which run_stress.sh "
                            "mutants makes; "
                            "this one has: {}",
                            name, preset_of(name), fmt::join(built, ", ")));
}

[[nodiscard]] std::vector<power::strategy> chosen_strategies(const mutants_options& wanted) {
    const known_names known{
        .option = "--strategy",
        .names = mutant_strategies(),
        .all = true,
        .elsewhere = {{"a strategy of explore: explore --strategy", names_of(explore_strategies)}}};
    if (const auto wrong = unknown_name(known, wanted.strategies)) throw usage_error(*wrong);
    check_built(wanted);
    std::vector<power::strategy> chosen;
    for (int n = 0; n < power::strategy_count; ++n) {
        const auto one = static_cast<power::strategy>(n);
        const std::string_view name = to_string(one);
        // The short form has the strategies that find most, and between them everything that the
        // others find.
        using enum power::strategy;
        const bool spared = wanted.brief && one != native && one != random && one != pos &&
                            one != bounded &&
                            std::ranges::find(wanted.strategies, name) == wanted.strategies.end();
        if (selects(wanted.strategies, name) && !spared) chosen.push_back(one);
    }
    return chosen;
}

[[nodiscard]] std::vector<power::attempt> read_attempts(const std::string& path) {
    std::ifstream file(path);
    if (!file)
        throw usage_error(fmt::format(
            "--merge '{}' cannot be read; give a file that mutants --json wrote", path));
    try {
        std::vector<power::attempt> read;
        const auto results = nlohmann::json::parse(file);  // It must outlive what at() refers to.
        for (const nlohmann::json& one : results.at("attempts"))
            read.push_back(power::attempt_from(one));
        return read;
    } catch (const std::exception&) {
        throw usage_error(
            fmt::format("--merge '{}' is not a file that mutants --json wrote", path));
    }
}

[[nodiscard]] int judge(const std::vector<power::attempt>& all,
                        const std::vector<power::candidate>& of, bool part) {
    bool false_alarm = false;
    bool missed = false;
    for (const power::candidate& what : of) {
        const power::outcome seen = outcome_of(all, what.info());
        false_alarm |= seen == power::outcome::false_alarm;
        missed |= !is_good(seen);
    }
    if (false_alarm) return exit_violated;
    if (interrupted()) return exit_cut_short;
    return missed && !part ? exit_inconclusive : exit_as_expected;
}

[[nodiscard]] std::string results_text(const std::vector<power::attempt>& all,
                                       const std::vector<power::candidate>& of,
                                       const mutants_options& wanted) {
    nlohmann::json text = to_json(all, of);
    text["shard"] = {{"index", wanted.share.part.index}, {"count", wanted.share.part.count}};
    text["configuration"] = {{"mutants", wanted.mutants},
                             {"strategies", wanted.strategies},
                             {"seed", wanted.seed},
                             {"seeds", wanted.seeds.value_or(0)},
                             {"short", wanted.brief}};
    text.update(provenance());
    return text.dump(2) + "\n";
}

[[nodiscard]] unsigned seeds_of(const mutants_options& wanted) {
    constexpr unsigned usual = 6;
    if (wanted.brief && wanted.seeds && *wanted.seeds != 1)
        throw usage_error(fmt::format("--seeds {} does not go with --short, which takes one seed",
                                      *wanted.seeds));
    return wanted.seeds.value_or(wanted.brief ? 1U : usual);
}

/// Time for all seeds, such that the usual study ends within ten minutes on slower machines too.
[[nodiscard]] std::chrono::seconds time_for(unsigned seeds) {
    constexpr unsigned usual = 6;
    constexpr unsigned for_usual = under_sanitizer ? 40 : 120;
    return std::chrono::seconds(for_usual * std::max(seeds, usual) / usual);
}

[[nodiscard]] int run(const mutants_options& wanted, const std::string& program,
                      bool program_is_script) {
    const auto begin = std::chrono::steady_clock::now();
    power::study_plan plan{
        .of = chosen_candidates(wanted),
        .by = chosen_strategies(wanted),
        .seeds = seeds_of(wanted),
        .first_seed = wanted.seed,
        .every_seed_for = time_for(seeds_of(wanted)),
        .jobs = wanted.jobs,
        .tries = {.seconds = 1.5, .program = program, .is_script = program_is_script},
        .give_up = interrupted};
    if (wanted.brief) {
        plan.tries.seconds = 1;
        plan.trust_worlds = true;
    }
    std::vector<power::attempt> all;
    for (const std::string& path : wanted.merge)
        for (power::attempt& one : read_attempts(path)) all.push_back(std::move(one));
    results_file file(wanted.json_path);
    // Before any work is done: a study whose results cannot be kept is not begun.
    if (const auto failure = file.keep_so_far(results_text(all, plan.of, wanted))) {
        if (!failure->no_room) throw usage_error(failure->what);
        say(stderr, "pidmap-stress: {}\n", failure->what);
        return exit_no_resources;
    }

    heed_interruptions();
    say("{}, {}\n", describe_build(), describe_run());
    say("mutants: {} candidates, {} seeds from {}{}{}\n", plan.of.size(), plan.seeds,
        plan.first_seed, describe(wanted.share),
        plan.seeds == 1 ? ""
                        : fmt::format("; after {} s, one of each", time_for(plan.seeds).count()));
    std::fflush(stdout);
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    // A study that is cut off loses only the last few seconds: --merge uses the rest.
    const std::vector<power::attempt> merged = all;
    auto written = begin;
    all = carry_out(plan, [&](const power::study_progress& now) {
        if (terminal) say(stderr, "\r{} of {} ", now.done, now.of);
        constexpr std::chrono::seconds pause{5};
        if (std::chrono::steady_clock::now() - written < pause) return;
        std::vector<power::attempt> so_far = merged;
        so_far.insert(so_far.end(), now.attempts.begin(), now.attempts.end());
        // A failure is reported at the end.
        (void)file.keep_so_far(results_text(so_far, plan.of, wanted));
        written = std::chrono::steady_clock::now();
    });
    all.insert(all.begin(), merged.begin(), merged.end());
    if (terminal) say(stderr, "\r\033[K");
    say("{}", to_table(all, plan.of));
    say("{:.0f} s\n",
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (interrupted()) say("cut short: what is missing above was not tried\n");
    if (const auto failure = file.keep(results_text(all, plan.of, wanted))) {
        say(stderr, "pidmap-stress: {}\n", failure->what);
        return exit_no_resources;
    }
    return judge(all, plan.of, wanted.part);
}

}  // namespace

void add_mutants_options(CLI::App& app, mutants_options& wanted) {
    app.add_option("--mutant", wanted.mutants, "mutants, or variants that hold, or all (see list)")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--strategy", wanted.strategies,
                   "native, jitter, random, pct, pos, surw, bounded, exhaustive, clients,\n"
                   "random-clients; in their own builds tsan and asan; or all")
        ->delimiter(',')
        ->capture_default_str();
    const std::function<void(unsigned)> take_seeds = [&wanted](unsigned given) {
        wanted.seeds = given;
    };
    add_whole_number(app, "--seeds", 1U, 1'000U, take_seeds,
                     "attempts of each strategy, except deterministic ones; on a slow machine, "
                     "the last ones are tried once [6; with --short, 1]");
    add_whole_number(app, "--seed", std::uint64_t{0}, UINT64_MAX, wanted.seed, "the first one");
    add_whole_number(app, "--jobs", 1U, 256U, wanted.jobs,
                     "explorations at once; changes no result");
    app.add_flag("--short", wanted.brief,
                 "less time for each, one seed, native, random, pos and bounded only, and "
                 "no\nsearch where a mutant declares that it cannot be seen");
    app.add_option("--json", wanted.json_path,
                   "a file for all attempts and scores, or - for standard output");
    app.add_option("--merge", wanted.merge, "a file that another build wrote with --json, to add");
    add_shard_option(app, wanted.share, "the candidates");
    app.add_flag("--part", wanted.part,
                 "a part of a study that --merge completes: survivors are fine");
}

std::vector<std::string_view> mutant_strategies() {
    std::vector<std::string_view> names;
    for (int n = 0; n < power::strategy_count; ++n)
        names.push_back(to_string(static_cast<power::strategy>(n)));
    return names;
}

int run_mutants(const mutants_options& wanted, const std::string& program, bool program_is_script) {
    try {
        return run(wanted, program, program_is_script);
    } catch (const usage_error& error) {
        say(stderr, "pidmap-stress: {}\n", one_line(error.what()));
        return exit_usage;
    }
}

}  // namespace pidmap_stress
