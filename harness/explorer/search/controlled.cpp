#include "harness/explorer/search/controlled.hpp"

#include <algorithm>

namespace pidmap_stress::explore {

// --- All controlled executions ------------------------------------------------------------------

unsigned controlled::next_thread(const thread_list& runnable, bool can_go_on) {
    if (runnable.size() == 1) return runnable.front();
    return runnable[note(pick_thread(runnable, can_go_on))];
}

[[gnu::flatten]] event_id controlled::add_read(graph& g, bool newest_only) {
    const event& r = g.drafted();
    // Whether there is an order is asked of a graph that has the read.
    if (g.needs_sc_order_with(r.success)) return add_first(g, newest_only);
    const event_id newest = g.newest(r.location);
    const bool newest_alone =
        newest_only || g.rules().consistency == model::sc || g[newest].before == no_event;
    const event_id oldest = newest_alone ? newest : g.oldest_visible(r.thread, r.location);
    if (oldest == newest && !r.may_fail) return g.append_read(newest, false);
    candidates_.clear();
    const auto offer = [&](event_id w) {
        const bool fails = r.op == rmw_op::cas && g[w].value != r.expected;
        // Only a write half's place can be taken.
        if (r.op == rmw_op::none || fails || g.open_behind(w)) candidates_.emplace_back(w);
        if (r.may_fail && !fails) candidates_.emplace_back(w, true);
    };
    offer(newest);
    for (event_id w = newest; w != oldest;) offer(w = g[w].before);
    const unsigned chosen =
        candidates_.size() == 1 ? 0 : note(pick(static_cast<unsigned>(candidates_.size())));
    return g.append_read(candidates_[chosen].write, candidates_[chosen].fails);
}

void controlled::choose_write(graph& g, event_id read, bool newest_only) {
    const location_id where = g[read].location;
    const event_id newest = g.newest(where);
    const bool may_fail = g[read].may_fail;
    const bool newest_alone =
        newest_only || g.rules().consistency == model::sc || g[newest].before == no_event;
    if (newest_alone && !may_fail) {
        g.read_from(read, newest);
        return;
    }
    candidates_.clear();
    const auto offer = [&](event_id w) {
        candidates_.emplace_back(w);
        if (may_fail && g[w].value == g[read].expected) candidates_.emplace_back(w, true);
    };
    offer(newest);
    // With interleavings only, other writes are read by going earlier or later.
    if (!newest_alone) {
        const event_id oldest = g.oldest_visible_before(read, where);
        for (event_id w = newest; w != oldest;) {
            w = g[w].before;
            const auto try_out = [&](bool fails) {
                g.read_from(read, w, fails);
                if ((!g[read].exclusive || g.open_behind(w)) && g.has_sc_order())
                    candidates_.emplace_back(w, fails);
            };
            try_out(false);
            if (may_fail && g[w].value == g[read].expected) try_out(true);
        }
    }
    const unsigned chosen = candidates_.size() == 1 ? 0 : note(pick_write(g, read, candidates_));
    g.read_from(read, candidates_[chosen].write, candidates_[chosen].fails);
}

void controlled::choose_place(graph& g, event_id write) {
    const location_id where = g[write].location;
    const event_id newest = g.newest(where);
    candidates_.clear();
    candidates_.emplace_back(newest);
    if (g.rules().consistency != model::sc) {
        const event_id oldest = g.oldest_visible_before(write, where);
        for (event_id w = newest; w != oldest;) {
            w = g[w].before;
            if (!g.open_behind(w)) continue;
            if (!g.needs_sc_order()) {
                candidates_.emplace_back(w);
                continue;
            }
            g.place(write, w);
            if (g.has_sc_order()) candidates_.emplace_back(w);
            g.place(write, newest);
        }
    }
    const unsigned chosen = candidates_.size() == 1 ? 0 : note(pick_place(g, write, candidates_));
    g.place(write, candidates_[chosen].write);
}

bool controlled::place_exclusive(graph& g, event_id write) {
    return g.place_exclusive(write) && (g[write].after == no_event || g.has_sc_order());
}

void controlled::choose(graph& g, event_id choice) {
    g.set_choice(choice, note(pick(g[choice].options)));
}

// --- Replay -------------------------------------------------------------------------------------

unsigned repeat::pick(unsigned n) {
    if (next_ < choices_.size() && choices_[next_] < n) return choices_[next_++];
    if (next_ < choices_.size()) ++next_;
    exact_ = false;
    return 0;
}

// --- Fairness -----------------------------------------------------------------------------------

unsigned round_robin::pick_thread(const thread_list& options, bool can_go_on) {
    if (can_go_on && ++done_ < steps_) return 0;
    done_ = 0;
    // The next one after the last, or the first of all.
    unsigned best = 0;
    const auto behind = [&](unsigned thread) {
        return (thread + max_threads - last_ - 1) % max_threads;
    };
    for (unsigned i = 1; i < options.size(); ++i)
        if (behind(options[i]) < behind(options[best])) best = i;
    last_ = options[best];
    return best;
}

// --- From a graph to a schedule -----------------------------------------------------------------

event_id guided::here(const graph& g, event_id of_target) const {
    const event& e = target_[of_target];
    return e.po < g.length(e.thread) ? g.at(e.thread, e.po) : no_event;
}
event_id guided::there(const graph& g, event_id of_now) const {
    const event& e = g[of_now];
    return e.po < target_.length(e.thread) ? target_.at(e.thread, e.po) : no_event;
}
bool guided::done(event_id id) const {
    return here(*now_, id) != no_event;
}

/// Whether a thread has a step in the target whose source, if it reads, has been executed.
bool guided::enabled(unsigned thread) const {
    const unsigned po = now_->length(thread);
    if (po >= target_.length(thread)) return false;
    const event& e = target_[target_.at(thread, po)];
    return !e.is_read() || done(e.rf);
}

/// Whether all that precedes a write in modification order, and every read of those, is done.
bool guided::write_in_order(event_id write) const {
    const event& e = target_[write];
    for (event_id w = e.before; w != no_event; w = target_[w].before) {
        if (!done(w)) return false;
        for (event_id r = target_[w].readers; r != no_event; r = target_[r].next_reader) {
            const bool own = target_[r].thread == e.thread && target_[r].po + 1 == e.po;
            if (!own && !done(r)) return false;
        }
    }
    return true;
}

bool guided::in_order(unsigned thread) const {
    const event_id id = target_.at(thread, now_->length(thread));
    const event& e = target_[id];
    if (e.is_write()) return write_in_order(id);
    if (!e.is_read()) return true;
    for (event_id w = target_[e.rf].after; w != no_event; w = target_[w].after)
        if (done(w)) return false;
    if (e.exclusive && e.po + 1U < target_.length(thread))
        return write_in_order(target_.at(thread, e.po + 1U));
    return true;
}

unsigned guided::pick_thread(const thread_list& options, bool) {
    unsigned best = 0;
    int best_rank = -1;
    for (unsigned i = 0; i < options.size(); ++i) {
        int rank = 0;
        if (enabled(options[i])) {
            rank = in_order(options[i]) ? 2 : 1;
            if (first_ && first_->contains(options[i], now_->length(options[i]))) rank += 2;
        }
        if (rank > best_rank) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

unsigned guided::pick(unsigned n) {
    // The choice that is being made is the newest event.
    const event_id id = there(*now_, now_->size());
    if (id == no_event || target_[id].kind != event_kind::choice) return 0;
    const auto value = static_cast<unsigned>(target_[id].value);
    return value < n ? value : 0;
}

unsigned guided::pick_write(const graph& g, event_id read, const std::vector<candidate>& options) {
    const event_id id = there(g, read);
    if (id == no_event || !target_[id].is_read()) return 0;
    const event_id write = here(g, target_[id].rf);
    for (unsigned i = 0; i < options.size(); ++i)
        if (options[i].write == write && options[i].fails == target_[id].spurious) return i;
    return 0;
}

unsigned guided::pick_place(const graph& g, event_id write, const std::vector<candidate>& options) {
    const event_id id = there(g, write);
    if (id == no_event || !target_[id].is_write()) return 0;
    for (event_id w = target_[id].before; w != no_event; w = target_[w].before) {
        const event_id before = here(g, w);
        if (before == no_event) continue;
        for (unsigned i = 0; i < options.size(); ++i)
            if (options[i].write == before) return i;
    }
    return 0;
}

}  // namespace pidmap_stress::explore
