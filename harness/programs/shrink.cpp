#include "harness/programs/shrink.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/strategies.hpp"
#include "harness/explorer/search/trust.hpp"
#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] bool breaks(const std::vector<finding>& found, defect which) {
    return std::ranges::any_of(found, [which](const finding& f) { return broken_by(f) == which; });
}

/// The first finding of `which` in a replay. \pre There is one.
[[nodiscard]] finding first_of(const replay_result& run, defect which) {
    finding f = *std::ranges::find_if(
        run.findings, [which](const finding& one) { return broken_by(one) == which; });
    f.replayed = true;
    return f;
}

/// A schedule on which a program breaks an invariant, of whatever length. Every execution of a
/// small program is looked at, so that "no" is an answer as well.
class breaker {
public:
    breaker(model under, defect which, const shows_the_same& accept, const shrink_options& how)
        : how_{.model = under, .stop_at_first = false, .watched = how.watched},
          which_(which),
          accept_(accept),
          budget_(how.for_each_program) {}

    [[nodiscard]] std::optional<schedule> operator()(const program& p) {
        worker w(p, how_);
        trust search(rules_of(how_));
        std::size_t looked_at = 0;
        bool more = true;
        for (; more && w.so_far().runs() < budget_ && !w.satisfied(); more = search.advance()) {
            w.run(search);
            ++executions_;
            if (auto found = look(p, w.so_far().findings, looked_at)) return found;
        }
        if (!more) return std::nullopt;
        // Too large to be searched: chance goes to other corners.
        random_walk walk(1);
        for (std::uint64_t number = 0; number < budget_ / 2 && !w.satisfied(); ++number) {
            walk.restart(number);
            w.sample(walk);
            ++executions_;
            if (auto found = look(p, w.so_far().findings, looked_at)) return found;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::uint64_t executions() const noexcept { return executions_; }

private:
    [[nodiscard]] std::optional<schedule> look(const program& p, const std::vector<finding>& found,
                                               std::size_t& looked_at) const {
        for (; looked_at < found.size(); ++looked_at) {
            const finding& f = found[looked_at];
            if (broken_by(f) != which_ || !f.replayed) continue;
            if (accept_(replay(p, f.schedule, how_))) return f.schedule;
        }
        return std::nullopt;
    }

    options how_;
    defect which_;
    const shows_the_same& accept_;
    std::uint64_t budget_;
    std::uint64_t executions_ = 0;
};

[[nodiscard]] bool is_of_the_start(const finding& f) noexcept {
    return f.thread == 0 && f.at_step == 0;
}

/// Every script that is one step smaller, those first that are smaller by much.
[[nodiscard]] std::vector<script> smaller_ones(const script& s) {
    std::vector<script> all;
    const auto add = [&all](script smaller) {
        if (!why_not(smaller)) all.push_back(std::move(smaller));
    };
    for (std::size_t t = s.threads.size(); t-- > 0;) {
        script one = s;
        one.threads.erase(one.threads.begin() + static_cast<std::ptrdiff_t>(t));
        add(std::move(one));
    }
    for (std::size_t t = s.threads.size(); t-- > 0;)
        for (std::size_t c = s.threads[t].does.size(); c-- > 0;) {
            script one = s;
            auto& calls = one.threads[t].does;
            calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(c));
            add(std::move(one));
        }
    for (const unsigned bits : {2U, 4U})
        if (auto one = on_smaller_pages(s, bits)) add(std::move(*one));
    if (s.last != 0 && std::ranges::all_of(
                           s.threads, [](const script_thread& one) { return one.holds.empty(); })) {
        script one = s;
        one.last = 0;
        add(std::move(one));
    }
    for (std::size_t t = s.threads.size(); t-- > 0;)
        for (std::size_t h = s.threads[t].holds.size(); h-- > 0;) {
            script one = s;
            auto& holds = one.threads[t].holds;
            holds.erase(holds.begin() + static_cast<std::ptrdiff_t>(h));
            add(std::move(one));
        }
    // What one call less does not break, two may; or one, where there is more room.
    for (std::size_t t = s.threads.size(); t-- > 0;)
        for (std::size_t c = s.threads[t].does.size(); c-- > 0;) {
            script one = s;
            auto& calls = one.threads[t].does;
            calls.erase(calls.begin() + static_cast<std::ptrdiff_t>(c));
            for (std::size_t other = c; other-- > 0;) {
                script two = one;
                auto& fewer = two.threads[t].does;
                fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(other));
                add(std::move(two));
            }
            one.pid_max = static_cast<pid_nr>(script_pages * one.bits);
            if (one.pid_max != s.pid_max) add(std::move(one));
        }
    return all;
}

/// A thread frees its oldest pid, wherever it can: what it freed may have gone from the script.
[[nodiscard]] script with_plain_frees(script s) {
    for (script_thread& one : s.threads)
        for (script_call& call : one.does) call.which = 0;
    return s;
}

/// Page 0 stays out of it where the cell is about another page: else the defect of page 0 would be
/// shown for every other one.
[[nodiscard]] bool leaves_page_zero_alone(const replay_result& run) {
    return std::ranges::none_of(run.steps, [](const step& s) {
        return s.cell == "nr_free of page 0" && s.kind == step_kind::update;
    });
}

}  // namespace

std::optional<schedule> simplest_schedule(const program& p, model under, defect which,
                                          const shows_the_same& accept, const shrink_options& how,
                                          std::uint64_t& executions) {
    constexpr std::size_t most_looked_at = 300;
    const options rules{.model = under};
    machine m(p, rules_of(rules), rules.limits);
    graph g(rules_of(rules));
    for (unsigned bound = 0; bound <= how.preemptions; ++bound) {
        using cost = std::tuple<std::ptrdiff_t, std::size_t, std::size_t>;
        std::optional<std::pair<cost, schedule>> best;
        std::size_t looked_at = 0;
        bounded search(bound);
        bool more = true;
        for (std::uint64_t n = 0; more && n < how.for_schedule && looked_at < most_looked_at &&
                                  !(how.watched != nullptr && how.watched->ends());
             ++n) {
            search.restart();
            g.clear(rules_of(rules));
            m.run(g, search);
            ++executions;
            if (how.watched != nullptr) how.watched->ran(1);
            if (breaks(m.found(), which)) {
                ++looked_at;
                const replay_result run = replay(p, search.taken(), rules);
                if (run.exact && breaks(run.findings, which) && accept(run)) {
                    const cost c{std::ranges::count(run.steps, true, &step::stale),
                                 count_shown(run, which), run.steps.size()};
                    if (!best || c < best->first) best = {c, search.taken()};
                }
            }
            more = search.advance();
        }
        if (best) return best->second;
    }
    return std::nullopt;
}

std::optional<shrunk_finding> shrink(script_case what, const shows_the_same& also,
                                     const shrink_options& how, std::uint64_t* spent) {
    std::uint64_t own = 0;
    std::uint64_t& executions = spent == nullptr ? own : *spent;
    // What is broken before the threads start has no steps to be seen in: best if nothing is, and
    // at least not what is to be seen.
    const shows_the_same sane_start = [](const replay_result& run) {
        return std::ranges::none_of(run.findings, is_of_the_start);
    };
    const shows_the_same strict = [&](const replay_result& run) {
        return also(run) && sane_start(run);
    };
    const shows_the_same lenient = [&](const replay_result& run) {
        return also(run) && std::ranges::none_of(run.findings, [&](const finding& f) {
                   return is_of_the_start(f) && broken_by(f) == what.shows;
               });
    };
    const auto found_in = [&](const script& s, const shows_the_same& accept) {
        if (why_not(*what.variant, s)) return std::optional<schedule>();
        breaker breaks_at(what.model, what.shows, accept, how);
        auto found = breaks_at(*what.variant->make(s));
        executions += breaks_at.executions();
        return found;
    };

    const shows_the_same* accept = &strict;
    auto known = found_in(what.script, strict);
    for (const unsigned bits : {2U, 4U, 8U}) {
        if (known || !how.from_nothing) break;
        const auto smaller = bits < what.script.bits ? on_smaller_pages(what.script, bits)
                                                     : std::optional(what.script);
        const auto all = smaller ? from_nothing(*smaller) : std::nullopt;
        if (!all) continue;
        known = found_in(*all, sane_start);
        if (!known) continue;
        what.script = *all;
        accept = &sane_start;
    }
    if (!known && how.from_nothing) {
        accept = &lenient;
        known = found_in(what.script, lenient);
    }
    if (!known) return std::nullopt;
    for (bool smaller = true; smaller;) {
        smaller = false;
        std::vector<script> candidates = smaller_ones(what.script);
        if (script plain = with_plain_frees(what.script); plain != what.script)
            candidates.push_back(std::move(plain));
        for (script& one : candidates) {
            auto found = found_in(one, *accept);
            if (!found) continue;
            what.script = std::move(one);
            known = std::move(found);
            smaller = true;
            break;
        }
    }
    shrunk_finding result;
    const auto p = what.variant->make(what.script);
    auto best = simplest_schedule(*p, what.model, what.shows, *accept, how, executions);
    if (!best) best = std::move(known);
    const replay_result again = replay(*p, *best, {.model = what.model});
    if (!again.exact || !breaks(again.findings, what.shows)) return std::nullopt;
    result.shown = count_shown(again, what.shows);
    result.shown_as = first_of(again, what.shows);
    result.findings = again.findings;
    result.token = make_token(what, *best, build_identity());
    return result;
}

std::optional<shrunk_finding> shrink(const matrix_case& what, const broken_invariant& found,
                                     const shrink_options& how) {
    if (!found.which || !found.finding.replayed || found.finding.frozen_thread != 0)
        return std::nullopt;
    // Of crashes, another one would be another defect.
    const shows_the_same is_that_one = [&found](const replay_result& run) {
        return !found.which->is_crash() || std::ranges::any_of(run.findings, [&](const finding& f) {
            return f.same_as(found.finding) && (f.thread == 0) == (found.finding.thread == 0);
        });
    };
    const auto calls = to_script(what.setting);
    if (calls) {
        const bool elsewhere = what.setting.scenario->name == "page_boundary";
        const shows_the_same accept = [&, elsewhere](const replay_result& run) {
            return is_that_one(run) && (!elsewhere || leaves_page_zero_alone(run));
        };
        const script_case as_script{
            .variant = what.variant, .script = *calls, .model = what.model, .shows = *found.which};
        if (auto small = shrink(as_script, accept, how)) {
            // A crash may not be the only one there.
            for (finding& f : small->findings)
                if (f.same_as(found.finding)) {
                    small->shown_as = f;
                    small->shown_as.replayed = true;
                }
            return small;
        }
    }
    // A program of another kind keeps its calls, and gets a simpler schedule.
    const auto p = what.variant->make(what.setting);
    shrunk_finding result;
    std::uint64_t executions = 0;
    const auto best = simplest_schedule(*p, what.model, *found.which, is_that_one, how, executions);
    if (!best) return std::nullopt;
    const replay_result again = replay(*p, *best, {.model = what.model});
    result.shown = count_shown(again, found.which);
    result.shown_as = first_of(again, *found.which);
    matrix_case shown = what;
    shown.shows = found.which;
    result.token = make_token(shown, *best, build_identity());
    return result;
}

}  // namespace pidmap_stress::explore
