#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explorer/run/finding.hpp"
#include "harness/explorer/run/machine/machine.hpp"
#include "harness/explorer/run/program.hpp"
#include "harness/explorer/run/step.hpp"
#include "harness/explorer/search/watch.hpp"

/// Explores a program: runs it in many interleavings, or in all, and reports what went wrong.
namespace pidmap_stress::explore {

enum class strategy : std::uint8_t {
    random,      ///< Each choice by a fair die.
    pct,         ///< Random priorities of threads, with few changes: finds bugs of small depth.
    pos,         ///< Random priorities of steps, new ones for those that a step conflicts with.
    surw,        ///< Of one location's accesses, about all orders alike.
    bounded,     ///< All interleavings with at most N preemptions, N rising.
    exhaustive,  ///< Every consistent execution, exactly once.
    stateful,    ///< Every state, exactly once: executions that reach the same one are merged.
    prove,       ///< Exhaustive as long as that is quick, then stateful where that helps.
    portfolio,   ///< Random ones first, then bounded, then exhaustive.
};
[[nodiscard]] std::string_view to_string(strategy which) noexcept;
[[nodiscard]] std::optional<strategy> parse_strategy(std::string_view name) noexcept;

struct options {
    explore::model model = explore::model::rc11;
    explore::strategy strategy = explore::strategy::exhaustive;
    cas_failure_order on_failure = cas_failure_order::cxx20;
    run_limits limits{};

    std::uint64_t seed = 1;
    /// Executions of a random strategy. `stateful` learns from this many, and from at most 1000
    /// once they teach it nothing new.
    std::uint64_t walks = 10'000;
    unsigned pct_depth = 3;    ///< Changes of priority, plus one.
    unsigned pct_steps = 0;    ///< Steps to spread those over; 0: as many as were seen.
    unsigned preemptions = 2;  ///< The highest bound that `bounded` goes to.
    /// Most executions in all, including blocked ones, or most states; 0: no limit. An exhaustive
    /// or a bounded search shares the budget out among its parts in rounds, by rules that do not
    /// depend on the number of jobs.
    std::uint64_t budget = 0;
    unsigned jobs = 1;             ///< Explorations side by side. The result is the same.
    bool stop_at_first = true;     ///< End with the first finding, or collect different ones.
    bool count_redundant = false;  ///< Notice executions that were met before.
    freeze_point freeze{};         ///< A thread that stops forever.
    watch* watched = nullptr;      ///< May end it early; the result is then partial.
    /// No new execution after this; 0: no limit. Without `watched`, which has a time of its own.
    std::chrono::nanoseconds time{};
    planted_fault fault = planted_fault::none;  ///< For tests of the engine itself.
};

/// What an exploration did and found.
struct result {
    std::uint64_t executions = 0;    ///< That ran to their end.
    std::uint64_t states = 0;        ///< Met by `stateful`.
    std::uint64_t sampled = 0;       ///< Runs of a portfolio's strategies before the last one.
    std::uint64_t frozen = 0;        ///< In which the thread that was to stop did so.
    std::uint64_t blocked = 0;       ///< That waited for what another execution has.
    std::uint64_t stopped = 0;       ///< That a finding ended.
    std::uint64_t waited = 0;        ///< In which a thread looped without effect.
    std::uint64_t redundant = 0;     ///< If counted: met before. Of `exhaustive`, always 0.
    std::uint64_t step_limited = 0;  ///< That were cut off at the step limit.
    bool complete = false;           ///< Every consistent execution was met.
    bool truncated = false;          ///< By the budget, the step limit or as cut_short.
    bool cut_short = false;          ///< By options::watched.
    bool met = false;                ///< In some execution two threads accessed one cell.
    /// The threads never did, so nothing was shown of how they work together. That is no pass.
    bool nothing_shared = false;
    /// All was explored, and no execution came to its end: the final check never ran.
    bool nothing_completed = false;
    std::set<std::string, std::less<>> reached{};  ///< As reach() has it, in any execution.
    std::vector<std::string> unreached{};          ///< What the program had to reach and did not.
    std::optional<unsigned> bound{};               ///< Complete up to this many preemptions.
    /// How many executions came to each outcome, as tell_outcome() has it. Of `stateful`, not all
    /// that there are.
    std::map<std::string, std::uint64_t> outcomes{};
    /// One of those that were cut off at the step limit, for replay().
    std::optional<schedule> too_long{};
    strategy last = strategy::exhaustive;  ///< The strategy that ran last.
    std::vector<finding> findings{};       ///< Different ones, in the order they were met.

    [[nodiscard]] bool ok() const noexcept {
        return findings.empty() && !nothing_shared && !nothing_completed && unreached.empty();
    }
    [[nodiscard]] std::uint64_t runs() const noexcept {
        return sampled + executions + blocked + stopped + step_limited;
    }
    /// Distinct executions that the last strategy met. 0 for a strategy that may meet one again, or
    /// that tells states apart. An execution that waited forever for what another one has counts as
    /// a part of that one.
    [[nodiscard]] std::uint64_t distinct() const noexcept {
        return last == strategy::exhaustive ? executions + stopped + step_limited : 0;
    }
    /// Runs of which some may have been the same execution.
    [[nodiscard]] std::uint64_t samples() const noexcept {
        const bool samples_too = last != strategy::exhaustive && last != strategy::stateful;
        return samples_too ? runs() : sampled;
    }
    /// Whether it shows that no thread ever waits for another: then each thread completes, although
    /// any other stops forever. Whatever the others do while one stands still, they would also do
    /// if it continued later, and they were seen to complete.
    [[nodiscard]] bool nobody_waits() const noexcept {
        return complete && waited == 0 && stopped == 0 && blocked == 0 && step_limited == 0;
    }
    /// One line: how much was explored, whether that is all, and the first finding.
    [[nodiscard]] std::string summary() const;
};

/// Explores `p`. Deterministic: the same program and options give the same result, whatever the
/// machine does and however many jobs share the work.
/// \pre  1 <= p.threads() < max_threads.
[[nodiscard]] result explore(const program& p, const options& how = {});

/// One execution, exactly as a schedule has it.
struct replay_result {
    std::vector<finding> findings{};
    std::vector<step> steps{};
    /// Whether the schedule fitted: each choice was available, and none was left over.
    bool exact = true;
    /// If a choice was not: the step of `steps` that was done in its place, or the first one that
    /// the schedule says nothing of. From there on, the first option was taken each time.
    std::optional<unsigned> departed_at{};

    /// One line: the findings, and whether it departed.
    [[nodiscard]] std::string summary() const;
};
/// Runs the execution that `choices` describes, and records its steps.
/// \param how  The model, limits and frozen thread under which the schedule was found.
[[nodiscard]] replay_result replay(const program& p, const schedule& choices, const options& how);

/// Whether the remaining threads complete, whatever one stalled thread does. Where no thread waits
/// for another, they do. Otherwise each thread in turn stops forever at each of its steps, and
/// everything is explored from there.
///
/// \param explored    What explore() found for the same program with the same options.
/// \guarantees  findings names, for each thread that can stall others, one point and schedule.
///              The counts are sums over all points.
[[nodiscard]] result check_progress(const program& p, const options& how, const result& explored);
[[nodiscard]] result check_progress(const program& p, const options& how = {});

}  // namespace pidmap_stress::explore
