#include "harness/explorer/native/run_natively.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "harness/explorer/run/native_recorder.hpp"

namespace pidmap_stress::explore {
namespace {

/// Where threads wait for each other before each run and behind it. They spin, so that they begin
/// within a few instructions of each other, and yield, as there may be fewer processors.
class start_line {
public:
    explicit start_line(unsigned threads) : threads_(threads) {}

    void arrive_and_wait() {
        // Relaxed: this thread has arrived itself, so the phase cannot end before.
        const unsigned phase = phase_.load(std::memory_order::relaxed);
        // Acquire and release: all that was done before is seen by all behind the line.
        if (arrived_.fetch_add(1, std::memory_order::acq_rel) + 1 == threads_) {
            // Relaxed: the next to arrive has seen the phase below, which comes after it.
            arrived_.store(0, std::memory_order::relaxed);
            phase_.store(phase + 1, std::memory_order::release);  // Read by the acquire below.
            return;
        }
        constexpr unsigned spins = 1000;
        for (unsigned n = 0; phase_.load(std::memory_order::acquire) == phase; ++n)
            if (n >= spins) std::this_thread::yield();
    }

private:
    unsigned threads_;
    std::atomic<unsigned> arrived_{0};
    std::atomic<unsigned> phase_{0};
};

class runner final : public native_recorder {
public:
    runner(const program& p, const native_options& how)
        : how_(how), threads_(p.threads()), instance_(p.instantiate()), line_(threads_ + 1) {}

    [[nodiscard]] native_result run() {
        std::vector<std::jthread> all;
        for (unsigned t = 1; t <= threads_; ++t) all.emplace_back([this, t] { work(t); });
        native_recorder* const outer = std::exchange(current, this);
        while (goes_on()) {
            instance_->set_up();
            line_.arrive_and_wait();
            line_.arrive_and_wait();
            instance_->finish();
            instance_->tear_down();
            ++seen_.runs;
        }
        done_ = true;
        line_.arrive_and_wait();
        all.clear();
        current = outer;
        return std::move(seen_);
    }

    void fail(std::string_view what) override {
        const std::lock_guard lock(mutex_);
        ++seen_.failures[std::string(what)];
    }
    void outcome(std::string_view text) override {
        const std::lock_guard lock(mutex_);
        ++seen_.outcomes[std::string(text)];
    }

private:
    void work(unsigned number) {
        current = this;
        thread = number;
        for (;;) {
            line_.arrive_and_wait();
            if (done_) return;
            instance_->run(number);
            line_.arrive_and_wait();
        }
    }
    [[nodiscard]] bool goes_on() const {
        return seen_.runs < how_.runs &&
               (how_.time.count() == 0 || std::chrono::steady_clock::now() - begin_ < how_.time);
    }

    const native_options& how_;
    unsigned threads_;
    std::unique_ptr<program_instance> instance_;
    start_line line_;
    bool done_ = false;  // Set while all wait at the line.
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::mutex mutex_;  // Guards seen_ while threads run.
    native_result seen_;
};

}  // namespace

native_result run_natively(const program& p, const native_options& how) {
    return runner(p, how).run();
}

std::vector<std::string> unexplored(const native_result& seen, const result& explored) {
    std::vector<std::string> all;
    for (const auto& [outcome, times] : seen.outcomes)
        if (!explored.outcomes.contains(outcome)) all.push_back(outcome);
    return all;
}

}  // namespace pidmap_stress::explore
