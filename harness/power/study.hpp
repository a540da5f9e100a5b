#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/statistics.hpp"
#include "harness/power/attempt.hpp"

/// All attempts together, and what they say about the harness.
namespace pidmap_stress::power {

struct study_plan {
    std::vector<candidate> of;
    std::vector<strategy> by;
    unsigned seeds = 6;
    std::uint64_t first_seed = 1;
    /// After that, one seed of each is tried: a study must end on slow machines too.
    std::chrono::nanoseconds every_seed_for = std::chrono::nanoseconds::max();
    unsigned jobs = 2;  ///< Explorations at once; hammering runs alone.
    /// Whether to skip worlds that, as a mutant declares, cannot see it.
    bool trust_worlds = false;
    effort tries;
    /// Called some times a second: whether to end with the attempts made so far.
    std::function<bool()> give_up{};
};

/// The progress of a study.
struct study_progress {
    std::size_t done = 0;  ///< Candidates, each by one strategy ...
    std::size_t of = 0;    ///< ... of this many.
    std::span<const attempt> attempts{};
};

/// Makes every attempt that this build can make. Where the first one or two seeds do not find what
/// a mutant names, the others are skipped, and so they are when time is short.
///
/// \param on_progress  Called whenever a strategy is done with a candidate.
[[nodiscard]] std::vector<attempt> carry_out(
    const study_plan& plan, const std::function<void(const study_progress&)>& on_progress);

/// The results of one strategy on one candidate.
struct score {
    unsigned attempts = 0;                     ///< 0: not run.
    unsigned killed = 0;                       ///< By an invariant that it names.
    unsigned otherwise = 0;                    ///< By something else only.
    statistics::median_estimate seconds{};     ///< To kill; infinite where it survived.
    statistics::median_estimate executions{};  ///< To kill, too.
};
[[nodiscard]] score score_of(const std::vector<attempt>& all, std::string_view name, strategy by);

/// Where a candidate stands in the end.
enum class outcome : std::uint8_t {
    killed,       ///< At least one world saw what it names.
    otherwise,    ///< Something broke, but nothing that it names.
    survived,     ///< There was something to find, and nothing was found.
    quiet,        ///< There was nothing to find, and nothing was found.
    false_alarm,  ///< There was nothing to find, and something was found.
    not_run,
};
[[nodiscard]] std::string_view to_string(outcome which) noexcept;
[[nodiscard]] outcome outcome_of(const std::vector<attempt>& all, const variant_info& info);
[[nodiscard]] constexpr bool is_good(outcome which) noexcept {
    return which == outcome::killed || which == outcome::quiet;
}

/// Mutants that can be killed, and how many of them were, in any world or in all of them.
struct mutation_score {
    unsigned killable = 0;
    unsigned killed = 0;
    bool run = false;
};
[[nodiscard]] mutation_score score_of_world(const std::vector<attempt>& all,
                                            const std::vector<candidate>& of, world where);
[[nodiscard]] mutation_score score_of_all(const std::vector<attempt>& all,
                                          const std::vector<candidate>& of);

/// The results of one strategy on all mutants that can be killed.
struct strategy_score {
    unsigned killable = 0;
    unsigned killed = 0;  ///< By at least one seed.
    unsigned surely = 0;  ///< By every seed.
    bool run = false;
    /// The median over the mutants that it killed, each with the median of its seeds.
    double seconds = 0;
    double executions = 0;
};
[[nodiscard]] strategy_score score_of_strategy(const std::vector<attempt>& all,
                                               const std::vector<candidate>& of, strategy by);

/// A row for each candidate, a column for each strategy; then a command for each kill; then the
/// scores, and whatever is not as it must be.
[[nodiscard]] std::string to_table(const std::vector<attempt>& all,
                                   const std::vector<candidate>& of);
[[nodiscard]] nlohmann::json to_json(const std::vector<attempt>& all,
                                     const std::vector<candidate>& of);

}  // namespace pidmap_stress::power
