#include "checkers/linearization/linearizable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "checkers/closing.hpp"
#include "checkers/exhaustion.hpp"
#include "checkers/linearization/pid_linearization.hpp"
#include "checkers/namespace_lifetime.hpp"

namespace pidmap_stress {
namespace {

finding describe(pid_nr pid, std::size_t calls, const pid_linearization& failed) {
    return {
        .broken = invariant::linearizable,
        .what = fmt::format("no order explains the {} calls on pid {}: at best {} of them, then "
                            "the pid is {}, and none of the next ones fits",
                            calls, pid, failed.explained, failed.held ? "held" : "free"),
        .witness = failed.stuck};
}

void judge_pids(std::span<const operation> calls, const linearizability_rules& rules,
                linearizability& result) {
    std::map<pid_nr, std::vector<operation>> by_pid;
    for (const operation& one : calls)
        if (one.pid != 0 && !one.error) by_pid[one.pid].push_back(one);
    for (const auto& [pid, part] : by_pid) {
        const bool held =
            std::ranges::find(rules.initially_held, pid) != rules.initially_held.end();
        const pid_linearization found =
            linearize_pid(part, {.initially_held = held,
                                 .skew = rules.skew,
                                 .most_configurations = rules.most_configurations});
        if (!found.decided)
            result.decided = false;
        else if (!found.linearizable)
            result.findings.push_back(describe(pid, part.size(), found));
    }
}

}  // namespace

linearizability judge_linearizable(std::span<const operation> history,
                                   const linearizability_rules& rules) {
    linearizability result;
    const auto keep = [&result](std::optional<finding> found) {
        if (found) result.findings.push_back(*std::move(found));
    };
    for (const std::vector<operation>& calls : split_by_namespace(history)) {
        const closing when = find_closing(calls, rules, earliest_death_of(calls, rules));
        judge_pids(before_closing(calls, when), rules, result);
        keep(find_wrong_death(calls, rules));
        keep(find_wrong_closing(calls, rules, when));
        keep(find_wrong_exhaustion(calls, rules));
    }
    return result;
}

}  // namespace pidmap_stress
