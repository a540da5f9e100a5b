#include "harness/power/study.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <nlohmann/json.hpp>

#include "harness/base/forked.hpp"

namespace pidmap_stress::power {
namespace {

using clock = std::chrono::steady_clock;

/// Where this many seeds do not find what is named, more would only repeat that. A single one is
/// enough where the candidate itself declares that nothing can be seen, and for hammering, where
/// each takes long.
[[nodiscard]] unsigned enough_misses(const candidate& what, strategy by) {
    const bool sees_nothing = !what.killable() || !what.info().worlds.contains(world_of(by));
    return sees_nothing || !explores(by) ? 1 : 2;
}

/// One candidate and one strategy, seed after seed.
[[nodiscard]] std::vector<attempt> try_seeds(const candidate& what, strategy by,
                                             const study_plan& plan, clock::time_point begin) {
    std::vector<attempt> made;
    unsigned misses = 0;
    const unsigned seeds = depends_on_seed(by) ? plan.seeds : 1;
    const auto in_time = [&] { return clock::now() - begin < plan.every_seed_for; };
    for (unsigned n = 0; n < seeds && misses < enough_misses(what, by); ++n) {
        if (n > 0 && !in_time()) break;
        const std::uint64_t seed = plan.first_seed + n;
        made.push_back(explores(by) ? explore_programs(what, by, seed, plan.tries)
                                    : hammer(what, by, seed, plan.tries));
        if (!made.back().named) ++misses;
    }
    return made;
}

[[nodiscard]] std::vector<attempt> attempts_from(const task_end& end, const candidate& what,
                                                 strategy by, const study_plan& plan) {
    if (end.how == task_end::kind::returned) {
        std::vector<attempt> made;
        for (const nlohmann::json& one : nlohmann::json::parse(end.text))
            made.push_back(attempt_from(one));
        return made;
    }
    // The mutant took the explorer's process with it, or never came back.
    attempt lost{.of = std::string(what.info().name), .by = by, .seed = plan.first_seed};
    lost.broken = {end.how == task_end::kind::died ? "crash" : "hang"};
    lost.what = end.text;
    return {lost};
}

[[nodiscard]] bool is_of(const attempt& one, std::string_view name, strategy by) {
    return one.of == name && one.by == by;
}

}  // namespace

std::vector<attempt> carry_out(const study_plan& plan,
                               const std::function<void(const study_progress&)>& on_progress) {
    struct place {
        const candidate* what;
        strategy by;
    };
    std::vector<attempt> all;
    std::vector<place> alone;
    std::vector<place> side_by_side;
    for (const strategy by : plan.by)
        for (const candidate& what : plan.of)
            if (is_built(by) && !(plan.trust_worlds && what.killable() &&
                                  !what.info().worlds.contains(world_of(by))))
                (explores(by) ? side_by_side : alone).push_back({&what, by});
    std::size_t done = 0;
    const clock::time_point begin = clock::now();
    const auto run = [&](const std::vector<place>& places, unsigned jobs) {
        std::vector<std::function<std::string()>> tasks;
        for (const place& one : places)
            tasks.emplace_back([&plan, one, begin] {
                nlohmann::json text = nlohmann::json::array();
                for (const attempt& made : try_seeds(*one.what, one.by, plan, begin))
                    text.push_back(to_json(made));
                return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
            });
        run_forked(
            tasks, jobs, plan.tries.patience,
            [&](std::size_t n, const task_end& end) {
                for (attempt& one : attempts_from(end, *places[n].what, places[n].by, plan))
                    all.push_back(std::move(one));
                on_progress(
                    {.done = ++done, .of = alone.size() + side_by_side.size(), .attempts = all});
                return true;
            },
            plan.give_up);
    };
    run(side_by_side, plan.jobs);
    run(alone, 1);
    return all;
}

score score_of(const std::vector<attempt>& all, std::string_view name, strategy by) {
    constexpr double never = std::numeric_limits<double>::infinity();
    score sum;
    std::vector<double> seconds;
    std::vector<double> executions;
    for (const attempt& one : all) {
        if (!is_of(one, name, by)) continue;
        ++sum.attempts;
        sum.killed += one.named ? 1 : 0;
        sum.otherwise += one.killed() && !one.named ? 1 : 0;
        seconds.push_back(one.named ? one.seconds : never);
        executions.push_back(one.named ? one.executions : never);
    }
    if (sum.attempts == 0) return sum;
    sum.seconds = statistics::estimate_median(seconds);
    sum.executions = statistics::estimate_median(executions);
    return sum;
}

std::string_view to_string(outcome which) noexcept {
    switch (which) {
        case outcome::killed:
            return "killed";
        case outcome::otherwise:
            return "killed otherwise";
        case outcome::survived:
            return "survived";
        case outcome::quiet:
            return "quiet";
        case outcome::false_alarm:
            return "false alarm";
        case outcome::not_run:
            break;
    }
    return "not run";
}

outcome outcome_of(const std::vector<attempt>& all, const variant_info& info) {
    bool run = false;
    bool any = false;
    bool named = false;
    for (const attempt& one : all) {
        if (one.of != info.name) continue;
        run = true;
        any |= one.killed();
        named |= one.named;
    }
    if (!run) return outcome::not_run;
    if (info.breaks.empty()) return any ? outcome::false_alarm : outcome::quiet;
    return named ? outcome::killed : any ? outcome::otherwise : outcome::survived;
}

mutation_score score_of_world(const std::vector<attempt>& all, const std::vector<candidate>& of,
                              world where) {
    mutation_score sum;
    for (const candidate& what : of) {
        if (!what.is_mutant() || !what.killable()) continue;
        ++sum.killable;
        bool killed = false;
        for (const attempt& one : all) {
            if (one.of != what.info().name || world_of(one.by) != where) continue;
            sum.run = true;
            killed |= one.named;
        }
        sum.killed += killed ? 1 : 0;
    }
    return sum;
}

strategy_score score_of_strategy(const std::vector<attempt>& all, const std::vector<candidate>& of,
                                 strategy by) {
    strategy_score sum;
    std::vector<double> seconds;
    std::vector<double> executions;
    for (const candidate& what : of) {
        if (!what.is_mutant() || !what.killable()) continue;
        ++sum.killable;
        const score seen = score_of(all, what.info().name, by);
        sum.run |= seen.attempts != 0;
        if (seen.killed == 0) continue;
        ++sum.killed;
        sum.surely += seen.killed == seen.attempts ? 1 : 0;
        seconds.push_back(seen.seconds.median);
        executions.push_back(seen.executions.median);
    }
    if (sum.killed == 0) return sum;
    sum.seconds = statistics::estimate_median(seconds).median;
    sum.executions = statistics::estimate_median(executions).median;
    return sum;
}

mutation_score score_of_all(const std::vector<attempt>& all, const std::vector<candidate>& of) {
    mutation_score sum{.run = !all.empty()};
    for (const candidate& what : of) {
        if (!what.is_mutant() || !what.killable()) continue;
        ++sum.killable;
        sum.killed += outcome_of(all, what.info()) == outcome::killed ? 1 : 0;
    }
    return sum;
}

}  // namespace pidmap_stress::power
