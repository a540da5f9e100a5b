#include "harness/explorer/search/explore.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "harness/explorer/search/search.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr std::array<std::pair<strategy, std::string_view>, 9> strategy_names{{
    {strategy::random, "random"},
    {strategy::pct, "pct"},
    {strategy::pos, "pos"},
    {strategy::surw, "surw"},
    {strategy::bounded, "bounded"},
    {strategy::exhaustive, "exhaustive"},
    {strategy::stateful, "stateful"},
    {strategy::prove, "prove"},
    {strategy::portfolio, "portfolio"},
}};

/// What has been run so far, plus the next strategy's result, whose counts are its own.
result followed_by(const result& so_far, const result& next) {
    result all;
    all.sampled = so_far.runs();
    all.met = so_far.met;
    all.outcomes = so_far.outcomes;
    all.reached = so_far.reached;
    all.findings = so_far.findings;
    all.bound = next.bound ? next.bound : so_far.bound;
    all.last = next.last;
    append_result(all, next);
    all.complete = next.complete;
    return all;
}

/// Distinct executions say the most, as long as there are not too many. There are fewer states than
/// executions, unless whole graphs are needed to tell states apart.
result explore_to_prove(const program& p, const options& how) {
    constexpr std::uint64_t quick = 200'000;
    options part = how;
    part.budget = how.budget == 0 ? quick : std::min(quick, how.budget);
    result sum = explore_exhaustively(p, part);
    if (!sum.truncated || sum.step_limited != 0 || sum.runs() == how.budget || ends_early(how))
        return sum;
    part.budget = how.budget == 0 ? 0 : how.budget - sum.runs();
    if (const auto states = explore_fewer_states(p, part)) return followed_by(sum, *states);
    return explore_exhaustively(p, how);
}

/// Samples find most bugs soonest, small bounds find the rest with the simplest schedules, and the
/// last strategy proves that there is nothing left.
result explore_portfolio(const program& p, const options& how) {
    constexpr std::uint64_t most_bounded = 20'000;
    options part = how;
    part.count_redundant = false;
    part.walks = std::min<std::uint64_t>(how.walks, 2'000);
    result sum = explore_samples(p, part);
    const auto enough = [&] { return how.stop_at_first && !sum.findings.empty(); };
    const auto left = [&](std::uint64_t most) {
        const std::uint64_t rest =
            how.budget == 0 ? most : how.budget - std::min(how.budget, sum.runs());
        return most == 0 ? rest : std::min(rest, most);
    };
    const auto spent = [&] { return how.budget != 0 && sum.runs() >= how.budget; };
    if (enough() || spent()) {
        sum.truncated |= spent();
        return sum;
    }
    part.budget = left(most_bounded);
    result next = explore_bounded(p, part);
    next.truncated = next.step_limited != 0;  // Only this strategy's share was spent.
    sum = followed_by(sum, next);
    if (enough() || spent()) {
        sum.truncated |= spent();
        return sum;
    }
    part = how;
    part.budget = how.budget == 0 ? 0 : left(0);
    return followed_by(sum, explore_exhaustively(p, part));
}

result explore_by_strategy(const program& p, const options& how) {
    switch (how.strategy) {
        case strategy::random:
        case strategy::pct:
        case strategy::pos:
        case strategy::surw:
            return explore_samples(p, how);
        case strategy::bounded:
            return explore_bounded(p, how);
        case strategy::exhaustive:
            return explore_exhaustively(p, how);
        case strategy::stateful:
            return explore_states(p, how);
        case strategy::prove:
            return explore_to_prove(p, how);
        case strategy::portfolio:
            break;
    }
    return explore_portfolio(p, how);
}

}  // namespace

std::string_view to_string(strategy which) noexcept {
    return std::ranges::find(strategy_names, which, &std::pair<strategy, std::string_view>::first)
        ->second;
}

std::optional<strategy> parse_strategy(std::string_view name) noexcept {
    for (const auto& [which, text] : strategy_names)
        if (text == name) return which;
    return std::nullopt;
}

bool ends_early(const options& how) noexcept {
    return how.watched != nullptr && how.watched->ends();
}

namespace {

result explore_to_the_end(const program& p, const options& how) {
    exploration probe(p, how);
    probe.probe_livelocks();
    result first = probe.take();
    if (first.findings.empty()) return explore_by_strategy(p, how);
    first.stopped = 1;
    first.last = how.strategy;
    if (how.stop_at_first) return first;
    // Any finding of the search itself would come after that one.
    first.stopped = 0;
    result rest = explore_by_strategy(p, how);
    for (finding& f : rest.findings)
        if (std::ranges::none_of(first.findings, [&](const finding& o) { return o.same_as(f); }))
            first.findings.push_back(std::move(f));
    rest.findings = std::move(first.findings);
    return rest;
}

}  // namespace

result explore(const program& p, const options& how) {
    if (how.time.count() > 0 && how.watched == nullptr) {
        std::atomic<std::uint64_t> runs{0};
        watch until(runs, watch::clock::now() + how.time, []() noexcept { return false; });
        options timed = how;
        timed.watched = &until;
        return explore(p, timed);
    }
    result r = explore_to_the_end(p, how);
    r.cut_short = ends_early(how) && !r.complete && !(how.stop_at_first && !r.findings.empty());
    r.truncated |= r.cut_short;
    if (!r.findings.empty()) return r;
    r.nothing_shared = !r.met && r.runs() != 0;
    r.nothing_completed = r.complete && r.executions == 0 && r.runs() != 0;
    for (std::string& name : p.must_reach())
        if (!r.reached.contains(name)) r.unreached.push_back(std::move(name));
    return r;
}

replay_result replay(const program& p, const schedule& choices, const options& how) {
    class recorder final : public step_observer {
    public:
        recorder(replay_result& into, const repeat& choices) : into_(into), choices_(choices) {}
        void on_step(const step& done) override {
            into_.steps.push_back(done);
            if (!into_.departed_at && choices_.departed()) into_.departed_at = done.number;
        }

    private:
        replay_result& into_;
        const repeat& choices_;
    };
    replay_result r;
    repeat same(choices);
    recorder record(r, same);
    machine m(p, rules_of(how), how.limits);
    m.freeze(how.freeze);
    m.observe(&record);
    m.watch_for_livelocks();
    graph g(rules_of(how));
    same.restart();
    m.run(g, same);
    r.findings = m.found();
    for (finding& f : r.findings) {
        f.schedule = choices;
        for (party& one : f.parties) {
            if (!one.step || *one.step >= r.steps.size()) continue;
            one.call = r.steps[*one.step].label;
            one.site = r.steps[*one.step].site;
        }
    }
    r.exact = same.exact();
    return r;
}

std::string replay_result::summary() const {
    std::string s = std::to_string(steps.size()) + " steps";
    if (departed_at)
        s += ", which depart from the schedule at step " + std::to_string(*departed_at);
    else if (!exact)
        s += ", and the schedule has more";
    if (findings.empty()) return s + ": nothing";
    for (const finding& f : findings) s += ": " + std::string(to_string(f.kind)) + ", " + f.what;
    return s;
}

result check_progress(const program& p, const options& how) {
    return check_progress(p, how, explore(p, how));
}

result check_progress(const program& p, const options& how, const result& explored) {
    result sum;
    sum.complete = true;
    sum.last = how.strategy;
    if (explored.nobody_waits()) return sum;
    for (unsigned thread = 1; thread <= p.threads(); ++thread) {
        for (unsigned after = 0;; ++after) {
            options frozen = how;
            frozen.freeze = {.thread = thread, .after = after};
            const result r = explore(p, frozen);
            const bool complete = sum.complete && r.complete;
            append_result(sum, r);
            sum.complete = complete;
            sum.last = r.last;
            // One point is enough for each thread, and there is none past its last step.
            const bool stalls = std::ranges::any_of(
                r.findings, [](const finding& f) { return f.kind == finding_kind::progress; });
            if (stalls || r.frozen == 0) break;
        }
    }
    return sum;
}

std::string result::summary() const {
    std::string s = std::to_string(executions) + " executions";
    if (sampled > 0) s += " after " + std::to_string(sampled) + " samples";
    s += ", " + std::to_string(blocked) + " blocked, " + std::to_string(stopped) + " stopped, " +
         std::to_string(redundant) + " redundant";
    if (states > 0) s += ", " + std::to_string(states) + " states";
    if (step_limited > 0) s += ", " + std::to_string(step_limited) + " at the step limit";
    s += complete ? ", complete" : truncated ? ", truncated" : "";
    if (bound) s += ", all with up to " + std::to_string(*bound) + " preemptions";
    if (nothing_shared) return s + ": nothing was shared";
    if (nothing_completed) return s + ": no execution came to its end, to the final check";
    if (!unreached.empty()) {
        s += ": never reached: ";
        for (const std::string& name : unreached)
            s += (&name == unreached.data() ? "" : ", ") + name;
        return s;
    }
    if (findings.empty()) return s + ": holds";
    return s + ": " + std::string(to_string(findings.front().kind)) + ", " + findings.front().what;
}

}  // namespace pidmap_stress::explore
