#include "harness/explore/search.hpp"

#include <algorithm>

namespace pidmap_stress::explore {

memory_rules rules_of(const options& how) noexcept {
    return {.consistency = how.model, .on_failure = how.on_failure, .fault = how.fault};
}

worker::worker(const program& p, const options& how)
    : program_(p), how_(how), machine_(p, rules_of(how), how.limits), graph_(rules_of(how)) {
    machine_.freeze(how.freeze);
}

void worker::count(run_end end, const graph& g) {
    if (machine_.froze()) ++result_.frozen;
    switch (end) {
        case run_end::complete:
            ++result_.executions;
            if (how_.count_redundant) seen_.push_back(g.fingerprint());
            break;
        case run_end::blocked:
            ++result_.blocked;
            break;
        case run_end::stopped:
            ++result_.stopped;
            break;
        case run_end::step_limit:
            ++result_.step_limited;
            result_.truncated = true;
            break;
        case run_end::inconsistent:
            break;  // A graph that is none: not an execution.
    }
}

bool worker::knows(const finding& f) const noexcept {
    return std::ranges::any_of(result_.findings,
                               [&](const finding& other) { return other.same_as(f); });
}

/// Nothing is reported that does not happen again.
void worker::report(finding f, const schedule& choices) {
    f.schedule = choices;
    f.at_execution = result_.runs();
    const replay_result again = replay(program_, choices, how_);
    f.replayed =
        std::ranges::any_of(again.findings, [&](const finding& other) { return other.same_as(f); });
    result_.findings.push_back(std::move(f));
}

void worker::sample(controlled& choices) {
    // The set-up is the same each time.
    if (sampled_)
        graph_.rewind(machine_.set_up_cells());
    else
        graph_.clear(rules_of(how_));
    sampled_ = true;
    count(machine_.run(graph_, choices), graph_);
    if (machine_.found().empty()) [[likely]]
        return;
    for (const finding& f : machine_.found())
        if (!knows(f)) report(f, choices.taken());
}

void worker::run(trust& search) {
    graph& g = search.current();
    count(machine_.run(g, search), g);
    if (machine_.found().empty()) [[likely]]
        return;
    if (std::ranges::all_of(machine_.found(), [&](const finding& f) { return knows(f); })) return;
    const std::vector<finding> found = machine_.found();
    sampled_ = false;
    std::vector<std::optional<clock>> instants;
    for (std::size_t i = 0; i < found.size(); ++i) instants.push_back(machine_.broken_instant(i));
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (knows(found[i])) continue;
        guided guide(g, instants[i]);
        graph_.clear(rules_of(how_));
        guide.follow(graph_);
        machine_.run(graph_, guide);
        report(found[i], guide.taken());
    }
}

void append_result(result& sum, const result& next) {
    const std::uint64_t before = sum.runs();
    sum.executions += next.executions;
    sum.sampled += next.sampled;
    sum.blocked += next.blocked;
    sum.stopped += next.stopped;
    sum.redundant += next.redundant;
    sum.frozen += next.frozen;
    sum.step_limited += next.step_limited;
    sum.truncated |= next.truncated;
    for (finding f : next.findings) {
        if (std::ranges::any_of(sum.findings,
                                [&](const finding& other) { return other.same_as(f); }))
            continue;
        f.at_execution += before;
        sum.findings.push_back(std::move(f));
    }
}

std::uint64_t count_repeated(std::vector<std::uint64_t> seen) {
    std::ranges::sort(seen);
    const auto distinct = std::unique(seen.begin(), seen.end());
    return static_cast<std::uint64_t>(seen.end() - distinct);
}

}  // namespace pidmap_stress::explore
