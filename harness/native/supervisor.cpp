#include "harness/native/supervisor.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "harness/base/interruption.hpp"
#include "harness/base/parent_process.hpp"
#include "harness/base/rng.hpp"
#include "harness/base/shorter.hpp"
#include "harness/native/process/attendant.hpp"
#include "harness/native/process/sanitizer_findings.hpp"
#include "harness/world/board.hpp"
#include "harness/world/fault_handler.hpp"
#include "harness/world/sanitizer_hooks.hpp"

namespace pidmap_stress {
namespace {

using clock = std::chrono::steady_clock;

/// This many trials with a finding are enough: they are to show everything that is broken, not to
/// count. With fewer, luck decides which breakages show.
constexpr std::uint64_t enough_failed_trials = 6;
/// And this many if what is known to break was not among them: a sanitizer ends a trial at the
/// first finding.
constexpr std::uint64_t most_failed_trials = 30;

[[noreturn]] void be_the_trial(const cell& what, const trial_settings& how, board& here,
                               pid_t supervisor) {
    end_with_parent(supervisor);
    ignore_interruptions();  // The supervisor ends the trial in good order.
    install_fault_handler();
    take_sanitizer_reports(here, how.raw_text.c_str());
    run_trial(what, how, here);
    // No destructors: threads of libraries may still run. ThreadSanitizer changes the code of
    // _exit() once it has reported; here reports are findings, and this was a good end.
    ::syscall(SYS_exit_group, 0);
    ::_exit(0);
}

[[nodiscard]] bool found_something(const board& here) {
    return here.findings_reported.load(std::memory_order::relaxed) != 0 ||
           here.sanitizer_reports_made.load(std::memory_order::relaxed) != 0;
}

[[nodiscard]] invariant_set broken_on(const board& here) {
    invariant_set broken;
    for (int n = 0; n < invariant_count; ++n)
        if (here.times_broken[static_cast<std::size_t>(n)].load(std::memory_order::relaxed) != 0)
            broken.insert(static_cast<invariant>(n));
    return broken;
}

/// What the trials of a cell have shown together.
struct shown_so_far {
    invariant_set broken{};
    std::uint64_t marks = 0;
};

/// Whether the cell has shown what it is there for: what is known to break did, and not only
/// something that came before it; or, if nothing broke, each mark was hit.
[[nodiscard]] bool is_all(const shown_so_far& shown, const cell& what) {
    const scenario_info& script = *what.workload->info;
    if (!missing_from(shown.broken, *what.variant->info, what.how, script.name).empty())
        return false;
    return !shown.broken.empty() || shown.marks == (std::uint64_t{1} << script.marks.size()) - 1;
}

[[nodiscard]] run_end run_end_of(trial_end how) {
    switch (how) {
        case trial_end::good:
            break;
        case trial_end::crashed:
            return run_end::crashed;
        case trial_end::stalled:
            return run_end::stalled;
        case trial_end::killed:
            return run_end::killed;
    }
    return run_end::completed;
}

/// \param raw_text  Where the sanitizer's own words are, if it reported.
void collect(pid_t trial, const board& here, unsigned workers, const std::string& raw_text,
             cell_result& into) {
    const auto reported = std::min<std::size_t>(
        here.findings_reported.load(std::memory_order::relaxed), board::findings_kept);
    std::array<std::uint64_t, invariant_count> told{};
    for (std::size_t n = 0; n < reported; ++n) {
        const board_finding& entry = here.findings[n];
        // Acquire: pairs with report(). A finding that is not ready was being written when the
        // trial died.
        if (!entry.ready.load(std::memory_order::acquire)) continue;
        into.seen.add({.broken = entry.broken, .what = entry.text.data()});
        ++told[static_cast<std::size_t>(entry.broken)];
    }
    auto by_sanitizer = sanitizer_findings(here, names_of_threads(trial, here, workers));
    for (sanitizer_finding& one : by_sanitizer) one.raw_text = raw_text;
    for (const sanitizer_finding& one : add_to(into.by_sanitizer, std::move(by_sanitizer))) {
        into.seen.add({.broken = one.broken, .what = to_string(one)});
        ++told[static_cast<std::size_t>(one.broken)];
    }
    for (std::size_t n = 0; n < invariant_count; ++n) {
        const std::uint64_t times = here.times_broken[n].load(std::memory_order::relaxed);
        into.seen.times_broken[n] += times - std::min(times, told[n]);
    }
    if (found_something(here)) {
        ++into.trials_with_findings;
        if (into.last_events.empty()) {
            into.last_events = last_events(here, workers, 12);
            into.flights = read_flights(here, workers, 64);
        }
    }
    into.seen.operations += here.operations.load(std::memory_order::relaxed);
    into.seen.cpu_seconds +=
        static_cast<double>(here.cpu_nanoseconds.load(std::memory_order::relaxed)) * 1e-9;
    into.undecided_histories += here.undecided.load(std::memory_order::relaxed);
    into.rounds += here.rounds.load(std::memory_order::relaxed);
    const auto near_miss = [&into](std::string_view name, const std::atomic<std::uint64_t>& times) {
        if (const auto n = times.load(std::memory_order::relaxed); n != 0)
            into.near_misses[std::string(name)] += n;
    };
    near_miss("a compare-exchange of a count failed", here.lost_exchanges);
    near_miss("a count was raised from 1", here.raised_from_one);
    into.clear_to_put_ns = shorter(into.clear_to_put_ns,
                                   here.clear_to_put_nanoseconds.load(std::memory_order::relaxed));
    into.out_of_resources |= here.out_of_resources.load(std::memory_order::relaxed);
}

/// Adds what one more run of a cell showed.
void add_run(cell_result& sum, const cell_result& one, bool first) {
    // A cause that an earlier run had is counted, but is no other finding.
    const std::vector<sanitizer_finding> fresh = add_to(sum.by_sanitizer, one.by_sanitizer);
    const auto is_among = [](const std::vector<sanitizer_finding>& all, const finding& what) {
        return std::ranges::any_of(
            all, [&what](const sanitizer_finding& known) { return to_string(known) == what.what; });
    };
    std::array<std::uint64_t, invariant_count> told{};
    for (const finding& what : one.seen.findings) {
        if (is_among(one.by_sanitizer, what) && !is_among(fresh, what)) continue;
        sum.seen.add(what);
        ++told[static_cast<std::size_t>(what.broken)];
    }
    for (std::size_t n = 0; n < invariant_count; ++n)
        sum.seen.times_broken[n] += one.seen.times_broken[n] - told[n];
    if (one.seen.end != run_end::completed) sum.seen.end = one.seen.end;
    // A mark that was never hit was not hit in any of the runs.
    if (first)
        sum.seen.unhit_marks = one.seen.unhit_marks;
    else
        std::erase_if(sum.seen.unhit_marks, [&](const std::string& mark) {
            return std::ranges::find(one.seen.unhit_marks, mark) == one.seen.unhit_marks.end();
        });
    sum.seen.operations += one.seen.operations;
    sum.seen.cpu_seconds += one.seen.cpu_seconds;
    if (sum.last_events.empty()) sum.last_events = one.last_events;
    if (sum.ending.empty()) sum.ending = one.ending;
    if (sum.stacks.empty()) sum.stacks = one.stacks;
    for (const auto& [name, times] : one.near_misses) sum.near_misses[name] += times;
    sum.clear_to_put_ns = shorter(sum.clear_to_put_ns, one.clear_to_put_ns);
    sum.trial_resident_kib = std::max(sum.trial_resident_kib, one.trial_resident_kib);
    sum.out_of_resources |= one.out_of_resources;
    sum.cut_short |= one.cut_short;
    sum.undecided_histories += one.undecided_histories;
    sum.rounds += one.rounds;
    sum.trials += one.trials;
    sum.trials_with_findings += one.trials_with_findings;
    sum.seconds += one.seconds;
}

}  // namespace

cell_result run_cell(const cell& what, const trial_settings& how, const supervision& watch) {
    cell_result result{.what = what};
    const scenario_info& script = *what.workload->info;
    const clock::time_point begin = clock::now();
    clock::time_point deadline =
        watch.budget.count() != 0 ? begin + watch.budget : clock::time_point::max();
    // A variant that is known to use released memory may hang or crash before that is reported.
    unsigned trials_that_may_get_lost =
        what.variant->info->breaks.expects(invariant::no_use_after_release, what.how) ? 2 : 0;
    shown_so_far shown;
    bool killed_before = false;

    while (true) {
        const board_ptr here = map_board();
        if (here == nullptr) {
            result.out_of_resources = true;
            break;
        }
        here->supervised = true;
        trial_settings mine = how;
        mine.key = split(how.key, result.trials++);
        if (how.operations != 0)
            mine.operations = how.operations - std::min(how.operations - 1, result.seen.operations);
        std::fflush(stdout);  // Otherwise the trial would print it too.
        const pid_t supervisor = ::getpid();
        const pid_t trial = ::fork();
        if (trial == 0) be_the_trial(what, mine, *here, supervisor);
        if (trial < 0) {
            result.out_of_resources = true;
            break;
        }
        const auto time_is_up = [&] {
            const invariant_set broken = broken_on(*here);
            if (broken.intersects(watch.enough)) return true;
            const clock::time_point now = clock::now();
            if (now < deadline) return false;
            const std::uint64_t marks = here->marks.load(std::memory_order::relaxed);
            return now >= deadline + watch.last_chance ||
                   is_all({shown.broken | broken, shown.marks | marks}, what);
        };
        const trial_course course =
            attend(trial, *here, how.workers, watch, time_is_up, result.seen.operations);
        const trial_end end = course.end;
        const std::string raw_text =
            how.raw_text.empty() ? "" : collect_raw_text(how.raw_text, trial);
        collect(trial, *here, how.workers, raw_text, result);
        result.trial_resident_kib = std::max(result.trial_resident_kib, course.memory.most());
        shown.broken = shown.broken | broken_on(*here);
        shown.marks |= here->marks.load(std::memory_order::relaxed);
        const bool found = found_something(*here);
        if (end == trial_end::killed && !found && !killed_before) {
            // It says nothing about the variant, and may not happen again.
            killed_before = true;
            result.tried_again = course.ending;
            continue;
        }
        if (end != trial_end::good) {
            result.ending = course.ending;
            if (!raw_text.empty())
                result.ending += fmt::format("; the sanitizer's own text is in {}", raw_text);
            if (result.stacks.empty()) result.stacks = course.stacks;
            if (result.last_events.empty())
                result.last_events = last_events(*here, how.workers, 12);
            // After a finding, a process may end in any way. Without one, its end is the result.
            if (!found && end != trial_end::killed && trials_that_may_get_lost > 0) {
                --trials_that_may_get_lost;
                deadline = std::max(deadline, clock::now());
                continue;
            }
            if (!found) result.seen.end = run_end_of(end);
        }
        const bool work_is_done = how.operations != 0 && result.seen.operations >= how.operations;
        const bool asked_to_end = watch.interrupted && watch.interrupted();
        result.cut_short |= asked_to_end && !time_is_up() && !work_is_done;
        if (result.out_of_resources || asked_to_end || time_is_up() || work_is_done ||
            result.seen.end != run_end::completed ||
            result.trials_with_findings >= most_failed_trials ||
            (result.trials_with_findings >= enough_failed_trials && is_all(shown, what)))
            break;
        if (end == trial_end::good && !found) break;  // It ended by itself: it had no work left.
    }

    for (std::size_t n = 0; n < script.marks.size(); ++n)
        ((shown.marks >> n & 1) == 0 ? result.seen.unhit_marks : result.marks_hit)
            .emplace_back(script.marks[n]);
    if (result.undecided_histories != 0)
        result.seen.unhit_marks.push_back(
            fmt::format("a verdict on {} histories", result.undecided_histories));
    result.seconds = std::chrono::duration<double>(clock::now() - begin).count();
    result.judged = assess(result.seen, *what.variant->info, what.how, script.name);
    return result;
}

cell_result repeat_cell(const cell& what, const trial_settings& how, const supervision& watch,
                        unsigned times) {
    cell_result sum{.what = what};
    const clock::time_point begin = clock::now();
    for (unsigned n = 0; n < times; ++n) {
        if (n != 0 && watch.budget.count() != 0 && clock::now() - begin >= 2 * watch.budget) break;
        if (watch.interrupted && watch.interrupted()) {
            sum.cut_short = true;
            break;
        }
        trial_settings mine = how;
        mine.key = n == 0 ? how.key : split(split(how.key, "repeat"), n);
        supervision part = watch;
        part.budget = watch.budget / times;
        part.last_chance = {};
        part.enough = invariant_set::all(invariant_count);
        const cell_result one = run_cell(what, mine, part);
        ++sum.repeated;
        if (one.seen.end != run_end::completed || !one.seen.findings.empty())
            ++sum.repeated_with_findings;
        add_run(sum, one, n == 0);
    }
    sum.judged = assess(sum.seen, *what.variant->info, what.how, what.workload->info->name);
    return sum;
}

}  // namespace pidmap_stress
