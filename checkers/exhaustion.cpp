#include "checkers/exhaustion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace pidmap_stress {
namespace {

/// The namespace at the instants at which no call is in flight.
class quiet_state {
public:
    explicit quiet_state(const linearizability_rules& rules) : rules_(rules) {
        for (const pid_nr pid : rules.initially_held) change(pid, 1);
    }

    /// Applies a call, in order of calls. At a quiet instant all before it have returned.
    void apply(const operation& one) {
        if (one.kind == operation_kind::alloc && one.error && one.error != alloc_error::exhausted)
            hint_may_have_moved_ = true;
        if (!one.succeeded()) return;
        if (one.kind == operation_kind::alloc) {
            change(one.pid, 1);
            // A call that returned before this one was called was not the last, in any order.
            std::erase_if(last_, [&](const operation& older) {
                return later(older.returned, rules_.skew) < one.called;
            });
            last_.push_back(one);
        }
        if (one.kind == operation_kind::free) change(one.pid, -1);
    }

    /// Eligible pids that are free and that the search must find, whatever last_pid is.
    [[nodiscard]] long missed_if_exhausted() const {
        const long missed =
            std::max(0, rules_.lowest_pid_max - rules_.reserved_pids) - eligible_held_;
        // The history may begin anywhere in the namespace's life, with any last_pid.
        if (last_.empty()) return missed - 1;
        std::vector<pid_nr> exempt;
        for (const operation& one : last_)
            if (eligible(one.pid) && !held(one.pid)) exempt.push_back(one.pid);
        std::ranges::sort(exempt);
        return missed - (std::unique(exempt.begin(), exempt.end()) - exempt.begin()) -
               (hint_may_have_moved_ ? 1 : 0);
    }

private:
    [[nodiscard]] bool eligible(pid_nr pid) const {
        return pid >= rules_.reserved_pids && pid < rules_.lowest_pid_max;
    }
    [[nodiscard]] bool held(pid_nr pid) const {
        const auto found = tenants_.find(pid);
        return found != tenants_.end() && found->second > 0;
    }
    void change(pid_nr pid, int by) {
        const bool before = held(pid);
        tenants_[pid] += by;
        if (eligible(pid)) eligible_held_ += held(pid) - before;
    }

    const linearizability_rules& rules_;
    std::map<pid_nr, int> tenants_;
    long eligible_held_ = 0;
    /// By a call that got a pid here and gave it back, as it could not keep it: an ancestor had
    /// none, for example. It may have left last_pid at any pid.
    bool hint_may_have_moved_ = false;
    std::vector<operation> last_;  ///< Those that may have been the last successful allocation.
};

}  // namespace

std::optional<finding> find_wrong_exhaustion(std::span<const operation> calls,
                                             const linearizability_rules& rules) {
    quiet_state state(rules);
    ticks busy_until = 0;
    bool first = true;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const operation& one = calls[i];
        const bool alone =
            (first || busy_until < one.called) &&
            (i + 1 == calls.size() || later(one.returned, rules.skew) < calls[i + 1].called);
        if (alone && one.error == alloc_error::exhausted)
            if (const long missed = state.missed_if_exhausted(); missed > 0)
                return finding{.broken = invariant::linearizable,
                               .what = fmt::format("worker {} found the map exhausted at {}, alone "
                                                   "and with {} eligible pid(s) free",
                                                   one.worker, one.returned, missed),
                               .witness = {one}};
        state.apply(one);
        busy_until = std::max(busy_until, later(one.returned, rules.skew));
        first = false;
    }
    return std::nullopt;
}

}  // namespace pidmap_stress
