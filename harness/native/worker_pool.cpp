#include "harness/native/worker_pool.hpp"

#include <sched.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

namespace pidmap_stress {
namespace {

constexpr std::array<std::string_view, 2> names{"tbb", "jthread"};

/// The cores that this process may use.
[[nodiscard]] std::vector<int> allowed_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> cores;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
    for (int core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &set)) cores.push_back(core);
    return cores;
}

/// Lets threads continue together: those that arrive wait for the last one.
class starting_line {
public:
    void reset(unsigned expected) noexcept { missing_.store(expected, std::memory_order::relaxed); }
    void wait() noexcept {
        // Release and acquire by all: no thread continues before the others have arrived.
        missing_.fetch_sub(1, std::memory_order::acq_rel);
        for (unsigned spins = 0; missing_.load(std::memory_order::acquire) != 0; ++spins)
            if (spins > 100) std::this_thread::yield();  // There may be fewer cores than workers.
    }

private:
    std::atomic<unsigned> missing_{0};
};

class pool_base : public worker_pool {
public:
    explicit pool_base(const settings& how) : how_(how) {
        if (how.pin) cores_ = allowed_cores();
    }

protected:
    void take_part(unsigned number, const std::function<void(unsigned)>& body) {
        if (!cores_.empty()) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(static_cast<std::size_t>(cores_[number % cores_.size()]), &one);
            ::sched_setaffinity(0, sizeof one, &one);  // Only an optimization: it may fail.
        }
        line_.wait();
        body(number);
    }

    settings how_;
    starting_line line_;

private:
    std::vector<int> cores_;
};

/// oneTBB's threads. An arena alone does not give N threads on fewer cores; the control does.
///
/// The work is enqueued, not spawned as parallel_for() does: a worker that waits for others to
/// begin needs them to begin, and only for enqueued tasks does the library promise that a sleeping
/// thread is woken. \source Its arena.h: missed wake-ups are accepted where tasks are spawned.
class tbb_pool final : public pool_base {
public:
    explicit tbb_pool(const settings& how)
        : pool_base(how),
          control_(tbb::global_control::max_allowed_parallelism, how.workers),
          arena_(static_cast<int>(how.workers)) {}

    void run(const std::function<void(unsigned)>& body) override {
        line_.reset(how_.workers);
        running_.store(how_.workers - 1, std::memory_order::relaxed);
        // A task waits for all others to have begun, so that no thread can take two.
        for (unsigned number = 1; number < how_.workers; ++number)
            arena_.enqueue([this, &body, number] {
                take_part(number, body);
                // Release, read below.
                if (running_.fetch_sub(1, std::memory_order::acq_rel) == 1) running_.notify_one();
            });
        take_part(0, body);
        // Acquire: what the others did happens-before the return.
        for (unsigned left = running_.load(std::memory_order::acquire); left != 0;
             left = running_.load(std::memory_order::acquire))
            running_.wait(left, std::memory_order::relaxed);
    }

private:
    tbb::global_control control_;
    std::atomic<unsigned> running_{0};
    tbb::task_arena arena_;
};

/// Plain threads, which a sanitizer sees through.
class jthread_pool final : public pool_base {
public:
    explicit jthread_pool(const settings& how) : pool_base(how) {
        for (unsigned number = 0; number < how.workers; ++number)
            threads_.emplace_back(
                [this, number](const std::stop_token& stop) { serve(number, stop); });
    }

    void run(const std::function<void(unsigned)>& body) override {
        line_.reset(how_.workers);
        std::unique_lock lock(mutex_);
        body_ = &body;
        running_ = how_.workers;
        ++round_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return running_ == 0; });
    }

private:
    void serve(unsigned number, const std::stop_token& stop) {
        std::uint64_t done = 0;
        std::unique_lock lock(mutex_);
        while (changed_.wait(lock, stop, [&] { return round_ != done; })) {
            done = round_;
            lock.unlock();
            take_part(number, *body_);
            lock.lock();
            if (--running_ == 0) changed_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    const std::function<void(unsigned)>* body_ = nullptr;
    std::uint64_t round_ = 0;
    unsigned running_ = 0;
    std::vector<std::jthread> threads_;  // Last: they end before the rest is destroyed.
};

}  // namespace

std::string_view to_string(pool_kind which) noexcept {
    return names[static_cast<std::size_t>(which)];
}

std::optional<pool_kind> parse_pool(std::string_view name) noexcept {
    if (name == names[0]) return pool_kind::tbb;
    if (name == names[1]) return pool_kind::jthread;
    return std::nullopt;
}

std::unique_ptr<worker_pool> worker_pool::make(const settings& how) {
    if (how.kind == pool_kind::tbb) return std::make_unique<tbb_pool>(how);
    return std::make_unique<jthread_pool>(how);
}

}  // namespace pidmap_stress
