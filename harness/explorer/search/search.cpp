#include "harness/explorer/search/search.hpp"

#include <algorithm>
#include <utility>

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] bool is_among(const std::vector<finding>& all, const finding& f) {
    return std::ranges::any_of(all, [&](const finding& other) { return other.same_as(f); });
}

}  // namespace

memory_rules rules_of(const options& how) noexcept {
    return {.consistency = how.model, .on_failure = how.on_failure, .fault = how.fault};
}

exploration::exploration(const program& p, const options& how)
    : program_(p), how_(how), machine_(p, rules_of(how), how.limits), graph_(rules_of(how)) {
    machine_.freeze(how.freeze);
    walks_ = machine_.can_walk() && how.freeze.thread == 0 && !how.count_redundant;
}

exploration::~exploration() {
    tell_watch();
}

void exploration::tell_watch() {
    if (how_.watched != nullptr) how_.watched->ran(std::exchange(untold_, 0));
}

void exploration::count(execution_end end, const graph& g) {
    constexpr unsigned seldom = 64;  // The counter is shared with other jobs.
    if (++untold_ == seldom) tell_watch();
    if (machine_.froze()) ++result_.frozen;
    result_.met |= machine_.anybody_met();
    if (machine_.reached().size() > result_.reached.size()) [[unlikely]]
        result_.reached.insert(machine_.reached().begin(), machine_.reached().end());
    if (machine_.anybody_waited()) ++result_.waited;
    switch (end) {
        case execution_end::complete:
            ++result_.executions;
            if (!machine_.outcome().empty()) ++result_.outcomes[machine_.outcome()];
            if (how_.count_redundant) seen_.push_back(g.fingerprint());
            break;
        case execution_end::blocked:
            ++result_.blocked;
            break;
        case execution_end::stopped:
            ++result_.stopped;
            break;
        case execution_end::step_limit:
            ++result_.step_limited;
            result_.truncated = true;
            break;
        case execution_end::known:         // Whatever it would do has been counted.
        case execution_end::inconsistent:  // The graph is not an execution.
        case execution_end::needs_graph:   // It is run again.
            break;
    }
}

bool exploration::knows(const finding& f) const noexcept {
    return is_among(result_.findings, f) || is_among(consequences_, f);
}

/// Nothing is reported unless it happens again when it is replayed.
void exploration::report(finding f, const schedule& choices) {
    const replay_result again = replay(program_, choices, how_);
    const auto same = std::ranges::find_if(again.findings,
                                           [&](const finding& other) { return other.same_as(f); });
    // Run step by step, it tells more.
    if (same != again.findings.end()) f = *same;
    f.replayed = same != again.findings.end();
    f.schedule = choices;
    f.at_execution = result_.runs();
    result_.findings.push_back(std::move(f));
}

/// A run that is too long may have looped: this time it is watched.
void exploration::look_for_livelock(controlled& same, unsigned steps) {
    run_limits limits = how_.limits;
    limits.steps = std::min(limits.steps, steps);
    machine watching(program_, rules_of(how_), limits);
    watching.freeze(how_.freeze);
    watching.watch_for_livelocks();
    graph g(rules_of(how_));
    watching.run(g, same);
    for (const finding& f : watching.found())
        if ((f.kind == finding_kind::livelock || f.kind == finding_kind::progress) && !knows(f))
            report(f, same.taken());
}

void exploration::probe_livelocks() {
    // Few programs need that many steps; those that do are only examined more closely. Whether this
    // is one shows soonest where no stale value can be chosen.
    constexpr unsigned suspicious = 400;
    memory_rules in_turn = rules_of(how_);
    in_turn.consistency = model::sc;
    run_limits limits = how_.limits;
    limits.steps = std::min(limits.steps, suspicious);
    machine m(program_, in_turn, limits);
    m.freeze(how_.freeze);
    graph g(in_turn);
    constexpr unsigned most_in_a_row = 4;
    for (unsigned steps = 1; steps <= most_in_a_row && result_.findings.empty(); ++steps) {
        g.clear(in_turn);
        round_robin fair(steps);
        if (m.run(g, fair) != execution_end::step_limit) continue;
        round_robin again(steps);
        look_for_livelock(again, suspicious);
    }
}

bool exploration::walk(controlled& choices) {
    if (!walks_ || !machine_.anybody_met()) return false;
    const execution_end end = machine_.walk(choices);
    const bool counts =
        end != execution_end::needs_graph && end != execution_end::step_limit &&
        std::ranges::all_of(machine_.found(), [this](const finding& f) { return knows(f); });
    if (counts)
        count(end, graph_);
    else if (end == execution_end::needs_graph)
        ++walks_lost_;
    // A walk that is left midway costs time, and may leave memory behind that its threads own.
    constexpr unsigned at_first = 8;
    constexpr unsigned seldom = 16;
    ++walks_begun_;
    walks_ = walks_lost_ <= at_first + walks_begun_ / seldom;
    return counts;
}

void exploration::sample(controlled& choices) {
    // The set-up is the same every time.
    if (sampled_)
        graph_.rewind(machine_.set_up_cells());
    else
        graph_.clear(rules_of(how_));
    sampled_ = true;
    const execution_end end = machine_.run(graph_, choices);
    count(end, graph_);
    if (end == execution_end::step_limit) {
        if (!result_.too_long) result_.too_long = choices.taken();
        repeat same(choices.taken(), repeat::ends::anywhere);
        look_for_livelock(same, how_.limits.steps);
    }
    if (machine_.found().empty()) [[likely]]
        return;
    for (const finding& f : machine_.found())
        if (!knows(f)) report(f, choices.taken());
}

void exploration::run(trust& search) {
    graph& g = search.current();
    const execution_end end = machine_.run(g, search);
    count(end, g);
    if (end == execution_end::step_limit) {
        guided guide(g);
        graph_.clear(rules_of(how_));
        sampled_ = false;
        guide.follow(graph_);
        machine_.run(graph_, guide);
        if (!result_.too_long) result_.too_long = guide.taken();
        repeat same(guide.taken(), repeat::ends::anywhere);
        look_for_livelock(same, how_.limits.steps);
        return;
    }
    if (machine_.found().empty()) [[likely]]
        return;
    if (std::ranges::all_of(machine_.found(), [&](const finding& f) { return knows(f); })) return;
    report_all(g);
}

namespace {

/// The events to execute first on the way to a finding. A failed check ends an execution step by
/// step, so failed checks that the finding does not need may have to wait.
[[nodiscard]] std::vector<std::optional<vector_clock>> ways_to(
    const finding& f, const std::optional<vector_clock>& instant, const graph& g,
    const machine& m) {
    std::vector<std::optional<vector_clock>> ways{instant};
    if (instant) return ways;
    if (f.thread != 0) ways.emplace_back(g.causes(g.last_of(f.thread)));
    vector_clock good = vector_clock::after_set_up();
    for (unsigned t = 1; t < g.threads_end(); ++t)
        if (!m.failed(t)) good.join(g.causes(g.last_of(t)));
    ways.emplace_back(good);
    return ways;
}

}  // namespace

/// What an execution that is not a sequence of steps has shown, each finding with a schedule for
/// it.
void exploration::report_all(const graph& g) {
    const std::vector<finding> found = machine_.found();
    std::vector<std::vector<std::optional<vector_clock>>> ways;
    for (std::size_t i = 0; i < found.size(); ++i)
        ways.push_back(ways_to(found[i], machine_.broken_instant(i), g, machine_));
    sampled_ = false;
    for (std::size_t i = 0; i < found.size(); ++i) {
        bool shown = knows(found[i]);
        for (const std::optional<vector_clock>& first : ways[i]) {
            if (shown) break;
            guided guide(g, first);
            graph_.clear(rules_of(how_));
            guide.follow(graph_);
            machine_.run(graph_, guide);
            shown = is_among(machine_.found(), found[i]);
            if (shown) report(found[i], guide.taken());
        }
        if (!shown) consequences_.push_back(found[i]);
    }
}

void append_result(result& sum, const result& next) {
    const std::uint64_t before = sum.runs();
    sum.executions += next.executions;
    sum.sampled += next.sampled;
    sum.states += next.states;
    sum.blocked += next.blocked;
    sum.stopped += next.stopped;
    sum.redundant += next.redundant;
    sum.frozen += next.frozen;
    sum.waited += next.waited;
    sum.step_limited += next.step_limited;
    sum.reached.insert(next.reached.begin(), next.reached.end());
    if (!sum.too_long) sum.too_long = next.too_long;
    sum.met |= next.met;
    for (const auto& [outcome, times] : next.outcomes) sum.outcomes[outcome] += times;
    sum.truncated |= next.truncated;
    sum.cut_short |= next.cut_short;
    for (finding f : next.findings) {
        if (is_among(sum.findings, f)) continue;
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
