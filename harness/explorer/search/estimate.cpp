#include "harness/explorer/search/estimate.hpp"

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <utility>

#include "harness/explorer/search/search.hpp"

namespace pidmap_stress::explore {
namespace {

class estimator {
public:
    estimator(const program& p, const options& how)
        : how_(how), machine_(p, rules_of(how), how.limits), random_(how.seed) {
        machine_.freeze(how.freeze);
    }

    [[nodiscard]] double round() {
        trust search(rules_of(how_));
        executions_ = 0;
        level_.clear();
        visit(search, true, 1, level_);
        while (!level_.empty() && !ends_early(how_)) {
            strata below;
            for (const auto& [like, one] : level_) go_on(search, one, below);
            level_ = std::move(below);
        }
        return executions_;
    }

private:
    /// What nodes have in common whose subtrees are of about the same size: how many events have
    /// alternatives yet, how many events there are, and how many alternatives.
    using likeness = std::array<std::size_t, 3>;
    /// A place in a run: its events up to there are as they are, and those from there on may be
    /// chosen anew.
    struct spot {
        std::shared_ptr<const trust::node> run{};
        std::size_t first = 0;   ///< Of the alternatives that are left.
        std::size_t points = 0;  ///< How many events these belong to; never 0.
        std::size_t events = 0;
        std::size_t alternatives = 0;
        bool is_execution = false;  ///< Whether it is one if nothing is chosen anew.
        double weight = 0;          ///< How many nodes it stands for.
    };
    using strata = std::map<likeness, spot>;

    /// Adds the node that a search has ready; \param runs if it is one that can be run.
    void visit(trust& search, bool runs, double weight, strata& level) {
        spot next{.weight = weight};
        if (runs) {
            const execution_end end = machine_.run(search.current(), search);
            next.is_execution = end == execution_end::complete || end == execution_end::stopped ||
                                end == execution_end::step_limit;
        }
        next.points = search.choice_points();
        next.alternatives = search.alternatives();
        next.events = search.current().size();
        add(std::move(next), level, [&] { return std::make_shared<trust::node>(search.here()); });
    }

    template <class Run>
    void add(spot one, strata& level, Run&& run) {
        if (one.points == 0) {  // A leaf.
            if (one.is_execution) executions_ += one.weight;
            return;
        }
        spot& all = level[{one.points, one.events, one.alternatives - one.first}];
        const double together = all.weight + one.weight;
        if (std::uniform_real_distribution<>(0, together)(random_) < one.weight) {
            one.run = run();
            all = std::move(one);
        }
        all.weight = together;
    }

    /// All children of a node: its next event as it is, and each alternative for that.
    void go_on(trust& search, const spot& from, strata& below) {
        const std::size_t end = from.run->end_of_point(from.first);
        spot as_it_is = from;
        as_it_is.first = end;
        --as_it_is.points;
        add(std::move(as_it_is), below, [&] { return from.run; });
        for (std::size_t chosen = from.first; chosen < end; ++chosen) {
            const bool runs = search.descend(*from.run, chosen);
            visit(search, runs, from.weight, below);
        }
    }

    const options& how_;
    machine machine_;
    std::mt19937_64 random_;
    strata level_;
    double executions_ = 0;
};

}  // namespace

size_estimate estimate_size(const program& p, const options& how, const estimate_effort& effort) {
    using steady = std::chrono::steady_clock;
    const auto begin = steady::now();
    estimator one(p, how);
    size_estimate all;
    double squares = 0;  // Welford: of the distances from the mean.
    while (all.rounds < effort.rounds && !ends_early(how)) {
        if (effort.time.count() != 0 && all.rounds != 0 && steady::now() - begin >= effort.time)
            break;
        const double seen = one.round();
        ++all.rounds;
        const double step = seen - all.executions;
        all.executions += step / all.rounds;
        squares += step * (seen - all.executions);
    }
    if (all.rounds > 1) all.standard_error = std::sqrt(squares / (all.rounds - 1) / all.rounds);
    return all;
}

}  // namespace pidmap_stress::explore
