// Attempts by the explorer.

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/rng.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/power/attempt.hpp"
#include "harness/programs/clients/explore_clients.hpp"
#include "harness/programs/matrix.hpp"

namespace pidmap_stress::power {
namespace {

using clock = std::chrono::steady_clock;

/// Threads and turns of the programs, the small ones first.
struct shape {
    unsigned threads;
    unsigned turns;
};
/// Executions of a program in its first turn.
constexpr std::uint64_t first_turn = 200;
/// Executions for each point at which a thread may stop: there are dozens.
constexpr std::uint64_t executions_per_cut = 40;
constexpr std::array<shape, 4> shapes{{{2, 1}, {2, 2}, {3, 1}, {3, 2}}};

/// Disciplines under which the candidate may break; all, if it must not.
[[nodiscard]] std::vector<discipline> disciplines_of(const candidate& what) {
    std::vector<discipline> all;
    for (int n = 0; n < discipline_count; ++n) {
        const auto how = static_cast<discipline>(n);
        if (!what.killable() || std::ranges::any_of(what.info().breaks, [&](const breakage& one) {
                return one.where.contains(how);
            }))
            all.push_back(how);
    }
    return all;
}

[[nodiscard]] std::vector<explore::explored_case> programs_of(const candidate& what) {
    std::vector<explore::explored_case> programs;
    for (const shape& size : shapes)
        for (const explore::explored_scenario* const scenario : explore::explored_scenarios())
            for (const discipline how : disciplines_of(what)) {
                const auto variations = std::max<std::size_t>(1, scenario->variations.size());
                for (unsigned v = 0; v < variations; ++v) {
                    const explore::pidmap_setting setting{.how = how,
                                                          .scenario = scenario,
                                                          .threads = size.threads,
                                                          .turns = size.turns,
                                                          .variation = v};
                    if (!why_not(*what.explored, setting))
                        programs.push_back({.variant = what.explored, .setting = setting});
                }
            }
    return programs;
}

[[nodiscard]] explore::strategy explored_by(strategy by) noexcept {
    return by == strategy::random || by == strategy::random_clients ? explore::strategy::random
           : by == strategy::pct                                    ? explore::strategy::pct
           : by == strategy::pos                                    ? explore::strategy::pos
           : by == strategy::surw                                   ? explore::strategy::surw
           : by == strategy::bounded                                ? explore::strategy::bounded
                                                                    : explore::strategy::exhaustive;
}

/// An attempt in progress.
class search {
public:
    search(const candidate& what, strategy by, std::uint64_t seed, const effort& how)
        : what_(what),
          how_(how),
          named_(what.named()),
          made_{.of = std::string(what.info().name), .by = by, .seed = seed} {}

    [[nodiscard]] attempt run() {
        const bool is_random = made_.by == strategy::random_clients;
        if (is_random || made_.by == strategy::clients) {
            const std::vector<discipline> hows = disciplines_of(what_);
            for (const discipline how : hows)
                explore_clients(
                    how, is_random,
                    static_cast<double>(how_.executions) / static_cast<double>(hows.size()));
            if (!made_.killed()) made_.seconds = elapsed();
            return made_;
        }
        return run_programs();
    }

private:
    [[nodiscard]] attempt run_programs() {
        const std::vector<explore::explored_case> programs = programs_of(what_);
        // Lock-freedom is checked for candidates that declare to break it, and for those that
        // declare to hold.
        if (named_.contains(invariant::progress) || !what_.killable())
            for (const explore::explored_case& one : programs)
                if (!done() && !late() && one.setting.threads == 2 && one.setting.turns == 1)
                    look_for_stalls(one);
        std::vector<explore::explored_case> left = programs;
        // Each program in turns that grow, so that a large one does not hide a small one.
        const std::uint64_t last_turn =
            std::max<std::uint64_t>(how_.executions / programs.size(), 1);
        for (std::uint64_t turn = std::min(first_turn, last_turn);;) {
            std::erase_if(left, [&](const explore::explored_case& one) {
                return done() || late() || explore_one(one, turn);
            });
            if (left.empty() || turn == last_turn) break;
            turn = std::min(9 * turn, last_turn);
        }
        if (!made_.killed()) made_.seconds = elapsed();
        return made_;
    }

    /// Clients under one discipline, until its share of the executions is used up.
    void explore_clients(discipline how, bool is_random, double share) {
        // Larger clients are cut off, so that they do not hide others.
        constexpr std::uint64_t most_of_one = 2'000;
        constexpr std::uint64_t walks_of_one = 20;
        constexpr unsigned most_calls_of_thread = 5;
        constexpr unsigned most_calls = 6;
        const explore::client_kind kind = kind_of_clients(*what_.explored, how);
        const double end = made_.executions + share;
        const auto is_over = [&] { return done() || late() || made_.executions >= end; };
        const auto try_one = [&](explore::script client, std::uint64_t most) {
            explore::explored_case one{.variant = what_.explored, .calls = std::move(client)};
            (void)explore_one(one, most);
        };
        for (std::uint64_t number = 0; is_random && !is_over(); ++number)
            try_one(random_client(kind, most_calls_of_thread, split(made_.seed, number)),
                    walks_of_one);
        for (unsigned calls = 1; !is_random && calls <= most_calls; ++calls)
            for (unsigned threads = 1; threads <= explore::most_client_threads; ++threads) {
                if (is_over()) return;
                for (const explore::client_family family : explore::client_families)
                    for (explore::script& one : clients_of(kind, family, threads, calls)) {
                        if (is_over()) return;
                        try_one(std::move(one), most_of_one);
                    }
            }
    }

    [[nodiscard]] bool done() const { return made_.named || (made_.killed() && !what_.killable()); }
    /// Whether to give up, on a machine that is slow or busy.
    [[nodiscard]] bool late() const { return elapsed() > how_.patience / 8; }
    [[nodiscard]] double elapsed() const {
        return std::chrono::duration<double>(clock::now() - begin_).count();
    }
    [[nodiscard]] explore::options options(std::uint64_t most) const {
        return {.strategy = explored_by(made_.by),
                .seed = split(made_.seed, most),
                .walks = most,
                .budget = most};
    }

    /// \returns Whether there is nothing more to explore.
    bool explore_one(const explore::explored_case& one, std::uint64_t most) {
        const auto p = what_.explored->make(one.program());
        explore::options how = options(most);
        explore::result seen = explore::explore(*p, how);
        if (!seen.findings.empty() && !is_named(seen.findings.front()) && what_.killable()) {
            // Something else broke first. Later programs show whether it hides what is named.
            note(one, seen.findings.front(), seen.runs());
            how.stop_at_first = false;
            seen = explore::explore(*p, how);
        }
        for (const explore::finding& f : seen.findings)
            if (is_named(f) || !what_.killable()) {
                note(one, f, f.at_execution != 0 ? f.at_execution : seen.runs());
                return true;
            }
        made_.executions += static_cast<double>(seen.runs());
        return seen.complete || (seen.bound && *seen.bound >= how.preemptions);
    }

    void look_for_stalls(const explore::explored_case& one) {
        const auto p = what_.explored->make(one.program());
        const explore::result seen = explore::check_progress(*p, options(executions_per_cut));
        explore::finding endless{.kind = explore::finding_kind::progress,
                                 .what = "while one thread stands still, others never end",
                                 .broken = invariant::progress,
                                 .frozen_thread = 1};
        // A loop that writes is not noticed as one that waits; but a few lock-free calls take a
        // bounded number of steps, whichever thread stands still.
        if (seen.step_limited != 0) return note(one, endless, seen.runs());
        for (const explore::finding& f : seen.findings)
            if (explore::broken_by(f) == invariant::progress) return note(one, f, seen.runs());
        made_.executions += static_cast<double>(seen.runs());
    }

    [[nodiscard]] bool is_named(const explore::finding& f) const {
        const auto which = explore::broken_by(f);
        return which && !which->is_crash() && named_.contains(*which->broken());
    }

    void note(const explore::explored_case& where, const explore::finding& f, std::uint64_t after) {
        const auto which = explore::broken_by(f);
        const std::string name{which ? to_string(*which) : explore::to_string(f.kind)};
        const bool first = !made_.killed();
        if (std::ranges::find(made_.broken, name) == made_.broken.end())
            made_.broken.push_back(name);
        const bool named = is_named(f);
        if (!first && !named) return;
        made_.named |= named;
        if (named || !what_.killable()) made_.executions += static_cast<double>(after);
        made_.seconds = elapsed();
        made_.what = fmt::format("{}: {}: {}", to_string(where), name, f.what);
        explore::explored_case cut_off = where;
        cut_off.freeze = {.thread = f.frozen_thread, .after = f.frozen_after};
        // An endless loop that writes has no schedule: the attempt was given up, and found none.
        made_.command =
            f.frozen_thread != 0 && f.schedule.empty()
                ? fmt::format("{} mutants --mutant {} --strategy {} --seed {} --seeds 1",
                              how_.program, made_.of, to_string(made_.by), made_.seed)
                : fmt::format("{} replay {}", how_.program,
                              make_token(cut_off, f.schedule, explore::build_identity()));
    }

    const candidate& what_;
    const effort& how_;
    invariant_set named_;
    attempt made_;
    clock::time_point begin_ = clock::now();
};

}  // namespace

attempt explore_programs(const candidate& what, strategy by, std::uint64_t seed,
                         const effort& how) {
    return search(what, by, seed, how).run();
}

}  // namespace pidmap_stress::power
