// The strategies that sample, and the bounded one.

#include <algorithm>
#include <iterator>
#include <utility>

#include "harness/explorer/search/pieces.hpp"
#include "harness/explorer/search/search.hpp"
#include "harness/explorer/search/side_by_side.hpp"
#include "harness/explorer/search/strategies.hpp"

namespace pidmap_stress::explore {
namespace {

/// Roughly how many choices one execution makes: PCT spreads its changes over them.
unsigned typical_steps(const program& p, const options& how) {
    options quiet = how;
    quiet.stop_at_first = true;
    exploration w(p, quiet);
    random_walk probe(how.seed);
    probe.restart(0);
    w.sample(probe);
    return std::max(4U, static_cast<unsigned>(probe.taken().size()));
}

/// The locations that several threads access, and how often, as a few walks have it.
std::vector<shared_location> typical_accesses(const program& p, const options& how) {
    constexpr std::uint64_t probes = 8;
    exploration w(p, how);
    random_walk probe(how.seed);
    std::vector<shared_location> all;
    for (std::uint64_t n = 0; n < probes; ++n) {
        probe.restart(n);
        w.sample(probe);
        const graph& g = w.last_sample();
        std::vector<shared_location> once;
        for (event_id id = 1; id <= g.size(); ++id) {
            const event& e = g[id];
            // A read-modify-write is one access.
            if (e.thread == 0 || !(e.is_read() || (e.is_write() && !e.exclusive))) continue;
            while (once.size() <= e.location)
                once.push_back({.where = static_cast<location_id>(once.size())});
            ++once[e.location].accesses[e.thread];
        }
        while (all.size() < once.size())
            all.push_back({.where = static_cast<location_id>(all.size())});
        for (std::size_t i = 0; i < once.size(); ++i)
            for (unsigned t = 0; t < max_threads; ++t)
                all[i].accesses[t] = std::max(all[i].accesses[t], once[i].accesses[t]);
    }
    std::erase_if(all, [](const shared_location& one) {
        return std::ranges::count(one.accesses, 0U) > static_cast<std::ptrdiff_t>(max_threads) - 2;
    });
    return all;
}

/// The samplers among which a strategy alternates. Uniform choices find the most; the others find
/// what needs one thread far ahead of the rest, or one order of two steps.
std::vector<std::unique_ptr<sampler>> make_samplers(const options& how, unsigned steps,
                                                    const std::vector<shared_location>& shared) {
    std::vector<std::unique_ptr<sampler>> made;
    const auto add = [&](strategy which) {
        if (which == strategy::random) made.push_back(std::make_unique<random_walk>(how.seed));
        if (which == strategy::pos) made.push_back(std::make_unique<pos>(how.seed));
        if (which == strategy::surw) made.push_back(std::make_unique<surw>(how.seed, shared));
        if (which == strategy::pct)
            made.push_back(std::make_unique<pct>(how.seed, how.pct_depth, steps));
    };
    using enum strategy;
    if (how.strategy == portfolio)
        for (const strategy turn : {random, random, pos, random, random, pct}) add(turn);
    else
        add(how.strategy);
    return made;
}

constexpr std::uint64_t chunk = 512;

/// Walks [first, last), which depend on nothing except their numbers.
result walk(exploration& w, const std::vector<std::unique_ptr<sampler>>& samplers,
            std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t number = first; number < last && !w.satisfied(); ++number) {
        sampler& s = *samplers[number % samplers.size()];
        s.restart(number);
        if (w.walk(s)) continue;
        s.restart(number);
        w.sample(s);
    }
    return w.take();
}

}  // namespace

result explore_samples(const program& p, const options& how) {
    const bool wants_steps = how.strategy == strategy::pct || how.strategy == strategy::portfolio;
    const unsigned steps =
        how.pct_steps == 0 && wants_steps ? typical_steps(p, how) : how.pct_steps;
    const std::vector<shared_location> shared =
        how.strategy == strategy::surw ? typical_accesses(p, how) : std::vector<shared_location>{};
    const std::uint64_t walks = how.budget == 0 ? how.walks : std::min(how.budget, how.walks);
    const unsigned jobs = std::max(1U, how.jobs);

    struct lane {
        std::unique_ptr<exploration> own;
        std::vector<std::unique_ptr<sampler>> samplers;
        result part;
    };
    std::vector<lane> lanes(jobs);
    std::vector<std::uint64_t> seen;
    result sum;
    sum.last = how.strategy == strategy::portfolio ? strategy::random : how.strategy;
    for (std::uint64_t done = 0; done < walks && !ends_early(how); done += chunk * jobs) {
        side_by_side(jobs, [&](unsigned j) {
            lane& l = lanes[j];
            if (!l.own) {
                l.own = std::make_unique<exploration>(p, how);
                l.samplers = make_samplers(how, steps, shared);
            }
            const std::uint64_t first = std::min(walks, done + j * chunk);
            l.part = walk(*l.own, l.samplers, first, std::min(walks, first + chunk));
        });
        for (lane& l : lanes) {
            append_result(sum, l.part);
            if (how.count_redundant)
                std::ranges::copy(l.own->take_seen(), std::back_inserter(seen));
            if (how.stop_at_first && !sum.findings.empty()) return sum;
        }
    }
    sum.redundant = count_repeated(std::move(seen));
    return sum;
}

namespace {

/// The executions with exactly this many preemptions, or a part of them.
class bounded_piece final : public piece {
public:
    explicit bounded_piece(bounded search) : search_(std::move(search)) {}

    turn explore(exploration& w, std::uint64_t most) override {
        turn did{.more = true};
        while (did.more && did.found.runs() < most && !w.satisfied() &&
               !(w.stops_at_first() && !did.found.findings.empty())) {
            search_.restart();
            w.sample(search_);
            const result one = w.take();
            std::vector<std::uint64_t> seen = w.take_seen();
            // An execution with fewer preemptions was counted at a lower bound.
            if (search_.at_bound()) {
                did.any = true;
                append_result(did.found, one);
                std::ranges::copy(seen, std::back_inserter(did.seen));
            }
            did.more = search_.advance();
        }
        return did;
    }
    std::unique_ptr<piece> split() override {
        auto cut = search_.split();
        return cut ? std::make_unique<bounded_piece>(std::move(*cut)) : nullptr;
    }

private:
    bounded search_;
};

}  // namespace

result explore_bounded(const program& p, const options& how) {
    std::vector<std::uint64_t> seen;
    result sum;
    sum.last = strategy::bounded;
    for (unsigned bound = 0; bound <= how.preemptions; ++bound) {
        options part = how;
        if (how.budget != 0) {
            part.budget = how.budget - std::min(how.budget, sum.runs());
            if (part.budget == 0) {
                sum.truncated = true;
                return sum;
            }
        }
        const turn did =
            explore_in_pieces(std::make_unique<bounded_piece>(bounded(bound)), p, part);
        append_result(sum, did.found);
        std::ranges::copy(did.seen, std::back_inserter(seen));
        if (how.stop_at_first && !sum.findings.empty()) return sum;
        if (did.more) {
            sum.truncated = true;
            return sum;
        }
        sum.bound = bound;
        if (!did.any) break;  // No execution has that many preemptions: all have been run.
    }
    sum.redundant = count_repeated(std::move(seen));
    return sum;
}

}  // namespace pidmap_stress::explore
