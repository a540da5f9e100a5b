#include "checkers/reuse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace pidmap_stress {
namespace {

bool may_have_claimed(const operation& one) {
    return one.kind == operation_kind::alloc && !one.error;
}

/// Answers how many calls overlapped a span of time.
class call_index {
public:
    void add(const operation& one) {
        called_.push_back(one.called);
        by_return_.push_back({one.returned, one.called});
    }
    void sort() {
        std::ranges::sort(called_);
        std::ranges::sort(by_return_, {}, &bounds::returned);
        earliest_call_ = called_of_returns();
        for (std::size_t i = earliest_call_.size(); i-- > 1;)
            earliest_call_[i - 1] = std::min(earliest_call_[i - 1], earliest_call_[i]);
    }
    [[nodiscard]] std::uint64_t called_by(ticks time) const {
        return static_cast<std::uint64_t>(std::ranges::upper_bound(called_, time) -
                                          called_.begin());
    }
    [[nodiscard]] std::uint64_t returned_before(ticks time) const {
        return static_cast<std::uint64_t>(
            std::ranges::lower_bound(by_return_, time, {}, &bounds::returned) - by_return_.begin());
    }
    [[nodiscard]] std::uint64_t overlapping(ticks from, ticks until) const {
        return called_by(until) - std::min(called_by(until), returned_before(from));
    }
    /// The earliest call of those that returned at `time` or later.
    [[nodiscard]] ticks earliest_call_in_flight(ticks time) const {
        const std::uint64_t first = returned_before(time);
        return first < earliest_call_.size() ? earliest_call_[first] : never;
    }

private:
    struct bounds {
        ticks returned;
        ticks called;
    };
    [[nodiscard]] std::vector<ticks> called_of_returns() const {
        std::vector<ticks> calls;
        for (const bounds& one : by_return_) calls.push_back(one.called);
        return calls;
    }

    std::vector<ticks> called_;
    std::vector<bounds> by_return_;
    std::vector<ticks> earliest_call_;
};

/// What happened to one pid.
struct pid_calls {
    std::vector<operation> allocs;  ///< The successful ones; sorted by return when judged.
    std::vector<operation> frees;   ///< Sorted by call.
};

class reuse_judge {
public:
    reuse_judge(const reuse_window& window, const std::vector<operation>& calls) : window_(window) {
        for (const operation& one : calls) {
            if (may_have_claimed(one)) claims_.add(one);
            if (one.kind == operation_kind::alloc && one.succeeded())
                by_pid_[one.pid].allocs.push_back(one);
            if (one.kind == operation_kind::free) by_pid_[one.pid].frees.push_back(one);
            workers_.insert(one.worker);
        }
        claims_.sort();
    }

    std::optional<finding> run() {
        for (auto& [pid, calls] : by_pid_) {
            std::ranges::sort(calls.allocs, {}, &operation::returned);
            for (const operation& second : calls.allocs)
                if (std::optional<finding> found = judge(calls, second)) return found;
        }
        return std::nullopt;
    }

private:
    /// Compares an allocation with the last allocation of the same pid that had returned before.
    std::optional<finding> judge(const pid_calls& calls, const operation& second) const {
        const auto next = std::ranges::lower_bound(
            calls.allocs, second.called, {},
            [this](const operation& one) { return later(one.returned, window_.skew); });
        if (next == calls.allocs.begin()) return std::nullopt;
        const operation& first = *std::prev(next);
        // Without a free in between it is not reuse: the pid has two tenants.
        const auto free = std::ranges::lower_bound(
            calls.frees, first.returned, {},
            [this](const operation& one) { return later(one.called, window_.skew); });
        if (free == calls.frees.end() || free->called > later(second.returned, window_.skew))
            return std::nullopt;

        const ticks begin = span_begin(first);
        if (begin < window_.complete_since) return std::nullopt;
        const ticks end = later(second.returned, window_.skew);
        const std::uint64_t others = claims_.overlapping(begin, end) - 2;
        const std::uint64_t passed = window_.held_at_most + others + passed_as_full();
        const std::uint64_t eligible = other_eligible_pids(first.pid);
        if (eligible <= passed) return std::nullopt;
        return finding{
            .broken = invariant::no_immediate_reuse,
            .what = fmt::format("pid {} was handed out again after at most {} other allocations, "
                                "with at most {} pids held and {} eligible",
                                first.pid, others, window_.held_at_most, eligible),
            .witness = {first, *free, second}};
    }

    /// The S of the argument, less the skew of the clocks.
    [[nodiscard]] ticks span_begin(const operation& first) const {
        const ticks reach = earlier(first.called, window_.skew);
        return earlier(std::min(first.called, claims_.earliest_call_in_flight(reach)),
                       window_.skew);
    }

    /// Clear bits on pages that looked full.
    [[nodiscard]] std::uint64_t passed_as_full() const {
        const auto pids = static_cast<std::uint64_t>(std::max(0, window_.lowest_pid_max));
        const std::uint64_t pages = (pids + window_.bits_per_page - 1) / window_.bits_per_page;
        return 2 * pages * (workers_.size() - 1);
    }

    [[nodiscard]] std::uint64_t other_eligible_pids(pid_nr pid) const {
        const pid_nr all = std::max(0, window_.lowest_pid_max - window_.reserved_pids);
        const bool itself = pid >= window_.reserved_pids && pid < window_.lowest_pid_max;
        return static_cast<std::uint64_t>(all - (itself ? 1 : 0));
    }

    const reuse_window& window_;
    std::map<pid_nr, pid_calls> by_pid_;
    call_index claims_;
    std::set<worker_nr> workers_;
};

}  // namespace

std::optional<finding> find_immediate_reuse(const reuse_window& window) {
    for (const std::vector<operation>& calls : split_by_namespace(window.operations))
        if (std::optional<finding> found = reuse_judge(window, calls).run()) return found;
    return std::nullopt;
}

}  // namespace pidmap_stress
