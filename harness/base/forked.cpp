#include "harness/base/forked.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

#include <fmt/format.h>

#include "harness/base/interruption.hpp"
#include "harness/base/parent_process.hpp"

namespace pidmap_stress {
namespace {

using clock = std::chrono::steady_clock;

struct running {
    std::size_t number;
    pid_t process;
    int output;  ///< The reading end of its pipe.
    clock::time_point deadline;
    std::string text{};
};

void write_all(int to, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t some = ::write(to, text.data() + done, text.size() - done);
        if (some < 0 && errno != EINTR) return;
        if (some > 0) done += static_cast<std::size_t>(some);
    }
}

[[noreturn]] void be_the_task(const std::function<std::string()>& task, int output, pid_t parent) {
    end_with_parent(parent);
    // A group of its own, so that its own children end with it.
    ::setpgid(0, 0);
    end_by_interruptions();
    // What it has to report goes into its result; sanitizers print a lot.
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    int code = 0;
    try {
        write_all(output, task());
    } catch (const std::exception& error) {
        write_all(output, error.what());
        code = 1;
    }
    ::_exit(code);
}

[[nodiscard]] running start(std::size_t number, const std::function<std::string()>& task,
                            double patience) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "no pipe for a task");
    std::fflush(nullptr);  // Otherwise the task would print it too.
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process == 0) be_the_task(task, ends[1], parent);
    const int error = errno;
    ::close(ends[1]);
    if (process < 0) {
        ::close(ends[0]);
        throw std::system_error(error, std::generic_category(), "no process for a task");
    }
    return {.number = number,
            .process = process,
            .output = ends[0],
            .deadline = clock::now() + std::chrono::duration_cast<clock::duration>(
                                           std::chrono::duration<double>(patience))};
}

/// Reads what there is. \returns Whether that was all.
[[nodiscard]] bool read_some(running& from) {
    std::array<char, 4096> buffer{};
    const ssize_t some = ::read(from.output, buffer.data(), buffer.size());
    if (some > 0) from.text.append(buffer.data(), static_cast<std::size_t>(some));
    return some == 0 || (some < 0 && errno != EINTR);
}

[[nodiscard]] task_end end_of(running& task, bool timed_out) {
    if (timed_out) {
        ::kill(-task.process, SIGKILL);
        ::kill(task.process, SIGKILL);
    }
    ::close(task.output);
    int status = 0;
    while (::waitpid(task.process, &status, 0) < 0 && errno == EINTR) {
    }
    if (timed_out) return {.how = task_end::kind::timed_out, .text = "did not end"};
    if (WIFSIGNALED(status))
        return {.how = task_end::kind::died,
                .text = fmt::format("ended by signal {} ({})", WTERMSIG(status),
                                    ::strsignal(WTERMSIG(status)))};
    if (WEXITSTATUS(status) != 0)
        return {.how = task_end::kind::died,
                .text = fmt::format("ended with exit code {}: {}", WEXITSTATUS(status), task.text)};
    return {.how = task_end::kind::returned, .text = std::move(task.text)};
}

}  // namespace

void run_forked(const std::vector<std::function<std::string()>>& tasks, unsigned jobs,
                double patience, const std::function<bool(std::size_t, const task_end&)>& on_end,
                const std::function<bool()>& give_up) {
    std::vector<running> now;
    std::size_t next = 0;
    bool go_on = true;
    while (!now.empty() || (go_on && next < tasks.size())) {
        if (give_up && give_up()) {
            for (running& one : now) (void)end_of(one, true);
            return;
        }
        while (go_on && next < tasks.size() && now.size() < std::max(1U, jobs)) {
            now.push_back(start(next, tasks[next], patience));
            ++next;
        }
        std::vector<pollfd> waits;
        for (const running& one : now)
            waits.push_back({.fd = one.output, .events = POLLIN, .revents = 0});
        ::poll(waits.data(), waits.size(), 100);
        for (std::size_t n = now.size(); n-- > 0;) {
            const bool ended = waits[n].revents != 0 && read_some(now[n]);
            const bool timed_out = !ended && clock::now() > now[n].deadline;
            if (!ended && !timed_out) continue;
            running task = std::move(now[n]);
            now.erase(now.begin() + static_cast<std::ptrdiff_t>(n));
            waits.erase(waits.begin() + static_cast<std::ptrdiff_t>(n));
            const task_end end = end_of(task, timed_out);
            go_on = on_end(task.number, end) && go_on;
        }
    }
}

}  // namespace pidmap_stress
