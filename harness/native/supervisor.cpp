#include "harness/native/supervisor.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/interruption.hpp"
#include "harness/base/parent_process.hpp"
#include "harness/base/rng.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/native/process/memory_looks.hpp"
#include "harness/native/process/oom_kills.hpp"
#include "harness/native/process/sanitizer_findings.hpp"
#include "harness/native/process/thread_stacks.hpp"
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
constexpr auto poll_interval = std::chrono::milliseconds(5);
/// How long a trial may take to end after memory could no longer be trusted. A worker may be lost
/// in what it read there, and there is nothing left to learn.
constexpr auto grace_after_damage = std::chrono::seconds(under_sanitizer ? 10 : 1);
/// How long a trial that was stopped from outside may stay so after its time.
constexpr auto grace_when_stopped = std::chrono::seconds(2);

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

/// The threads of a trial that are its workers, by the system's number.
[[nodiscard]] std::map<pid_t, std::string> names_of_threads(pid_t trial, const board& here,
                                                            unsigned workers) {
    // ThreadSanitizer keeps the number that the main thread had before the fork.
    std::map<pid_t, std::string> names{{trial, "the main thread"}, {::getpid(), "the main thread"}};
    const auto add = [&](unsigned slot, std::string name) {
        const pid_t thread = here.workers[slot].thread.load(std::memory_order::relaxed);
        if (thread != 0) names.insert_or_assign(thread, std::move(name));
    };
    // A pool may use the main thread as a worker: then it is both.
    for (unsigned n = 0; n < workers; ++n) add(n, fmt::format("worker {}", n));
    return names;
}

[[nodiscard]] std::uint64_t operations_so_far(const board& here, unsigned workers) {
    std::uint64_t sum = 0;
    for (unsigned n = 0; n < workers; ++n)
        sum += here.workers[n].recorded.load(std::memory_order::relaxed);
    return sum;
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

/// Whether a trial makes progress: its counters, and how long they have not changed.
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
    /// Whatever happened meanwhile was not the trial's doing.
    void excuse(clock::time_point now) { moved_ = now; }

    /// Whether it has made no progress for too long, or never will.
    [[nodiscard]] bool has_stalled(std::chrono::nanoseconds limit) const {
        return looked_ - moved_ > limit || calls_of_set_up() > longest_set_up_;
    }
    /// The part that stands still, as a sentence.
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

/// How a process ended, if not well, as a sentence.
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

/// What the fault handler left, as a sentence.
[[nodiscard]] std::string describe_fault(const board& here, int signal) {
    const unsigned slot = here.fatal_slot.load(std::memory_order::relaxed);
    const std::string by = slot < max_workers ? fmt::format("worker {}", slot) : "the main thread";
    const std::string where =
        signal == SIGSEGV || signal == SIGBUS
            ? fmt::format(" at address {:#x}", here.fatal_address.load(std::memory_order::relaxed))
            : "";
    return fmt::format("the trial was ended by signal {} ({}){}, in {}", signal,
                       ::strsignal(signal), where, by);
}

/// How a trial ended, and what was learned about its process.
struct trial_course {
    trial_end end = trial_end::good;
    std::string ending{};  ///< A sentence, if it did not end well.
    std::string stacks{};
    memory_looks memory{};
};

/// Waits for the trial's end, and ends it when time is up.
class attendant {
public:
    attendant(pid_t trial, board& here, unsigned workers, const supervision& watch)
        : trial_(trial),
          here_(here),
          workers_(workers),
          watch_(watch),
          life_(here, workers, watch.longest_set_up) {}

    [[nodiscard]] trial_course attend(const std::function<bool()>& time_is_up,
                                      std::uint64_t operations_before) {
        while (!has_ended()) {
            std::this_thread::sleep_for(poll_interval);
            const clock::time_point now = clock::now();
            life_.look(now);
            course_.memory.look(trial_, now);
            if (stopped_) life_.excuse(now);
            const bool asked = watch_.interrupted && watch_.interrupted();
            if ((time_is_up() || asked) && is_over(now, asked)) break;
            if (is_lost_after_damage(now)) break;
            if (life_.has_stalled(watch_.stall_after)) {
                course_.ending = life_.describe();
                course_.stacks = stacks_of(trial_, names_of_threads(trial_, here_, workers_));
                end(trial_end::stalled);
                break;
            }
            if (watch_.on_progress)
                watch_.on_progress(operations_before + operations_so_far(here_, workers_));
            if (watch_.asked_for_status && watch_.asked_for_status() && watch_.on_status)
                watch_.on_status(last_events(here_, workers_, 12));
        }
        return std::move(course_);
    }

private:
    /// Whether the process has ended by itself, or by a fault.
    [[nodiscard]] bool has_ended() {
        int status = 0;
        if (::waitpid(trial_, &status, WNOHANG | WUNTRACED | WCONTINUED) != trial_) return false;
        if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
            stopped_ = WIFSTOPPED(status);
            // Acquire: pairs with the fault handler's release, so that the rest is there.
            const int signal = here_.fatal_signal.load(std::memory_order::acquire);
            if (!stopped_ || signal == 0) return false;
            course_.ending = describe_fault(here_, signal);
            course_.stacks = stacks_of(trial_, names_of_threads(trial_, here_, workers_));
            end(trial_end::crashed);
            return true;
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
        course_.ending = describe_end(status, oom_kills_before_);
        course_.end = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? trial_end::killed
                                                                         : trial_end::crashed;
        return true;
    }
    /// Time is up. \returns Whether the process cannot end in good order, and was ended.
    [[nodiscard]] bool is_over(clock::time_point now, bool asked) {
        int go_on = board::go_on;
        here_.stop.compare_exchange_strong(go_on, board::end_round, std::memory_order::relaxed);
        over_ = std::min(over_, now);
        if (asked) asked_ = std::min(asked_, now);
        // It may have stalled, and there is no time to find out.
        if (asked && now - asked_ > watch_.grace_when_asked) {
            end(trial_end::good);
            return true;
        }
        // Whoever stopped it may never let it go on.
        if (!stopped_ || now - over_ <= grace_when_stopped) return false;
        course_.ending = "the trial was stopped from outside (SIGSTOP)";
        end(trial_end::killed);
        return true;
    }
    /// Memory could no longer be trusted, and a worker may be lost in what it read there.
    [[nodiscard]] bool is_lost_after_damage(clock::time_point now) {
        if (here_.stop.load(std::memory_order::relaxed) != board::end_trial) return false;
        damaged_ = std::min(damaged_, now);
        if (now - damaged_ <= grace_after_damage) return false;
        end(trial_end::good);
        return true;
    }
    void end(trial_end how) {
        course_.end = how;
        ::kill(trial_, SIGKILL);
        ::waitpid(trial_, nullptr, 0);
    }

    pid_t trial_;
    board& here_;
    unsigned workers_;
    const supervision& watch_;
    const std::uint64_t oom_kills_before_ = oom_kills();
    life_signs life_;
    clock::time_point damaged_ = clock::time_point::max();
    clock::time_point over_ = clock::time_point::max();
    clock::time_point asked_ = clock::time_point::max();  ///< When this process was asked to end.
    bool stopped_ = false;
    trial_course course_;
};

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
    into.out_of_resources |= here.out_of_resources.load(std::memory_order::relaxed);
}

/// Adds what one more run of a cell showed.
void add_run(cell_result& sum, const cell_result& one, bool first) {
    add_to(sum.by_sanitizer, one.by_sanitizer);
    for (const finding& what : one.seen.findings) sum.seen.add(what);
    for (std::size_t n = 0; n < invariant_count; ++n) {
        const auto told = static_cast<std::uint64_t>(
            std::ranges::count(one.seen.findings, static_cast<invariant>(n), &finding::broken));
        sum.seen.times_broken[n] += one.seen.times_broken[n] - told;
    }
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
            attendant(trial, *here, how.workers, watch).attend(time_is_up, result.seen.operations);
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
