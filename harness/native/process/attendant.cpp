#include "harness/native/process/attendant.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/native/process/oom_kills.hpp"
#include "harness/native/process/thread_stacks.hpp"

namespace pidmap_stress {
namespace {

using clock = std::chrono::steady_clock;

constexpr auto poll_interval = std::chrono::milliseconds(5);
/// How long a trial may take to end after memory could no longer be trusted. A worker may be lost
/// in what it read there, and there is nothing left to learn.
constexpr auto grace_after_damage = std::chrono::seconds(under_sanitizer ? 10 : 1);
/// How long a trial that was stopped from outside may stay so after its time.
constexpr auto grace_when_stopped = std::chrono::seconds(2);

[[nodiscard]] std::uint64_t operations_so_far(const board& here, unsigned workers) {
    std::uint64_t sum = 0;
    for (unsigned n = 0; n < workers; ++n)
        sum += here.workers[n].recorded.load(std::memory_order::relaxed);
    return sum;
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

}  // namespace

std::map<pid_t, std::string> names_of_threads(pid_t trial, const board& here, unsigned workers) {
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

trial_course attend(pid_t trial, board& here, unsigned workers, const supervision& watch,
                    const std::function<bool()>& time_is_up, std::uint64_t operations_before) {
    return attendant(trial, here, workers, watch).attend(time_is_up, operations_before);
}

}  // namespace pidmap_stress
