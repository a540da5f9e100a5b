#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "allocator/contract.hpp"
#include "harness/native/subject.hpp"
#include "harness/programs/explored_variant.hpp"

/// Detection power: which part of the harness finds which planted bug, how surely and how soon.
namespace pidmap_stress::power {

/// A way to look for a bug.
enum class strategy : std::uint8_t {
    native,          ///< Hammered at full speed.
    jitter,          ///< Hammered, with delays at atomic accesses.
    tsan,            ///< Hammered with delays, under ThreadSanitizer.
    asan,            ///< Hammered with delays, under AddressSanitizer and UBSan.
    random,          ///< Explored: by a fair die,
    pct,             ///< by priorities of threads,
    pos,             ///< by priorities of steps,
    surw,            ///< by all orders of one location's accesses,
    bounded,         ///< with few preemptions, all of them,
    exhaustive,      ///< every execution.
    clients,         ///< Every client, the small ones first, in every execution.
    random_clients,  ///< Random clients, by random walks.
};
inline constexpr int strategy_count = static_cast<int>(strategy::random_clients) + 1;

[[nodiscard]] std::string_view to_string(strategy which) noexcept;
[[nodiscard]] world world_of(strategy which) noexcept;
[[nodiscard]] constexpr bool explores(strategy which) noexcept {
    return which >= strategy::random;
}
/// Whether another seed makes it a different attempt.
[[nodiscard]] constexpr bool depends_on_seed(strategy which) noexcept {
    return which != strategy::bounded && which != strategy::exhaustive &&
           which != strategy::clients;
}
/// Whether this build of the program can do it: a sanitizer's world is a build of its own.
[[nodiscard]] bool is_built(strategy which) noexcept;

/// What is examined: a mutant, or a variant that must hold.
struct candidate {
    const subject_entry* native = nullptr;
    const explore::explored_variant* explored = nullptr;  ///< Null for mutants under a sanitizer.

    [[nodiscard]] const variant_info& info() const noexcept { return *native->info; }
    [[nodiscard]] bool is_mutant() const noexcept { return info().kind == variant_kind::mutant; }
    /// Whether there is something to find. If not, it is equivalent, or sound: anything found is a
    /// false alarm.
    [[nodiscard]] bool killable() const noexcept { return !info().breaks.empty(); }
    /// The invariants that it declares to break.
    [[nodiscard]] invariant_set named() const noexcept;
};
/// Every mutant, and every variant that declares that it holds.
[[nodiscard]] std::vector<candidate> candidates();

/// One search for one candidate's bug.
struct attempt {
    std::string of{};  ///< The candidate's name.
    strategy by{};
    std::uint64_t seed = 0;
    /// What broke: names of invariants, or "crash", "stall", "hang", or the explorer's name for a
    /// fault of its own. Empty: the candidate survived.
    std::vector<std::string> broken{};
    bool named = false;     ///< The candidate names one of these.
    double seconds = 0;     ///< Until that, or until it was given up.
    double executions = 0;  ///< Calls, or explored executions, until then.
    std::string what{};     ///< What was seen, in one line.
    std::string command{};  ///< Repeats it.

    [[nodiscard]] bool killed() const noexcept { return !broken.empty(); }
};
[[nodiscard]] nlohmann::json to_json(const attempt& one);
/// \throws nlohmann::json::exception, or std::invalid_argument, if the text is not an attempt.
[[nodiscard]] attempt attempt_from(const nlohmann::json& text);

/// The effort of an attempt.
struct effort {
    double seconds = 3.0;               ///< Of hammering, for all cells together.
    std::uint64_t executions = 60'000;  ///< Explored, for all programs together, roughly.
    double patience = 180;              ///< Seconds after which an attempt counts as hung.
    /// The words that start this program, or a script that knows `run`, `tsan`, `asan`, `replay`.
    std::string program{};
    bool is_script = false;
};

/// Hammers every scenario under every discipline in turns, until an invariant that the candidate
/// names broke or time is up. \pre This process has one thread.
[[nodiscard]] attempt hammer(const candidate& what, strategy by, std::uint64_t seed,
                             const effort& how);
/// Explores every program of the candidate, the small ones first, or its clients, until an
/// invariant that it names broke or the executions are used up.
[[nodiscard]] attempt explore_programs(const candidate& what, strategy by, std::uint64_t seed,
                                       const effort& how);

}  // namespace pidmap_stress::power
