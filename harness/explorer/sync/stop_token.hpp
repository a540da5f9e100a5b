#pragma once

#include <algorithm>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/sync/mutex.hpp"

/// Requests to stop, under the explorer's memory model.
/// \source [thread.stoptoken]
namespace pidmap_stress::explore {

using std::nostopstate;
using std::nostopstate_t;

namespace detail {

/// What sources, tokens and callbacks share. Its lock orders callbacks that come and go, as those
/// of implementations do; the standard does not promise it.
class stop_state {
    using order_type = std::memory_order;

public:
    struct callback {
        explicit callback(void (*run)(callback&)) noexcept : invoke(run) {}
        void (*invoke)(callback&);
        atomic<bool> done{false};
        unsigned runs_on = 0;   ///< Its thread, once it runs; guarded by the lock.
        bool* ended = nullptr;  ///< Of that thread: while it runs, where to say that it is gone.
    };

    [[nodiscard]] bool requested() const noexcept {
        // Acquire: what came before the request, in request(), is seen.
        return requested_.load(order_type::acquire);
    }
    /// \return whether this was the first request. Then all callbacks have run.
    bool request() {
        // Release, read by requested(). No acquire: what a second request returns orders nothing.
        if (requested_.exchange(true, order_type::release)) return false;
        for (;;) {
            callback* next = nullptr;
            {
                const lock_guard held(lock_);
                if (waiting_.empty()) return true;
                next = waiting_.back();
                waiting_.pop_back();
                next->runs_on = this_thread();
            }
            bool ended = false;
            next->ended = &ended;
            next->invoke(*next);
            if (ended) continue;
            next->ended = nullptr;
            // Release, read by remove(): the callback may be gone from here on.
            next->done.store(true, order_type::release);
        }
    }
    /// \return whether it was added. If not, a stop was requested before.
    [[nodiscard]] bool add(callback& one) {
        const lock_guard held(lock_);
        // Whoever requests takes the lock after that: it sees what was added, or this sees it.
        if (requested()) return false;
        waiting_.push_back(&one);
        return true;
    }
    /// When it returns, the callback does not run and never will, except if it is what calls this.
    void remove(callback& one) {
        {
            const lock_guard held(lock_);
            if (std::erase(waiting_, &one) != 0) return;
            if (one.runs_on == this_thread()) {
                if (one.ended != nullptr) *one.ended = true;
                return;
            }
        }
        // Acquire, from request(): the call has ended before what follows.
        (void)one.done.load_until([](bool done) { return done; }, order_type::acquire);
    }

private:
    atomic<bool> requested_{false};
    mutex lock_;
    std::vector<callback*> waiting_;  // Guarded by the lock.
};

}  // namespace detail

/// std::stop_token. How many sources are left is not counted: a stop is possible if there ever was
/// one.
class stop_token {
public:
    stop_token() noexcept = default;
    [[nodiscard]] bool stop_requested() const noexcept { return of_ && of_->requested(); }
    [[nodiscard]] bool stop_possible() const noexcept { return of_ != nullptr; }
    void swap(stop_token& other) noexcept { of_.swap(other.of_); }
    friend bool operator==(const stop_token& a, const stop_token& b) noexcept {
        return a.of_ == b.of_;
    }

private:
    friend class stop_source;
    template <class>
    friend class stop_callback;
    explicit stop_token(std::shared_ptr<detail::stop_state> of) noexcept : of_(std::move(of)) {}
    std::shared_ptr<detail::stop_state> of_;
};

/// std::stop_source.
class stop_source {
public:
    stop_source() : of_(std::make_shared<detail::stop_state>()) {}
    explicit stop_source(nostopstate_t /*none*/) noexcept {}
    [[nodiscard]] stop_token get_token() const noexcept { return stop_token(of_); }
    [[nodiscard]] bool stop_requested() const noexcept { return of_ && of_->requested(); }
    [[nodiscard]] bool stop_possible() const noexcept { return of_ != nullptr; }
    /// The callbacks run here. \return whether it was the first request.
    bool request_stop() { return of_ && of_->request(); }
    void swap(stop_source& other) noexcept { of_.swap(other.of_); }
    friend bool operator==(const stop_source& a, const stop_source& b) noexcept {
        return a.of_ == b.of_;
    }

private:
    std::shared_ptr<detail::stop_state> of_;
};

/// std::stop_callback: calls once a stop is requested, in the thread that requests it; at once, if
/// it was requested before. Its end waits for a call that runs.
template <class Callback>
class stop_callback : detail::stop_state::callback {
public:
    using callback_type = Callback;
    template <class C>
    explicit stop_callback(const stop_token& token, C&& call)
        : callback(run), of_(token.of_), call_(std::forward<C>(call)) {
        if (!of_ || of_->add(*this)) return;
        of_.reset();
        run(*this);
    }
    ~stop_callback() {
        if (of_) of_->remove(*this);
    }
    stop_callback(const stop_callback&) = delete;
    stop_callback& operator=(const stop_callback&) = delete;

private:
    static void run(callback& own) {
        std::forward<Callback>(static_cast<stop_callback&>(own).call_)();
    }

    std::shared_ptr<detail::stop_state> of_;
    Callback call_;
};
template <class Callback>
stop_callback(stop_token, Callback) -> stop_callback<Callback>;

}  // namespace pidmap_stress::explore
