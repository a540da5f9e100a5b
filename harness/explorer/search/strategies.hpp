#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "harness/explorer/search/controlled.hpp"

/// The strategies that sample, and the one that enumerates up to a bound.
namespace pidmap_stress::explore {

/// Random numbers by seed and position (splitmix64). Each is ready before it is asked for: what is
/// decided by it is seldom foretold right, and is known the sooner.
class dice {
public:
    dice(std::uint64_t seed, std::uint64_t stream) noexcept
        : state_(seed * 0x9e3779b97f4a7c15ULL ^ (stream + 1) * 0xd1b54a32d192ed03ULL),
          ready_(make()) {}
    std::uint64_t next() noexcept { return std::exchange(ready_, make()); }
    unsigned below(unsigned n) noexcept {
        return static_cast<unsigned>((next() >> 32U) * n >> 32U);
    }

private:
    std::uint64_t make() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }
    std::uint64_t state_;
    std::uint64_t ready_;
};

/// A strategy whose executions are numbered, and depend only on the seed and their number.
class sampler : public controlled {
public:
    explicit sampler(std::uint64_t seed) : seed_(seed), dice_(seed, 0) {}
    virtual void restart(std::uint64_t number) {
        controlled::restart();
        dice_ = dice(seed_, number);
    }

protected:
    using controlled::restart;
    unsigned pick(unsigned n) override { return dice_.below(n); }
    std::uint64_t seed_;
    dice dice_;
};

class random_walk final : public sampler {
public:
    using sampler::sampler;
    /// All in one: this is asked at each step.
    unsigned next_thread(const thread_list& runnable, bool) override {
        return runnable.size() == 1 ? runnable.front()
                                    : runnable[note(dice_.below(runnable.size()))];
    }

protected:
    unsigned pick_thread(const thread_list& options, bool) override {
        return dice_.below(options.size());
    }
};

/// Probabilistic concurrency testing: the thread of highest priority runs; at depth - 1 random
/// steps, the running thread falls behind all others.
/// \source Burckhardt et al.: A randomized scheduler with probabilistic guarantees of finding
///         bugs. ASPLOS 2010.
class pct final : public sampler {
public:
    pct(std::uint64_t seed, unsigned depth, unsigned steps)
        : sampler(seed), depth_(depth), steps_(steps), longest_(steps) {}
    void restart(std::uint64_t number) override;

protected:
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;

private:
    unsigned depth_;
    unsigned steps_;  // 0: the length of the longest execution so far.
    unsigned longest_;
    unsigned step_ = 0;
    std::uint64_t lowest_ = 0;
    std::array<std::uint64_t, max_threads> priority_{};
    std::vector<unsigned> changes_;
};

/// Partial order sampling: each pending step has a random priority, and gets a new one when a
/// conflicting step is taken, so that both orders of two racing steps are equally likely.
/// \source Yuan, Yang, Gu: Partial order aware concurrency sampling. CAV 2018.
class pos final : public sampler {
public:
    using sampler::sampler;
    [[nodiscard]] bool wants_announcements() const noexcept override { return true; }
    void announce(unsigned thread, const pending_step& next) override;

protected:
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;

private:
    struct pending {
        std::uint64_t priority = 0;
        pending_step step{};
    };
    std::array<pending, max_threads> pending_{};
};

/// How often each thread accesses a location that several threads access.
struct shared_location {
    location_id where = 0;
    std::array<unsigned, max_threads> accesses{};
};

/// Selectively uniform random walks: of the accesses of one location, chosen anew for each
/// execution, all orders are about equally likely. The thread that accesses it next is drawn by how
/// many accesses each has left; the others that are about to access it wait, and all else goes on
/// by a fair die. A fair die at each step favors orders in which threads with few accesses are
/// early.
/// \source Zhao, Wolff, Mathur, Roychoudhury: Selectively Uniform Concurrency Testing. ASPLOS 2025.
class surw final : public sampler {
public:
    /// \param shared  What earlier executions did; if there is none, it is a random walk. Outlives
    ///                it.
    surw(std::uint64_t seed, const std::vector<shared_location>& shared)
        : sampler(seed), shared_(shared) {}
    void restart(std::uint64_t number) override;
    [[nodiscard]] bool wants_announcements() const noexcept override { return true; }
    void announce(unsigned thread, const pending_step& next) override {
        next_at_[thread] = next.where;
    }

protected:
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;

private:
    /// An index into `options`.
    [[nodiscard]] unsigned draw(const thread_list& options);
    [[nodiscard]] bool is_of_interest(unsigned thread) const noexcept {
        return next_at_[thread] == at_;
    }

    const std::vector<shared_location>& shared_;
    location_id at_ = nowhere;
    std::array<unsigned, max_threads> left_{};
    std::array<location_id, max_threads> next_at_{};
    unsigned intended_ = 0;  // The thread that accesses the location next; 0: not drawn yet.
};

/// Controlled executions one after another: each takes another option at the last choice that has
/// one left.
class depth_first : public controlled {
public:
    void restart() override {
        controlled::restart();
        next_ = 0;
    }
    /// Moves on to the next execution. \return false if that was the last one.
    [[nodiscard]] bool advance();
    [[nodiscard]] bool on_old_path() const noexcept override { return next_ < path_.size(); }

protected:
    struct decision {
        std::uint16_t chosen;
        std::uint16_t options;
    };
    unsigned pick(unsigned n) override;
    unsigned pick_thread(const thread_list& options, bool) override { return pick(options.size()); }
    std::size_t next_ = 0;
    std::size_t given_ = 0;  // This many decisions are not this part's to change.
    std::vector<decision> path_;
};

/// All controlled executions with exactly `bound` preemptions.
class bounded final : public depth_first {
public:
    explicit bounded(unsigned bound) : bound_(bound) {}
    void restart() override;
    /// Splits off what would come last, if more than one option is left.
    [[nodiscard]] std::optional<bounded> split();
    /// Whether the execution that ran had as many preemptions as the bound: an execution with fewer
    /// belongs to a lower bound.
    [[nodiscard]] bool at_bound() const noexcept { return used_ == bound_; }

protected:
    unsigned pick_thread(const thread_list& options, bool can_go_on) override;

private:
    unsigned bound_;
    unsigned used_ = 0;
};

}  // namespace pidmap_stress::explore
