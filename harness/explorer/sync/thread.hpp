#pragma once

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/run/program.hpp"
#include "harness/explorer/sync/stop_token.hpp"

/// Threads that a program starts itself.
/// \source [thread.threads]
namespace pidmap_stress::explore {

class thread;

namespace detail {

/// The threads that a program may yet start. They are there from its beginning, and wait.
class spare_threads {
    enum class stage : std::uint8_t { idle, started, ended, not_needed };

public:
    explicit spare_threads(unsigned count) {
        for (unsigned n = 0; n < count; ++n) all_.push_back(std::make_unique<spare>());
        current_ = this;
    }
    ~spare_threads() {
        if (current_ == this) current_ = nullptr;
    }
    spare_threads(const spare_threads&) = delete;
    spare_threads& operator=(const spare_threads&) = delete;

    /// Spare thread `n`, from 0: waits until it is started or not needed.
    void run(unsigned n) {
        spare& me = *all_[n];
        // Acquire: what the thread that starts it did before is seen.
        if (me.at.load_until([](stage now) { return now != stage::idle; },
                             std::memory_order::acquire) == stage::not_needed)
            return;
        me.body();
        // Release, read by join().
        me.at.store(stage::ended, std::memory_order::release);
    }
    /// The first thread has ended: those that were not started by then never are.
    void end() {
        for (unsigned n = started_.load(std::memory_order::relaxed); n < all_.size(); ++n) {
            // One that a detached thread starts meanwhile runs all the same.
            stage expected = stage::idle;
            (void)all_[n]->at.compare_exchange_strong(expected, stage::not_needed,
                                                      std::memory_order::relaxed);
        }
    }

private:
    friend thread;
    struct spare {
        atomic<stage> at{stage::idle};
        std::function<void()> body;
    };

    /// \return its number.
    unsigned start(std::function<void()> body) {
        const unsigned n = started_.fetch_add(1, std::memory_order::relaxed);
        check(n < all_.size(), "a program starts more threads than it said that it would");
        if (n >= all_.size()) return n;
        all_[n]->body = std::move(body);
        all_[n]->at.store(stage::started, std::memory_order::release);
        return n;
    }
    void join(unsigned n) {
        (void)all_[n]->at.load_until([](stage now) { return now == stage::ended; },
                                     std::memory_order::acquire);
    }

    std::vector<std::unique_ptr<spare>> all_;
    atomic<unsigned> started_{0};
    /// Of the program that runs on this OS thread.
    static inline constinit thread_local spare_threads* current_ = nullptr;
};

template <class State>
struct state_with_spares : State {
    explicit state_with_spares(unsigned count) : spares(count) {}
    spare_threads spares;
};

}  // namespace detail

/// std::thread, in a program that with_main() has made.
class thread {
public:
    thread() noexcept = default;
    template <class Function, class... Args>
    explicit thread(Function&& function, Args&&... args)
        : of_(detail::spare_threads::current_),
          number_(of_->start([call = std::decay_t<Function>(std::forward<Function>(function)),
                              all = std::make_tuple(std::forward<Args>(args)...)]() mutable {
              std::apply(call, std::move(all));
          })) {}
    thread(thread&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), number_(other.number_) {}
    thread& operator=(thread&& other) noexcept {
        must_not_run();
        of_ = std::exchange(other.of_, nullptr);
        number_ = other.number_;
        return *this;
    }
    ~thread() { must_not_run(); }

    [[nodiscard]] bool joinable() const noexcept { return of_ != nullptr; }
    void join() {
        check(joinable(), "a thread is joined that does not run");
        if (joinable()) std::exchange(of_, nullptr)->join(number_);
    }
    void detach() noexcept { of_ = nullptr; }

private:
    void must_not_run() const noexcept {
        check(!joinable(), "a thread that runs was neither joined nor detached");
    }

    detail::spare_threads* of_ = nullptr;
    unsigned number_ = 0;
};

/// std::jthread. It has a stop source if its function takes a token, or else once its owner asks
/// for one, by get_stop_source(), get_stop_token() or request_stop(), before the thread is joined.
class jthread : public thread {
public:
    jthread() noexcept = default;
    template <class Function, class... Args>
        requires(!std::is_same_v<std::remove_cvref_t<Function>, jthread>)
    explicit jthread(Function&& function, Args&&... args) {
        if constexpr (std::is_invocable_v<std::decay_t<Function>&, stop_token,
                                          std::decay_t<Args>...>) {
            source_ = stop_source();
            thread::operator=(thread(std::forward<Function>(function), source_.get_token(),
                                     std::forward<Args>(args)...));
        } else {
            thread::operator=(
                thread(std::forward<Function>(function), std::forward<Args>(args)...));
        }
    }
    jthread(jthread&&) noexcept = default;
    jthread& operator=(jthread&& other) noexcept {
        end();
        thread::operator=(std::move(other));
        source_ = std::exchange(other.source_, stop_source(nostopstate));
        return *this;
    }
    ~jthread() { end(); }

    [[nodiscard]] stop_source get_stop_source() {
        if (joinable() && !source_.stop_possible()) source_ = stop_source();
        return source_;
    }
    [[nodiscard]] stop_token get_stop_token() { return get_stop_source().get_token(); }
    bool request_stop() { return get_stop_source().request_stop(); }

private:
    void end() {
        if (!joinable()) return;
        // Without a source there is nobody who would learn of it.
        (void)source_.request_stop();
        join();
    }

    stop_source source_{nostopstate};
};

/// A program with one thread, which starts others: as main() does.
///
/// \param most  How many it starts, at most.
template <class State>
[[nodiscard]] auto with_main(unsigned most, std::function<void(State&)> body) {
    using state = detail::state_with_spares<State>;
    auto p = program_over<state>([most](void* where) { return new (where) state(most); });
    p.thread([body = std::move(body)](state& s) {
        body(s);
        s.spares.end();
    });
    p.threads(most, [](state& s, unsigned n) { s.spares.run(n); });
    return p;
}

}  // namespace pidmap_stress::explore
