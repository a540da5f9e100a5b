// The axiom of sequential consistency: what has to come before what, among the sequentially
// consistent operations, has no cycle.

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "harness/explorer/model/graph.hpp"

namespace pidmap_stress::explore {
namespace {

/// An event's place among the accesses of its location. The n-th write of modification order has
/// 2n, its readers 2n + 1, and a read-modify-write, which is one operation, has the rank of its
/// write.
using rank = std::int32_t;
constexpr rank none_after = std::numeric_limits<rank>::max();
constexpr rank none_before = -1;

/// A sequentially consistent operation. Both halves of a read-modify-write are one.
struct operation {
    event_id first;  ///< Its event, or a read-modify-write's read.
    event_id last;   ///< Its event, or a read-modify-write's write.
    std::uint8_t thread;
    bool fence;
    bool writes;
    location_id location;
    rank at;
    std::uint32_t bounds;  ///< A fence's, in sc_order::bounds_.
};

/// Of a fence and a location: how far the accesses that happen after it, or before it, reach.
struct fence_bounds {
    rank first_after = none_after;
    rank last_before = none_before;
    rank last_write_before = none_before;
};

/// Decides whether one graph has such an order. It is kept for its memory.
class sc_order {
public:
    [[nodiscard]] bool exists(const graph& g) {
        g_ = &g;
        rules_ = g.rules();
        if (!collect_operations()) return true;
        rank_accesses();
        for (operation& o : operations_) o.at = ranks_[o.last];
        bound_fences();
        return can_be_merged();
    }

private:
    /// Operations, thread by thread and in program order.
    /// \return whether more than one thread has any: those of one are in order.
    bool collect_operations() {
        const graph& g = *g_;
        operations_.clear();
        unsigned threads = 0;
        for (unsigned t = 1; t < g.threads_end(); ++t) {
            left_[t].next = static_cast<unsigned>(operations_.size());
            for (unsigned po = 0; po < g.length(t); ++po) {
                const event_id id = g.at(t, po);
                const event& e = g[id];
                if (e.order != std::memory_order::seq_cst || e.kind == event_kind::choice) continue;
                // An update may have lost its write for now.
                const bool whole = e.is_read() && e.exclusive && po + 1 < g.length(t);
                operations_.push_back({.first = id,
                                       .last = whole ? g.at(t, po + 1) : id,
                                       .thread = static_cast<std::uint8_t>(t),
                                       .fence = e.kind == event_kind::fence,
                                       .writes = whole || e.is_write(),
                                       .location = e.location,
                                       .at = 0,
                                       .bounds = 0});
                if (whole) ++po;
            }
            left_[t].end = static_cast<unsigned>(operations_.size());
            if (left_[t].next != left_[t].end) ++threads;
        }
        return threads > 1;
    }

    void rank_accesses() {
        const graph& g = *g_;
        ranks_.resize(g.size() + 1U);
        for (location_id where = 0; where < g.locations(); ++where) {
            rank place = 0;
            for (event_id w = g.first(where); w != no_event; w = g[w].after, place += 2) {
                ranks_[w] = place;
                for (event_id r = g[w].readers; r != no_event; r = g[r].next_reader)
                    ranks_[r] = place + (is_whole_update(r) ? 2 : 1);
            }
        }
    }
    [[nodiscard]] bool is_whole_update(event_id read) const {
        const event& r = (*g_)[read];
        return r.exclusive && r.po + 1U < g_->length(r.thread);
    }

    void bound_fences() {
        const graph& g = *g_;
        bounds_.clear();
        for (operation& f : operations_) {
            if (!f.fence) continue;
            f.bounds = static_cast<std::uint32_t>(bounds_.size());
            bounds_.resize(bounds_.size() + g.locations());
            for (event_id id = 1; id <= g.size(); ++id) {
                const event& e = g[id];
                if (!e.is_read() && !e.is_write()) continue;
                fence_bounds& b = bounds_[f.bounds + e.location];
                if (happens_before(f.first, id))
                    b.first_after = std::min(b.first_after, ranks_[id]);
                if (!happens_before(id, f.first)) continue;
                b.last_before = std::max(b.last_before, ranks_[id]);
                if (e.is_write()) b.last_write_before = std::max(b.last_write_before, ranks_[id]);
            }
        }
    }
    [[nodiscard]] const fence_bounds& bounds(const operation& fence, location_id where) const {
        return bounds_[fence.bounds + where];
    }

    /// Whether the threads' operations can be put into one sequence: takes away, again and again,
    /// a thread's first one that nothing which is left of another thread must precede.
    [[nodiscard]] bool can_be_merged() {
        const unsigned threads = g_->threads_end();
        for (unsigned t = 1; t < threads; ++t) left_[t].blocked_by = nobody;
        for (bool more = true; more;) {
            more = false;
            bool all = true;
            for (unsigned t = 1; t < threads; ++t) {
                while (left_[t].next != left_[t].end && !is_blocked(t)) {
                    ++left_[t].next;
                    more = true;
                }
                all &= left_[t].next == left_[t].end;
            }
            if (all) return true;
        }
        return false;
    }
    [[nodiscard]] bool is_blocked(unsigned thread) {
        stretch& mine = left_[thread];
        if (mine.blocked_by != nobody &&
            left_[operations_[mine.blocked_by].thread].next <= mine.blocked_by)
            return true;
        const operation& own = operations_[mine.next];
        for (unsigned u = 1; u < g_->threads_end(); ++u) {
            if (u == thread) continue;
            for (unsigned other = left_[u].end; other-- > left_[u].next;)
                if (precedes(operations_[other], own)) {
                    mine.blocked_by = other;
                    return true;
                }
        }
        mine.blocked_by = nobody;
        return false;
    }

    /// Whether an operation must come before another thread's one.
    [[nodiscard]] bool precedes(const operation& a, const operation& b) const {
        const bool by_the_letter =
            rules_.consistency == model::cxx20 || rules_.fault == planted_fault::psc_of_cxx20;
        return by_the_letter ? precedes_by_cxx20(a, b) : precedes_by_rc11(a, b);
    }

    // --- RC11 -----------------------------------------------------------------------------------

    /// In psc_base or psc_F. What hb|loc adds where one of two is a fence is left out: whatever has
    /// to come after the access has to come after the fence by another way, and the same before.
    [[nodiscard]] bool precedes_by_rc11(const operation& a, const operation& b) const {
        if (po_hb_po(a, b)) return true;
        if (a.fence && b.fence) return coherence_orders(a, b);
        if (a.fence) return b.writes && bounds(a, b.location).first_after < b.at;
        if (b.fence) return a.at < bounds(b, a.location).last_write_before;
        if (a.location != b.location) return false;
        return (b.writes && a.at < b.at) || happens_before(a, b);
    }

    /// po or po;hb;po, where a fence's hb? makes the po on its side needless.
    [[nodiscard]] bool po_hb_po(const operation& a, const operation& b) const {
        if (rules_.fault == planted_fault::psc_without_po_hb_po) return false;
        const graph& g = *g_;
        const unsigned from = a.fence ? g[a.first].po : g[a.last].po + 1U;
        const event& to = g[rules_.fault == planted_fault::psc_splits_updates ? b.last : b.first];
        if (b.fence) return g.happens_before(b.first).contains(a.thread, from);
        return to.po != 0 && g.happens_before(g.at(b.thread, to.po - 1U)).contains(a.thread, from);
    }

    /// Between fences: hb;eco;hb.
    [[nodiscard]] bool coherence_orders(const operation& a, const operation& b) const {
        const bool faulty = rules_.fault == planted_fault::psc_without_fences;
        for (location_id where = 0; where < g_->locations(); ++where) {
            const fence_bounds& of_b = bounds(b, where);
            if (bounds(a, where).first_after < (faulty ? of_b.last_write_before : of_b.last_before))
                return true;
        }
        return false;
    }

    [[nodiscard]] bool happens_before(const operation& a, const operation& b) const {
        return rules_.fault != planted_fault::psc_without_hb_loc && happens_before(a.last, b.first);
    }
    [[nodiscard]] bool happens_before(event_id a, event_id b) const {
        return g_->contains(g_->happens_before(b), a);
    }

    // --- [atomics.order]/4 ----------------------------------------------------------------------

    [[nodiscard]] bool precedes_by_cxx20(const operation& a, const operation& b) const {
        return strongly_happens_before(a, b) || coherence_ordered(a, b);
    }
    [[nodiscard]] bool strongly_happens_before(const operation& a, const operation& b) const {
        const graph& g = *g_;
        const unsigned to = g[b.first].po;
        return to != 0 &&
               g.happens_before(g.at(b.thread, to - 1U)).contains(a.thread, g[a.last].po + 1U);
    }
    [[nodiscard]] bool coherence_ordered(const operation& a, const operation& b) const {
        if (a.fence && b.fence) {
            for (location_id where = 0; where < g_->locations(); ++where)
                if (bounds(a, where).first_after < bounds(b, where).last_before) return true;
            return false;
        }
        if (a.fence) return bounds(a, b.location).first_after < b.at;
        if (b.fence) return a.at < bounds(b, a.location).last_before;
        return a.location == b.location && a.at < b.at;
    }

    static constexpr unsigned nobody = ~0U;
    struct stretch {
        unsigned next = 0;  ///< The thread's first operation that is left, and behind its last one.
        unsigned end = 0;
        unsigned blocked_by = nobody;
    };

    const graph* g_ = nullptr;
    memory_rules rules_;
    std::vector<operation> operations_;
    std::array<stretch, max_threads> left_;
    std::vector<rank> ranks_;
    std::vector<fence_bounds> bounds_;  // By fence and location.
};

/// Apart, so that the question costs nothing where there is none to ask.
[[gnu::noinline]] bool find_sc_order(const graph& g) {
    static thread_local sc_order order;
    return order.exists(g);
}

}  // namespace

bool graph::has_sc_order() const {
    if (is_sc() || sc_events_ < 2 || rules_.fault == planted_fault::no_psc) return true;
    return find_sc_order(*this);
}

}  // namespace pidmap_stress::explore
