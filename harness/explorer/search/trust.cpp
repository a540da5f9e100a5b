#include "harness/explorer/search/trust.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pidmap_stress::explore {

// --- New events ---------------------------------------------------------------------------------

void trust::choose_write(graph& g, event_id read, bool /*newest_only*/) {
    auto& left = top().left;
    const location_id where = g[read].location;
    const event_id newest = g.newest(where);
    const event_id oldest = g.oldest_visible_before(read, where);
    const bool may_fail = g[read].may_fail;
    const auto offer = [&](event_id w) {
        if (w != newest) left.push_back({.stamp = read, .with = w, .what = change::read_from});
        if (may_fail && g[w].value == g[read].expected)
            left.push_back({.stamp = read, .with = w, .what = change::fail_from});
    };
    for (event_id w = oldest; w != newest; w = g[w].after) offer(w);
    offer(newest);
    // Reading the newest write is consistent whatever the graph is.
    g.read_from(read, newest);
}

void trust::choose_place(graph& g, event_id write) {
    const location_id where = g[write].location;
    const event_id newest = g.newest(where);
    const event_id oldest = g.oldest_visible_before(write, where);
    offer_revisits(g, write);
    if (rules_.fault != planted_fault::one_place_for_writes)
        for (event_id w = oldest; w != newest; w = g[w].after)
            if (g.open_behind(w))
                top().left.push_back({.stamp = write, .with = w, .what = change::place});
    g.place(write, newest);
}

bool trust::place_exclusive(graph& g, event_id write) {
    const bool alone = g.place_exclusive(write);
    // A write that comes second is offered too: that is how two that read the same write swap.
    if (alone || rules_.fault != planted_fault::no_swap_of_rmws) offer_revisits(g, write);
    return alone && (g[write].after == no_event || g.has_sc_order());
}

void trust::choose(graph& g, event_id choice) {
    for (event_id v = g[choice].options; --v > 0;)
        top().left.push_back({.stamp = choice, .with = v, .what = change::choose});
    g.set_choice(choice, 0);
}

// --- Backward revisits --------------------------------------------------------------------------

void trust::offer_revisits(const graph& g, event_id write) {
    if (rules_.fault == planted_fault::no_backward_revisits) return;
    const vector_clock causes = g.causes(write);
    // From the newest event down, except those that it depends on: they come first in each thread.
    std::array<unsigned, max_threads> end{};
    const unsigned threads = g.threads_end();
    for (unsigned t = 1; t < threads; ++t) end[t] = g.length(t);
    for (;;) {
        event_id id = no_event;
        unsigned of = 0;
        for (unsigned t = 1; t < threads; ++t)
            if (end[t] > static_cast<unsigned>(causes.of(t)) && g.at(t, end[t] - 1) > id) {
                id = g.at(t, end[t] - 1);
                of = t;
            }
        if (id == no_event) return;
        --end[of];
        if (!maximally_added(g, id, write)) return;
        const event& e = g[id];
        if (!e.is_read() || e.location != g[write].location) continue;
        top().left.push_back({.stamp = id, .with = write, .what = change::revisit});
        if (e.may_fail && e.expected == g[write].value)
            top().left.push_back({.stamp = id, .with = write, .what = change::fail_revisit});
    }
}

/// Whether the search would add `id` just as it is, before anything else, to what is older than it
/// and what `write` depends on.
bool trust::maximally_added(const graph& g, event_id id, event_id write) const {
    const event& e = g[id];
    switch (e.kind) {
        case event_kind::fence:
            return true;
        case event_kind::choice:
            return e.value == 0 || rules_.fault == planted_fault::any_choice_deletable;
        case event_kind::read:
            if (rules_.fault == planted_fault::stale_read_deletable) return true;
            if (e.spurious && rules_.fault != planted_fault::any_choice_deletable) return false;
            break;
        case event_kind::write:
            if (rules_.fault != planted_fault::lower_reader_ignored)
                for (event_id r = e.readers; r != no_event; r = g[r].next_reader)
                    if (r < id) return false;
            if (rules_.fault == planted_fault::stale_write_deletable) return true;
            break;
    }
    const vector_clock causes = g.causes(write);
    for (event_id w = g[e.is_read() ? e.rf : id].after; w != no_event; w = g[w].after) {
        if (w == write) continue;
        if (w < id) return false;
        if (rules_.fault != planted_fault::previous_without_porf && g.contains(causes, w))
            return false;
    }
    return true;
}

bool trust::revisit(const alternative& next) {
    if (depth_ + 1 == frames_.size()) frames_.push_back(make_frame());
    frame& to = *frames_[depth_ + 1];
    const graph& from = current();
    to.left.clear();
    to.revisited = next.stamp;
    to.fails = next.what == change::fail_revisit;
    to.revisitor = to.g.become_revisit(from, next.stamp, next.with);
    // What it keeps was as it is now, except the read and its write.
    const event_id known = frames_[depth_]->known;
    to.known = known + 1 >= next.with ? static_cast<event_id>(to.revisitor - 1)
                                      : std::min(known, static_cast<event_id>(next.stamp - 1));
    ++depth_;
    graph& g = to.g;
    const event_id write = to.revisitor;
    const location_id where = g[write].location;
    if (g[write].exclusive) {
        const event_id before = g[g.at(g[write].thread, g[write].po - 1U)].rf;
        const event_id bound = g.oldest_visible_before(to.revisited, where);
        // It stands behind what it read, and the revisited read must be allowed to see it there.
        if (!g.not_after(bound, before) ||
            (g[before].after != no_event && g[g[before].after].exclusive))
            return false;
        g.revisit(to.revisited, write, before, to.fails);
        return g.has_sc_order();
    }
    const event_id own = g.oldest_visible_before(write, where);
    const event_id reads = g.oldest_visible_before(to.revisited, where);
    const event_id oldest = g.not_after(own, reads) ? reads : own;
    const event_id newest = g.newest(where);
    if (rules_.fault != planted_fault::one_place_for_writes)
        for (event_id w = oldest; w != newest; w = g[w].after)
            if (g.open_behind(w))
                to.left.push_back({.stamp = write, .with = w, .what = change::place});
    g.revisit(to.revisited, write, newest, to.fails);
    return g.has_sc_order();
}

// --- The search ---------------------------------------------------------------------------------

bool trust::apply(const alternative& next) {
    if (next.what == change::revisit || next.what == change::fail_revisit) {
        current().truncate(next.with);
        return revisit(next);
    }
    frame& f = top();
    graph& g = f.g;
    g.truncate(next.stamp);
    f.known = std::min(f.known, static_cast<event_id>(next.stamp - 1));
    switch (next.what) {
        case change::read_from:
        case change::fail_from:
            g.read_from(next.stamp, next.with, next.what == change::fail_from);
            break;
        case change::place:
            if (next.stamp == f.revisitor)
                g.revisit(f.revisited, next.stamp, next.with, f.fails);
            else
                g.place(next.stamp, next.with);
            break;
        case change::choose:
            g.set_choice(next.stamp, next.with);
            return true;
        default:
            break;
    }
    return g.has_sc_order();
}

/// Gives every update that lost its write half, or whose read has changed, its write.
bool trust::settle() {
    graph& g = current();
    for (event_id r = g.incomplete_rmw(); r != no_event; r = g.incomplete_rmw())
        if (!place_exclusive(g, g.append_exclusive_write(r))) return false;
    return true;
}

bool trust::advance() {
    for (;;) {
        while (top().left.empty()) {
            if (depth_ == 0) return false;
            --depth_;
        }
        const alternative next = top().left.back();
        top().left.pop_back();
        if (apply(next) && settle()) return true;
    }
}

trust::node trust::here() const {
    return node(*frames_[depth_]);
}

std::size_t trust::end_of_point(const std::vector<alternative>& left, std::size_t first) noexcept {
    // A revisit is a choice of the write that revisits.
    const auto event_of = [](const alternative& one) {
        const bool revisits = one.what == change::revisit || one.what == change::fail_revisit;
        return revisits ? one.with : one.stamp;
    };
    std::size_t end = first + 1;
    while (end < left.size() && event_of(left[end]) == event_of(left[first])) ++end;
    return end;
}

std::size_t trust::choice_points() const noexcept {
    const std::vector<alternative>& left = frames_[depth_]->left;
    std::size_t points = 0;
    for (std::size_t first = 0; first < left.size(); first = end_of_point(left, first)) ++points;
    return points;
}

bool trust::descend(const node& from, std::size_t chosen) {
    depth_ = 0;
    top() = from.at_;
    const alternative next = top().left[chosen];
    top().left.clear();
    return apply(next) && settle();
}

std::unique_ptr<trust::subtree> trust::split() {
    for (std::size_t d = 0; d <= depth_; ++d) {
        frame& f = *frames_[d];
        if (f.left.empty()) continue;
        // The very last one is this search's own.
        if (f.left.size() == 1 && d == depth_) return nullptr;
        auto cut = std::make_unique<subtree>();
        cut->from.g = f.g;
        cut->from.revisited = f.revisited;
        cut->from.revisitor = f.revisitor;
        cut->from.fails = f.fails;
        cut->from.known = f.known;
        cut->watched = watched_;
        cut->from.left.push_back(f.left.front());
        f.left.erase(f.left.begin());
        return cut;
    }
    return nullptr;
}

bool trust::resume(subtree from) {
    depth_ = 0;
    *frames_[0] = std::move(from.from);
    watched_ = std::move(from.watched);
    return advance();
}

}  // namespace pidmap_stress::explore
