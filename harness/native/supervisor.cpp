#include "harness/native/supervisor.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/interruption.hpp"
#include "harness/base/rng.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/oom_kills.hpp"
#include "harness/world/board.hpp"
#include "harness/world/fault_handler.hpp"

namespace pidmap_stress {
namespace {

using clock = std::chrono::steady_clock;

/// So many trials that found something are enough: they are to show all that is broken, not to
/// count. Less is a matter of luck with the order in which things break.
constexpr std::uint64_t enough_failed_trials = 6;
/// And this many if what is known to break was not among it: a sanitizer ends a trial at whatever
/// comes first.
constexpr std::uint64_t most_failed_trials = 30;
constexpr auto poll_interval = std::chrono::milliseconds(5);
/// How long a trial may take to end after memory could no longer be trusted. A worker may well be
/// lost in what it read there, and there is nothing left to learn.
constexpr auto grace_after_damage = std::chrono::seconds(under_sanitizer ? 10 : 1);
/// How long a trial that somebody stopped may stay so after its time.
constexpr auto grace_when_stopped = std::chrono::seconds(2);

[[noreturn]] void be_the_trial(const cell& what, const trial_settings& how, board& here) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ignore_interruptions();  // The supervisor ends the trial in good order.
    install_fault_handler();
    run_trial(what, how, here);
    ::_exit(0);  // No destructors: threads of libraries may still be there.
}

[[nodiscard]] std::uint64_t operations_so_far(const board& here, unsigned workers) {
    std::uint64_t sum = 0;
    for (unsigned n = 0; n < workers; ++n)
        sum += here.workers[n].recorded.load(std::memory_order::relaxed);
    return sum;
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

/// Whether the cell was shown what it is there for: what is known to break did, and not only
/// something that came before it; or if nothing broke, each mark was hit.
[[nodiscard]] bool is_all(const shown_so_far& shown, const cell& what) {
    const scenario_info& script = *what.workload->info;
    if (!missing_from(shown.broken, *what.variant->info, what.how, script.name).empty())
        return false;
    return !shown.broken.empty() || shown.marks == (std::uint64_t{1} << script.marks.size()) - 1;
}

/// Whether a trial makes progress: what changes, and since when nothing did.
class life_signs {
public:
    life_signs(const board& here, unsigned workers, std::uint64_t longest_set_up)
        : here_(here), workers_(workers), longest_set_up_(longest_set_up) {}

    void look(clock::time_point now) {
        // A supervisor that was late itself, on a machine that was busy or suspended, knows nothing
        // of the time in between.
        if (now - looked_ > longest_pause) moved_ += now - looked_;
        looked_ = now;
        const std::uint64_t rounds = here_.rounds.load(std::memory_order::relaxed);
        const std::uint64_t set_up =
            here_.workers[max_workers].recorded.load(std::memory_order::relaxed);
        if (rounds != rounds_) set_up_before_ = set_up;
        rounds_ = rounds;
        set_up_ = set_up;
        const std::uint64_t signs = operations_so_far(here_, workers_) + rounds + set_up;
        if (signs != signs_) moved_ = now;
        signs_ = signs;
    }
    /// What happened meanwhile was not the trial's doing.
    void excuse(clock::time_point now) { moved_ = now; }

    /// Whether it has shown nothing for so long, or never will.
    [[nodiscard]] bool has_stalled(std::chrono::nanoseconds limit) const {
        return looked_ - moved_ > limit || calls_of_set_up() > longest_set_up_;
    }
    /// What stands still, as a sentence.
    [[nodiscard]] std::string describe() const {
        if (calls_of_set_up() > longest_set_up_)
            return fmt::format("the set-up does not end: {} calls so far", calls_of_set_up());
        return fmt::format("no worker finished an operation for {}", to_human(looked_ - moved_));
    }

private:
    static constexpr auto longest_pause = 20 * poll_interval;

    const board& here_;
    unsigned workers_;
    std::uint64_t longest_set_up_;
    clock::time_point looked_ = clock::now();
    clock::time_point moved_ = looked_;
    std::uint64_t signs_ = 0;
    std::uint64_t rounds_ = 0;
    std::uint64_t set_up_ = 0;
    std::uint64_t set_up_before_ = 0;  ///< When the last round ended.

    [[nodiscard]] std::uint64_t calls_of_set_up() const { return set_up_ - set_up_before_; }
};

enum class trial_end { good, crashed, stalled, killed };

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

/// How a process ended that did not end well, as a sentence.
[[nodiscard]] std::string describe_end(int status, std::uint64_t oom_kills_before) {
    if (!WIFSIGNALED(status))
        return fmt::format("the trial ended with exit code {}", WEXITSTATUS(status));
    if (WTERMSIG(status) != SIGKILL)
        return fmt::format("the trial was ended by signal {} ({})", WTERMSIG(status),
                           ::strsignal(WTERMSIG(status)));
    if (oom_kills() > oom_kills_before)
        return "the kernel ran out of memory and killed the trial: give it more, or fewer "
               "--threads";
    return "the trial was killed from outside (SIGKILL)";
}

void end_now(pid_t trial) {
    ::kill(trial, SIGKILL);
    ::waitpid(trial, nullptr, 0);
}

/// Waits for the trial's end, and brings it about when time is up.
[[nodiscard]] trial_end attend(pid_t trial, board& here, unsigned workers,
                               const std::function<bool()>& time_is_up, const supervision& watch,
                               std::uint64_t operations_before, std::string& ending) {
    const std::uint64_t oom_kills_before = oom_kills();
    life_signs life(here, workers, watch.longest_set_up);
    clock::time_point damaged = clock::time_point::max();
    clock::time_point over = clock::time_point::max();
    bool stopped = false;
    for (;;) {
        int status = 0;
        if (::waitpid(trial, &status, WNOHANG | WUNTRACED | WCONTINUED) == trial) {
            if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
                stopped = WIFSTOPPED(status);
            } else {
                if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return trial_end::good;
                ending = describe_end(status, oom_kills_before);
                return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? trial_end::killed
                                                                          : trial_end::crashed;
            }
        }
        std::this_thread::sleep_for(poll_interval);
        const clock::time_point now = clock::now();
        life.look(now);
        if (stopped) life.excuse(now);
        if (time_is_up() || (watch.interrupted && watch.interrupted())) {
            int go_on = board::go_on;
            here.stop.compare_exchange_strong(go_on, board::end_round, std::memory_order::relaxed);
            over = std::min(over, now);
            // Whoever stopped it may never let it go on.
            if (stopped && now - over > grace_when_stopped) {
                ending = "the trial was stopped from outside (SIGSTOP)";
                end_now(trial);
                return trial_end::killed;
            }
        }
        if (here.stop.load(std::memory_order::relaxed) == board::end_trial) {
            damaged = std::min(damaged, now);
            if (now - damaged > grace_after_damage) {
                end_now(trial);
                return trial_end::good;
            }
        }
        if (life.has_stalled(watch.stall_after)) {
            ending = life.describe();
            end_now(trial);
            return trial_end::stalled;
        }
        if (watch.on_progress)
            watch.on_progress(operations_before + operations_so_far(here, workers));
    }
}

void collect(const board& here, unsigned workers, cell_result& into) {
    const auto reported = std::min<std::size_t>(
        here.findings_reported.load(std::memory_order::relaxed), board::findings_kept);
    std::array<std::uint64_t, invariant_count> told{};
    for (std::size_t n = 0; n < reported; ++n) {
        const board_finding& entry = here.findings[n];
        // Acquire: pairs with report(). What is not ready was being written when the trial died.
        if (!entry.ready.load(std::memory_order::acquire)) continue;
        into.seen.add({.broken = entry.broken, .what = entry.text.data()});
        ++told[static_cast<std::size_t>(entry.broken)];
    }
    for (std::size_t n = 0; n < invariant_count; ++n) {
        const std::uint64_t times = here.times_broken[n].load(std::memory_order::relaxed);
        into.seen.times_broken[n] += times - std::min(times, told[n]);
    }
    if (reported != 0) {
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
    into.out_of_resources |= here.out_of_resources.load(std::memory_order::relaxed);
}

/// Adds what one more run of a cell showed.
void add_run(cell_result& sum, const cell_result& one, bool first) {
    for (const finding& what : one.seen.findings) sum.seen.add(what);
    for (std::size_t n = 0; n < invariant_count; ++n) {
        const auto told = static_cast<std::uint64_t>(
            std::ranges::count(one.seen.findings, static_cast<invariant>(n), &finding::broken));
        sum.seen.times_broken[n] += one.seen.times_broken[n] - told;
    }
    if (one.seen.end != run_end::completed) sum.seen.end = one.seen.end;
    // What never happened did not happen in any of the runs.
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
        trial_settings mine = how;
        mine.key = split(how.key, result.trials++);
        if (how.operations != 0)
            mine.operations = how.operations - std::min(how.operations - 1, result.seen.operations);
        std::fflush(stdout);  // Else the trial has it as well.
        const pid_t trial = ::fork();
        if (trial == 0) be_the_trial(what, mine, *here);
        if (trial < 0) {
            result.out_of_resources = true;
            break;
        }
        std::string ending;
        const auto time_is_up = [&] {
            const invariant_set broken = broken_on(*here);
            if (broken.intersects(watch.enough)) return true;
            const clock::time_point now = clock::now();
            if (now < deadline) return false;
            const std::uint64_t marks = here->marks.load(std::memory_order::relaxed);
            return now >= deadline + watch.last_chance ||
                   is_all({shown.broken | broken, shown.marks | marks}, what);
        };
        const trial_end end =
            attend(trial, *here, how.workers, time_is_up, watch, result.seen.operations, ending);
        collect(*here, how.workers, result);
        shown.broken = shown.broken | broken_on(*here);
        shown.marks |= here->marks.load(std::memory_order::relaxed);
        const bool found = here->findings_reported.load(std::memory_order::relaxed) != 0;
        if (end == trial_end::killed && !found && !killed_before) {
            // It says nothing about the variant, and may not happen again.
            killed_before = true;
            result.tried_again = ending;
            continue;
        }
        if (end != trial_end::good) {
            result.ending = ending;
            if (result.last_events.empty())
                result.last_events = last_events(*here, how.workers, 12);
            // After a finding, anything can happen to a process. Without one it is a result.
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
        if (end == trial_end::good && !found) break;  // It ended by itself, for want of work.
    }

    for (std::size_t n = 0; n < script.marks.size(); ++n)
        if ((shown.marks >> n & 1) == 0) result.seen.unhit_marks.emplace_back(script.marks[n]);
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
    for (unsigned n = 0; n < times; ++n) {
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
