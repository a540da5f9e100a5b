// The report of a study, for people and for programs.

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/base/duration.hpp"
#include "harness/power/study.hpp"

namespace pidmap_stress::power {
namespace {

template <class Visit>
void for_each_strategy(Visit visit) {
    for (int n = 0; n < strategy_count; ++n) visit(static_cast<strategy>(n));
}

[[nodiscard]] std::string briefly(double seconds) {
    if (std::isinf(seconds)) return "-";
    if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
    return fmt::format("{:.1f} s", seconds);
}

/// A number of executions: "12", "1.2 k", "3.4 M".
[[nodiscard]] std::string shortly(double count) {
    if (std::isinf(count)) return "-";
    if (count < 1e3) return fmt::format("{:.0f}", count);
    return count < 1e6 ? fmt::format("{:.1f} k", count / 1e3)
                       : fmt::format("{:.1f} M", count / 1e6);
}

/// "6/6 12 ms", "0/2", "6/6 other"; without a dependency on seeds "yes 12 ms", "no", "other".
[[nodiscard]] std::string entry(const score& seen, bool killable, strategy by) {
    if (seen.attempts == 0) return "not run";
    if (killable && !depends_on_seed(by))
        return seen.killed != 0 ? fmt::format("yes {}", briefly(seen.seconds.median))
                                : std::string(seen.otherwise != 0 ? "other" : "no");
    if (!killable)
        return seen.otherwise == 0 ? fmt::format("quiet x{}", seen.attempts) : "FALSE ALARM";
    if (seen.killed != 0)
        return fmt::format("{}/{} {}", seen.killed, seen.attempts, briefly(seen.seconds.median));
    if (seen.otherwise != 0) return fmt::format("{}/{} other", seen.otherwise, seen.attempts);
    return fmt::format("0/{}", seen.attempts);
}

/// The cheapest kill, of those that break an invariant that is named if there is one.
[[nodiscard]] const attempt* best_kill(const std::vector<attempt>& all, std::string_view name) {
    const attempt* best = nullptr;
    for (const attempt& one : all) {
        if (one.of != name || !one.killed()) continue;
        if (best == nullptr || (one.named && !best->named) ||
            (one.named == best->named && one.seconds < best->seconds))
            best = &one;
    }
    return best;
}

[[nodiscard]] std::string describe(const mutation_score& sum) {
    if (!sum.run) return "not run";
    return fmt::format("{} of {} ({:.0f} %)", sum.killed, sum.killable,
                       sum.killable == 0 ? 0 : 100.0 * sum.killed / sum.killable);
}

[[nodiscard]] bool seen_in(const std::vector<attempt>& all, std::string_view name, world where,
                           bool& run) {
    bool killed = false;
    for (const attempt& one : all) {
        if (one.of != name || world_of(one.by) != where) continue;
        run = true;
        killed |= one.named;
    }
    return killed;
}

/// Worlds that, as a mutant declares, can see it, and that did not.
[[nodiscard]] std::vector<std::string_view> blind_worlds(const std::vector<attempt>& all,
                                                         const variant_info& info) {
    std::vector<std::string_view> blind;
    for (int n = 0; n < world_count; ++n) {
        const auto where = static_cast<world>(n);
        bool run = false;
        const bool killed = seen_in(all, info.name, where, run);
        if (run && !killed && info.worlds.contains(where)) blind.push_back(to_string(where));
    }
    return blind;
}

/// How many mutants each strategy killed, how soon; then each world, and all together.
[[nodiscard]] std::string summary(const std::vector<attempt>& all,
                                  const std::vector<candidate>& of) {
    std::string text = fmt::format("{:<14} {:<18} {:<14} {:<14} {}\n", "strategy", "mutants killed",
                                   "by each seed", "median time", "median executions");
    for_each_strategy([&](strategy by) {
        const strategy_score sum = score_of_strategy(all, of, by);
        text += fmt::format("{:<14} {:<18}", to_string(by),
                            describe({sum.killable, sum.killed, sum.run}));
        if (sum.killed != 0)
            text += fmt::format(" {:<14} {:<14} {}",
                                depends_on_seed(by) ? fmt::format("{}", sum.surely) : "no seeds",
                                briefly(sum.seconds), explores(by) ? shortly(sum.executions) : "-");
        while (text.back() == ' ') text.pop_back();
        text += "\n";
    });
    text += fmt::format("\n{:<14} {}\n", "world", "mutants killed");
    for (int n = 0; n < world_count; ++n) {
        const auto where = static_cast<world>(n);
        text +=
            fmt::format("{:<14} {}\n", to_string(where), describe(score_of_world(all, of, where)));
    }
    return text + fmt::format("{:<14} {}\n", "all", describe(score_of_all(all, of)));
}

[[nodiscard]] nlohmann::json to_json(const statistics::median_estimate& estimate) {
    const auto number = [](double value) {
        return std::isinf(value) ? nlohmann::json(nullptr) : nlohmann::json(value);
    };
    nlohmann::json text{{"median", number(estimate.median)}};
    if (estimate.within)
        text["interval_95"] = {number(estimate.within->low), number(estimate.within->high)};
    return text;
}

[[nodiscard]] nlohmann::json to_json(const mutation_score& sum) {
    return {{"run", sum.run}, {"killable", sum.killable}, {"killed", sum.killed}};
}

}  // namespace

std::string to_table(const std::vector<attempt>& all, const std::vector<candidate>& of) {
    std::string text = fmt::format("{:<28}", "mutant");
    for_each_strategy([&](strategy by) { text += fmt::format(" {:<14}", to_string(by)); });
    text += "\n";
    for (const candidate& what : of) {
        text += fmt::format("{:<28}", what.info().name);
        for_each_strategy([&](strategy by) {
            text += fmt::format(" {:<14}",
                                entry(score_of(all, what.info().name, by), what.killable(), by));
        });
        text += fmt::format(" {}\n", to_string(outcome_of(all, what.info())));
    }
    text +=
        "6/6 12 ms: all of 6 seeds found what the mutant names, within 12 ms in the median; other: "
        "they\nfound something else; quiet: there was nothing to find, and nothing was found; "
        "bounded and\nexhaustive are deterministic, and have no seeds\n\n";

    for (const candidate& what : of) {
        const attempt* const kill = best_kill(all, what.info().name);
        if (kill == nullptr) continue;
        text += fmt::format("{}: {}, by {}\n    {}\n    {}\n", what.info().name,
                            fmt::join(kill->broken, ", "), to_string(kill->by), kill->what,
                            kill->command);
    }
    text += "\n" + summary(all, of);

    unsigned false_alarms = 0;
    unsigned quiet = 0;
    std::string wrong;
    std::string blind;
    for (const candidate& what : of) {
        const outcome seen = outcome_of(all, what.info());
        false_alarms += seen == outcome::false_alarm ? 1 : 0;
        quiet += seen == outcome::quiet ? 1 : 0;
        if (!is_good(seen)) wrong += fmt::format("  {}: {}\n", what.info().name, to_string(seen));
        if (const auto worlds = blind_worlds(all, what.info()); what.killable() && !worlds.empty())
            blind += fmt::format("  {}: {}\n", what.info().name, fmt::join(worlds, ", "));
    }
    text += fmt::format("false alarms: {} of {} that must not be reported\n", false_alarms,
                        quiet + false_alarms);
    if (!blind.empty()) text += "can be seen there, and was not\n" + blind;
    if (!wrong.empty()) text += "NOT as it must be\n" + wrong;
    return text;
}

nlohmann::json to_json(const std::vector<attempt>& all, const std::vector<candidate>& of) {
    nlohmann::json mutants = nlohmann::json::array();
    for (const candidate& what : of) {
        nlohmann::json breaks = nlohmann::json::array();
        for (const breakage& one : what.info().breaks) breaks.push_back(to_string(one.broken));
        nlohmann::json worlds = nlohmann::json::array();
        for (int n = 0; n < world_count; ++n)
            if (what.info().worlds.contains(static_cast<world>(n)))
                worlds.push_back(to_string(static_cast<world>(n)));
        nlohmann::json by = nlohmann::json::object();
        for_each_strategy([&](strategy how) {
            const score seen = score_of(all, what.info().name, how);
            if (seen.attempts == 0) return;
            by[std::string(to_string(how))] = {{"attempts", seen.attempts},
                                               {"deterministic", !depends_on_seed(how)},
                                               {"killed", seen.killed},
                                               {"killed_otherwise", seen.otherwise},
                                               {"seconds", to_json(seen.seconds)},
                                               {"executions", to_json(seen.executions)}};
        });
        const attempt* const kill = best_kill(all, what.info().name);
        mutants.push_back({{"name", what.info().name},
                           {"summary", what.info().summary},
                           {"kind", what.is_mutant() ? "mutant" : "variant"},
                           {"breaks", breaks},
                           {"worlds", worlds},
                           {"outcome", to_string(outcome_of(all, what.info()))},
                           {"strategies", by},
                           {"repeat", kill == nullptr ? "" : kill->command}});
    }
    nlohmann::json attempts = nlohmann::json::array();
    for (const attempt& one : all) attempts.push_back(to_json(one));
    nlohmann::json scores = nlohmann::json::object();
    for (int n = 0; n < world_count; ++n)
        scores[std::string(to_string(static_cast<world>(n)))] =
            to_json(score_of_world(all, of, static_cast<world>(n)));
    scores["all"] = to_json(score_of_all(all, of));
    nlohmann::json strategies = nlohmann::json::object();
    for_each_strategy([&](strategy how) {
        const strategy_score sum = score_of_strategy(all, of, how);
        if (!sum.run) return;
        strategies[std::string(to_string(how))] = {
            {"killable", sum.killable},          {"killed", sum.killed},
            {"killed_by_each_seed", sum.surely}, {"deterministic", !depends_on_seed(how)},
            {"median_seconds", sum.seconds},     {"median_executions", sum.executions}};
    });
    nlohmann::json false_alarms = nlohmann::json::array();
    for (const candidate& what : of)
        if (outcome_of(all, what.info()) == outcome::false_alarm)
            false_alarms.push_back(what.info().name);
    return {{"schema", 1},
            {"program", "pidmap-stress"},
            {"command", "mutants"},
            {"mutants", mutants},
            {"mutation_score", scores},
            {"strategy_score", strategies},
            {"false_alarms", false_alarms},
            {"attempts", attempts}};
}

}  // namespace pidmap_stress::power
