#include "harness/programs/shrink.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/strategies.hpp"
#include "harness/explorer/search/trust.hpp"
#include "harness/programs/script/smaller_scripts.hpp"
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
        exploration w(p, how_);
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

/// Page 0 stays out of it where the cell is about another page: else the defect of page 0 would be
/// shown for every other one.
[[nodiscard]] bool leaves_page_zero_alone(const replay_result& run) {
    return std::ranges::none_of(run.steps, [](const step& s) {
        return s.role == cell_role::nr_free && s.index == 0U && s.kind == step_kind::update;
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

std::optional<shrunk_finding> shrink(explored_case what, const shows_the_same& also,
                                     const shrink_options& how, std::uint64_t* spent,
                                     const schedule* first) {
    std::uint64_t own = 0;
    std::uint64_t& executions = spent == nullptr ? own : *spent;
    const defect wanted = *what.shows;
    script smallest = what.program();
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
                   return is_of_the_start(f) && broken_by(f) == wanted;
               });
    };
    const auto found_in = [&](const script& s, const shows_the_same& accept) {
        if (why_not(*what.variant, s)) return std::optional<schedule>();
        breaker breaks_at(what.model, wanted, accept, how);
        auto found = breaks_at(*what.variant->make(s));
        executions += breaks_at.executions();
        return found;
    };

    const shows_the_same* accept = &strict;
    auto known = found_in(smallest, strict);
    if (!known && first != nullptr) {
        const replay_result run =
            replay(*what.variant->make(smallest), *first, {.model = what.model});
        if (run.exact && breaks(run.findings, wanted) && strict(run)) known = *first;
    }
    for (const unsigned bits : {2U, 4U, 8U}) {
        if (known || !how.from_nothing) break;
        const auto smaller =
            bits < smallest.bits ? on_smaller_pages(smallest, bits) : std::optional(smallest);
        const auto all = smaller ? from_nothing(*smaller) : std::nullopt;
        if (!all) continue;
        known = found_in(*all, sane_start);
        if (!known) continue;
        smallest = *all;
        accept = &sane_start;
    }
    // What the set-up itself shows takes no thread, and is seen there.
    for (const shows_the_same* const less : {&lenient, &also}) {
        if (known || !how.from_nothing) break;
        accept = less;
        known = found_in(smallest, *less);
    }
    if (!known) return std::nullopt;
    for (bool smaller = true; smaller;) {
        smaller = false;
        for (script& one : smaller_ones(smallest)) {
            auto found = found_in(one, *accept);
            if (!found) continue;
            smallest = std::move(one);
            known = std::move(found);
            smaller = true;
            break;
        }
    }
    what.calls = std::move(smallest);
    const auto p = what.variant->make(*what.calls);
    auto best = simplest_schedule(*p, what.model, wanted, *accept, how, executions);
    if (!best) best = std::move(known);
    const replay_result again = replay(*p, *best, {.model = what.model});
    if (!again.exact || !breaks(again.findings, wanted)) return std::nullopt;
    return shrunk_finding{.of = std::move(what),
                          .choices = std::move(*best),
                          .shown_as = first_of(again, wanted),
                          .findings = again.findings,
                          .shown = count_shown(again, wanted)};
}

std::optional<shrunk_finding> shrink(const explored_case& what, const broken_invariant& found,
                                     const shrink_options& how) {
    if (!found.which || !found.finding.replayed || found.finding.frozen_thread != 0)
        return std::nullopt;
    // Of crashes, another one would be another defect.
    const shows_the_same is_that_one = [&found](const replay_result& run) {
        return !found.which->is_crash() || std::ranges::any_of(run.findings, [&](const finding& f) {
            return f.same_as(found.finding) && (f.thread == 0) == (found.finding.thread == 0);
        });
    };
    const bool elsewhere = !what.calls && what.setting.scenario->name == "page_boundary";
    const shows_the_same accept = [&, elsewhere](const replay_result& run) {
        return is_that_one(run) && (!elsewhere || leaves_page_zero_alone(run));
    };
    explored_case broken = what;
    broken.shows = found.which;
    const schedule* const known = &found.finding.schedule;
    auto small = shrink(broken, accept, how, nullptr, known);
    if (!small && elsewhere) small = shrink(broken, is_that_one, how, nullptr, known);
    if (!small) return std::nullopt;
    // A crash may not be the only one there.
    for (finding& f : small->findings)
        if (f.same_as(found.finding)) {
            small->shown_as = f;
            small->shown_as.replayed = true;
        }
    return small;
}

}  // namespace pidmap_stress::explore
