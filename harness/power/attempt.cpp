#include "harness/power/attempt.hpp"

#include <array>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress::power {
namespace {

constexpr std::array<std::string_view, strategy_count> names{
    "native", "jitter", "tsan",    "asan",       "random",  "pct",
    "pos",    "surw",   "bounded", "exhaustive", "clients", "random-clients"};

}  // namespace

std::string_view to_string(strategy which) noexcept {
    return names[static_cast<std::size_t>(which)];
}

world world_of(strategy which) noexcept {
    if (explores(which)) return world::explorer;
    return which == strategy::tsan   ? world::tsan
           : which == strategy::asan ? world::asan
                                     : world::native;
}

bool is_built(strategy which) noexcept {
    if (under_tsan) return which == strategy::tsan;
    if (under_asan) return which == strategy::asan;
    return which != strategy::tsan && which != strategy::asan;
}

invariant_set candidate::named() const noexcept {
    invariant_set set;
    for (const breakage& one : info().breaks) set.insert(one.broken);
    return set;
}

std::vector<candidate> candidates() {
    std::vector<candidate> all;
    for (const subject_entry& one : mutant_subjects())
        all.push_back({.native = &one, .explored = explore::find_explored_variant(one.info->name)});
    for (const subject_entry& one : variant_subjects())
        if (one.info->breaks.empty())
            all.push_back(
                {.native = &one, .explored = explore::find_explored_variant(one.info->name)});
    return all;
}

nlohmann::json to_json(const attempt& one) {
    return {{"of", one.of},           {"strategy", to_string(one.by)},
            {"seed", one.seed},       {"killed", one.killed()},
            {"named", one.named},     {"broken", one.broken},
            {"seconds", one.seconds}, {"executions", one.executions},
            {"what", one.what},       {"command", one.command}};
}

attempt attempt_from(const nlohmann::json& text) {
    const auto by = text.at("strategy").get<std::string>();
    for (std::size_t n = 0; n < names.size(); ++n)
        if (names[n] == by)
            return {.of = text.at("of"),
                    .by = static_cast<strategy>(n),
                    .seed = text.at("seed"),
                    .broken = text.at("broken"),
                    .named = text.at("named"),
                    .seconds = text.at("seconds"),
                    .executions = text.at("executions"),
                    .what = text.at("what"),
                    .command = text.at("command")};
    throw std::invalid_argument("'" + by + "' is not a strategy");
}

}  // namespace pidmap_stress::power
