// The axiom of sequential consistency: the order of [atomics.order]/4 exists.

#include <algorithm>
#include <limits>

#include "harness/explore/graph.hpp"

namespace pidmap_stress::explore {
namespace {

/// An event's rank among the accesses of its location: coherence orders a before b exactly if
/// rank(a) < rank(b). A write at place p of the modification order has 2p, its readers 2p + 1.
using rank = std::int32_t;
constexpr rank none_after = std::numeric_limits<rank>::max();
constexpr rank none_before = -1;

class sc_order {
public:
    explicit sc_order(const graph& g) : g_(g) {
        rank_accesses();
        for (event_id id = 1; id <= g.size(); ++id)
            if (g[id].order == std::memory_order::seq_cst && g[id].kind != event_kind::choice)
                nodes_.push_back(id);
        for (const event_id id : nodes_)
            fences_.push_back(g[id].kind == event_kind::fence ? bounds_of(id) : fence_bounds{});
    }

    /// Takes away, again and again, an operation that nothing left must precede.
    [[nodiscard]] bool exists() const {
        std::vector<std::size_t> left(nodes_.size());
        for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
        while (!left.empty()) {
            const auto source = std::ranges::find_if(left, [&](std::size_t b) {
                return std::ranges::none_of(
                    left, [&](std::size_t a) { return a != b && precedes(a, b); });
            });
            if (source == left.end()) return false;
            left.erase(source);
        }
        return true;
    }

private:
    /// Per location, of the accesses that happen after (before) a fence, the first (last) rank.
    struct fence_bounds {
        std::vector<rank> first_after;
        std::vector<rank> last_before;
    };

    void rank_accesses() {
        ranks_.assign(g_.size() + 1U, 0);
        for (location_id where = 0; where < g_.locations(); ++where) {
            rank place = 0;
            for (event_id w = g_.first(where); w != no_event; w = g_[w].after, place += 2) {
                ranks_[w] = place;
                for (event_id r = g_[w].readers; r != no_event; r = g_[r].next_reader)
                    ranks_[r] = place + 1;
            }
        }
    }

    [[nodiscard]] fence_bounds bounds_of(event_id fence) const {
        fence_bounds b{.first_after = std::vector<rank>(g_.locations(), none_after),
                       .last_before = std::vector<rank>(g_.locations(), none_before)};
        for (event_id id = 1; id <= g_.size(); ++id) {
            const event& e = g_[id];
            if (!e.is_read() && !e.is_write()) continue;
            if (g_.contains(g_.happens_before(id), fence))
                b.first_after[e.location] = std::min(b.first_after[e.location], ranks_[id]);
            if (g_.contains(g_.happens_before(fence), id))
                b.last_before[e.location] = std::max(b.last_before[e.location], ranks_[id]);
        }
        return b;
    }

    [[nodiscard]] bool precedes(std::size_t a, std::size_t b) const {
        return strongly_happens_before(nodes_[a], nodes_[b]) || coherence_ordered(a, b);
    }

    /// Program order, or program order; happens-before; program order. Both halves of a
    /// read-modify-write are one operation here.
    [[nodiscard]] bool strongly_happens_before(event_id a, event_id b) const {
        const event& first = g_[a];
        const event& second = g_[b];
        if (first.thread == second.thread) return first.po < second.po;
        const int before_second = second.po - (second.is_write() && second.exclusive ? 2 : 1);
        if (before_second < 0) return false;
        const unsigned after_first = first.po + (first.is_read() && first.exclusive ? 2U : 1U);
        const event_id last = g_.at(second.thread, static_cast<unsigned>(before_second));
        return g_.happens_before(last).contains(first.thread, after_first);
    }

    [[nodiscard]] bool coherence_ordered(std::size_t a, std::size_t b) const {
        const event& first = g_[nodes_[a]];
        const event& second = g_[nodes_[b]];
        const bool from_fence = first.kind == event_kind::fence;
        const bool to_fence = second.kind == event_kind::fence;
        if (from_fence && to_fence) {
            for (location_id where = 0; where < g_.locations(); ++where)
                if (fences_[a].first_after[where] < fences_[b].last_before[where]) return true;
            return false;
        }
        if (from_fence) return fences_[a].first_after[second.location] < ranks_[nodes_[b]];
        if (to_fence) return ranks_[nodes_[a]] < fences_[b].last_before[first.location];
        return first.location == second.location && ranks_[nodes_[a]] < ranks_[nodes_[b]];
    }

    const graph& g_;
    std::vector<rank> ranks_;
    std::vector<event_id> nodes_;
    std::vector<fence_bounds> fences_;
};

}  // namespace

bool graph::has_sc_order() const {
    if (is_sc() || sc_events_ < 2 || rules_.fault == planted_fault::no_psc) return true;
    return sc_order(*this).exists();
}

}  // namespace pidmap_stress::explore
