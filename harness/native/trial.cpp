#include "harness/native/trial.hpp"

#include <algorithm>
#include <chrono>

#include "harness/base/rng.hpp"
#include "harness/base/shorter.hpp"
#include "harness/native/stage.hpp"
#include "harness/native/worker.hpp"
#include "harness/world/board.hpp"
#include "harness/world/jitter.hpp"
#include "harness/world/memory_domain.hpp"

namespace pidmap_stress {
namespace {

/// One round in N is short, and recorded call by call for the checkers of histories.
constexpr std::uint32_t history_one_in = 4;
constexpr std::uint32_t longest_history = 512;
/// One round in N ends with an empty stage.
constexpr std::uint32_t emptied_one_in = 16;

/// The first rounds of a trial are shorter than this: a fault that needs no race shows there, with
/// a short history.
constexpr std::uint64_t careful_rounds = 8;
constexpr std::uint32_t careful_length = 4;

/// From 1 to `longest`, each power of two equally likely: rounds of different lengths let a run
/// drain now and then, which a continuous one never does.
[[nodiscard]] std::uint32_t round_length(rng& chance, std::uint32_t longest) noexcept {
    std::uint32_t powers = 1;
    while ((1U << powers) < longest) ++powers;
    const std::uint32_t base = 1U << chance.below(powers);
    return std::min(longest, base + chance.below(base));
}

void finish_round(stage& set, board& here, const two_clocks& since_begin) {
    std::uint64_t operations = 0;
    std::chrono::nanoseconds cpu_time{};
    std::uint64_t marks = 0;
    near_misses near;
    for (unsigned n = 0; n < set.workers(); ++n) {
        operations += set.at(n).take_operations();
        cpu_time += set.at(n).take_cpu_time();
        marks |= set.at(n).take_marks();
        near.add(set.at(n).take_near_misses());
    }
    here.operations.fetch_add(operations, std::memory_order::relaxed);
    here.marks.fetch_or(marks, std::memory_order::relaxed);
    here.lost_exchanges.fetch_add(near.lost_exchanges, std::memory_order::relaxed);
    here.raised_from_one.fetch_add(near.raised_from_one, std::memory_order::relaxed);
    if (near.shortest_to_put != near_misses::none) {
        // Rounded up: 0 stands for none. This thread alone writes it.
        const std::uint64_t now = since_begin.to_nanoseconds(near.shortest_to_put) + 1;
        const std::uint64_t before = here.clear_to_put_nanoseconds.load(std::memory_order::relaxed);
        here.clear_to_put_nanoseconds.store(shorter(before, now), std::memory_order::relaxed);
    }
    here.cpu_nanoseconds.fetch_add(static_cast<std::uint64_t>(cpu_time.count()),
                                   std::memory_order::relaxed);
    here.rounds.fetch_add(1, std::memory_order::relaxed);
}

}  // namespace

std::uint64_t cell_key(std::uint64_t seed, const cell& what) {
    return split(split(split(seed, what.variant->info->name), what.workload->info->name),
                 to_string(what.how));
}

void run_trial(const cell& what, const trial_settings& how, board& here) {
    use_board(&here);
    if (!memory_domain::open({.deferred_release = what.how == discipline::lookup})) {
        here.out_of_resources.store(true, std::memory_order::relaxed);
        return;
    }
    jitter_one_in = how.jitter_one_in;
    const auto under_test =
        how.jitter_one_in != 0 ? what.variant->make_jittered() : what.variant->make();
    const auto script = what.workload->make();
    stage set(*under_test, here,
              {.how = what.how,
               .workers = how.workers,
               .highest_pid_max = script->highest_pid_max(how.pid_max, how.workers),
               .key = how.key,
               .namespaces_each = script->namespaces_each()});
    const auto pool = worker_pool::make({.kind = how.pool, .workers = how.workers, .pin = how.pin});
    const auto stopped = [&here](int at) {
        return here.stop.load(std::memory_order::relaxed) >= at;
    };

    const two_clocks since_begin;
    set.main().take_thread();
    rng chance(split(how.key, "rounds"));
    bool prepared = false;
    for (std::uint64_t round = 0;; ++round) {
        if (!prepared) script->prepare(set);
        prepared = true;
        if (stopped(board::end_trial)) return;

        const bool with_history = chance.one_in(history_one_in);
        std::uint32_t steps = round_length(chance, round < careful_rounds ? careful_length
                                                   : with_history         ? longest_history
                                                                  : script->longest_round());
        const std::uint64_t done = here.operations.load(std::memory_order::relaxed);
        const std::uint64_t left_for_each =
            how.operations == 0 ? UINT64_MAX
                                : (how.operations - done + how.workers - 1) / how.workers;
        const bool cut_short = left_for_each < steps;
        if (cut_short) steps = static_cast<std::uint32_t>(left_for_each);
        for (unsigned n = 0; n < how.workers; ++n)
            set.at(n).begin_round(split(how.key, round), steps, with_history);
        if (with_history) set.begin_history();

        pool->run([&set, &script](unsigned number) {
            worker& me = set.at(number);
            me.take_thread();
            script->work(me);
            me.leave_thread();
        });
        set.main().take_thread();  // It may have been one of the pool's.
        finish_round(set, here, since_begin);
        if (stopped(board::end_trial)) return;

        set.audit(with_history);
        const std::uint64_t done_now = here.operations.load(std::memory_order::relaxed);
        // A step need not be a call, so the few that are left may never be used up.
        const bool nothing_comes_of_it = cut_short && done_now == done;
        const bool last = stopped(board::end_round) || nothing_comes_of_it ||
                          (how.operations != 0 && done_now >= how.operations);
        if (stopped(board::end_trial)) return;
        if (last || script->one_round_only() || chance.one_in(emptied_one_in)) {
            set.empty();
            prepared = false;
        }
        if (last || stopped(board::end_trial)) return;
    }
}

}  // namespace pidmap_stress
