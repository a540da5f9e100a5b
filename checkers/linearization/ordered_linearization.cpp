#include "checkers/linearization/ordered_linearization.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pidmap_stress {
namespace {

/// What the specification knows of a namespace.
struct condition {
    std::uint64_t held = 0;  // Pids, by their place among those that the history is about.
    std::int64_t references = 0;
    bool dead = false;
    bool closed = false;
};

class search {
public:
    search(std::span<const ordered_call> calls, const linearizability_rules& rules)
        : calls_(calls) {
        assert(calls.size() <= most_ordered_calls);
        begin_.references = rules.initial_references;
        begin_.closed = rules.initially_closed;
        for (const ordered_call& one : calls) {
            if (!one.what.pending()) completed_ |= bit(&one - calls.data());
            if (one.what.pid != 0) (void)place_of(one.what.pid);
        }
        for (const pid_nr nr : rules.initially_held) {
            const auto known = std::ranges::find(pids_, nr);
            if (known == pids_.end())
                others_held_ = true;  // Forever.
            else
                begin_.held |= bit(known - pids_.begin());
        }
        begin_.dead = is_held_by_nobody(begin_);
    }

    [[nodiscard]] bool run() { return explain(0, begin_); }

    /// The calls that are left where the longest order ends.
    [[nodiscard]] std::vector<operation> stuck() const {
        std::vector<operation> left;
        for (std::size_t i = 0; i < calls_.size(); ++i)
            if ((longest_ >> i & 1U) == 0) left.push_back(calls_[i].what);
        return left;
    }

private:
    [[nodiscard]] static std::uint64_t bit(std::ptrdiff_t place) noexcept {
        return std::uint64_t{1} << place;
    }
    [[nodiscard]] std::uint64_t place_of(pid_nr nr) {
        const auto known = std::ranges::find(pids_, nr);
        const std::ptrdiff_t place = known - pids_.begin();
        if (known == pids_.end()) pids_.push_back(nr);
        return bit(place);
    }

    /// Whether the calls that are not `done` can follow in some order.
    bool explain(std::uint64_t done, condition now) {
        if ((completed_ & ~done) == 0) return true;
        if (std::popcount(done) > std::popcount(longest_)) longest_ = done;
        // The pids and references follow from what is done; the rest depends on the order.
        const std::uint64_t key = done << 2U | (now.dead ? 2U : 0U) | (now.closed ? 1U : 0U);
        if (hopeless_.contains(key)) return false;
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            const std::uint64_t self = bit(static_cast<std::ptrdiff_t>(i));
            if ((done & self) != 0 || (calls_[i].after & ~done) != 0) continue;
            condition next = now;
            if (apply(i, next) && explain(done | self, next)) return true;
        }
        if (!now.dead && is_held_by_nobody(now)) {
            now.dead = true;
            if (explain(done, now)) return true;
        }
        hopeless_.insert(key);
        return false;
    }

    /// The specification. \return whether the call is legal.
    [[nodiscard]] bool apply(std::size_t call, condition& now) {
        const operation& one = calls_[call].what;
        switch (one.kind) {
            case operation_kind::alloc:
                if (one.error == alloc_error::namespace_dead) return now.dead || now.closed;
                if (one.error) return !now.closed;
                // A pid that no caller was told explains nothing; a pending call may be left out.
                if (now.dead || now.closed || one.pid == 0) return false;
                if ((now.held & place_of(one.pid)) != 0) return false;
                if (is_held_by_nobody(now) && !has_company(call)) return false;
                now.held |= place_of(one.pid);
                return true;
            case operation_kind::get:
                if (one.error) return now.dead;
                ++now.references;
                return !now.dead;
            case operation_kind::disable:
                if (one.error) return now.closed;
                return !std::exchange(now.closed, true);
            case operation_kind::free:
                if ((now.held & place_of(one.pid)) == 0) return false;
                now.held &= ~place_of(one.pid);
                break;
            case operation_kind::put:
                if (now.references == 0) return false;
                --now.references;
                break;
        }
        return true;
    }
    /// Whether another call was under way at the same time: it may have had a reference in hand,
    /// whatever its result. A search may give its slot of one page back and die on the next.
    [[nodiscard]] bool has_company(std::size_t call) const noexcept {
        for (std::size_t i = 0; i < calls_.size(); ++i)
            if (i != call && (calls_[call].after >> i & 1U) == 0 &&
                (calls_[i].after >> call & 1U) == 0)
                return true;
        return false;
    }
    [[nodiscard]] bool is_held_by_nobody(const condition& now) const noexcept {
        return now.held == 0 && now.references == 0 && !others_held_;
    }

    std::span<const ordered_call> calls_;
    std::vector<pid_nr> pids_;
    condition begin_{};
    bool others_held_ = false;
    std::uint64_t completed_ = 0;
    std::uint64_t longest_ = 0;
    std::unordered_set<std::uint64_t> hopeless_;
};

/// All that the answer depends on.
std::uint64_t fingerprint(std::span<const ordered_call> calls, const linearizability_rules& rules) {
    std::uint64_t hash = 0x243f6a8885a308d3ULL;
    const auto mix = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 29U;
    };
    mix(std::uint64_t{rules.initial_references} << 1U | (rules.initially_closed ? 1U : 0U));
    for (const pid_nr nr : rules.initially_held) mix(static_cast<std::uint64_t>(nr));
    for (const ordered_call& one : calls) {
        const std::uint64_t error =
            one.what.error ? 1U + static_cast<unsigned>(*one.what.error) : 0;
        mix(static_cast<std::uint64_t>(one.what.pid) << 16U | error << 8U |
            static_cast<std::uint64_t>(one.what.kind) << 1U | (one.what.pending() ? 1U : 0U));
        mix(one.after);
    }
    return hash;
}

}  // namespace

std::optional<finding> judge_ordered(std::span<const ordered_call> calls,
                                     const linearizability_rules& rules) {
    // There are many executions, but few of their histories differ.
    constexpr std::size_t most = 100'000;
    thread_local std::unordered_set<std::uint64_t> explained;
    const std::uint64_t name = fingerprint(calls, rules);
    if (explained.contains(name)) return std::nullopt;
    search all(calls, rules);
    if (all.run()) {
        if (explained.size() < most) explained.insert(name);
        return std::nullopt;
    }
    return finding{.broken = invariant::linearizable,
                   .what = "no order of the calls explains what they returned",
                   .witness = all.stuck()};
}

}  // namespace pidmap_stress
