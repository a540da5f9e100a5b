#include "harness/explorer/model/graph.hpp"

#include <algorithm>
#include <numeric>

namespace pidmap_stress::explore {

graph::graph(memory_rules rules) {
    clear(rules);
}

void graph::clear(memory_rules rules) {
    rules_ = rules;
    size_ = 0;
    if (events_.empty()) make_room();
    for (clock_table* const clocks : {&porf_, &hb_, &views_})
        clocks->put(no_event, vector_clock::after_set_up());
    for (unsigned t = 0; t < threads_seen_; ++t) threads_[t].clear();
    threads_seen_ = 1;
    locations_.clear();
    overwritten_.clear();
    fences_ = sc_events_ = 0;
}

void graph::rewind(std::size_t locations) {
    size_ = static_cast<event_id>(locations);
    threads_[0].resize(locations);
    for (unsigned t = 1; t < threads_seen_; ++t) threads_[t].clear();
    threads_seen_ = 1;
    locations_.resize(locations);
    for (location& where : locations_) {
        where.newest = where.first;
        event& first = events_[where.first];
        first.after = first.readers = no_event;
    }
    overwritten_.clear();
    fences_ = sc_events_ = 0;
}

void graph::make_room() {
    const std::size_t room = std::max<std::size_t>(64, events_.size() * 2);
    events_.resize(room);
    names_.resize(room);
    porf_.resize(room);
    hb_.resize(room);
    release_.resize(room);
    views_.resize(room);
}

void graph::widen() {
    for (clock_table* const clocks : {&porf_, &hb_, &release_, &views_}) clocks->widen();
}

// --- Adding -------------------------------------------------------------------------------------

graph::place_in_thread graph::enter_thread(event_id id) {
    event& e = events_[id];
    auto& thread = threads_[e.thread];
    const place_in_thread here{.thread = e.thread,
                               .po = static_cast<unsigned>(thread.size()),
                               .previous = thread.empty() ? no_event : thread.back()};
    e.po = static_cast<event_id>(here.po);
    thread.push_back(id);
    names_[id] = {.thread = e.thread, .po = e.po};
    if (e.thread >= threads_seen_) {
        threads_seen_ = e.thread + 1U;
        if (threads_seen_ > clock_table::narrow_threads) widen();
    }
    return here;
}

void graph::add_to_thread(event_id id) {
    const event& e = events_[id];
    const place_in_thread here = enter_thread(id);
    if (!e.is_read()) {  // A read gets its clocks when it gets its write.
        if (tracks_causes_) porf_.put(id, after_previous(porf_, here));
        hb_.put(id, after_previous(hb_, here));
        if (is_sc()) views_.put(id, after_previous(views_, here));
    }
    if (e.kind == event_kind::fence) ++fences_;
    if (e.order == std::memory_order::seq_cst && e.kind != event_kind::choice) ++sc_events_;
}

event_id graph::append() {
    const event_id id = ++size_;
    add_to_thread(id);
    if (events_[id].kind == event_kind::fence) compute_fence(id);
    if (events_[id].kind == event_kind::write) release_.put(id, own_release(id));
    return id;
}

event_id graph::append_read(event_id write, bool spurious) {
    const event_id id = ++size_;
    event& r = events_[id];
    const place_in_thread here = enter_thread(id);
    r.value = events_[write].value;
    r.spurious = spurious;
    decide_outcome(r);
    if (r.order == std::memory_order::seq_cst) ++sc_events_;
    link_reader(id, write);
    give_clocks_to_read(id, write, here);
    return id;
}

event_id graph::append_exclusive_write(event_id read) {
    event& w = draft();
    const event_id id = ++size_;
    const event& r = events_[read];
    w.value = stored_by({.op = r.op, .bytes = r.bytes, .operand = r.operand}, r.value);
    w.bytes = r.bytes;
    w.site = r.site;
    w.location = r.location;
    w.rf = no_event;
    w.thread = r.thread;
    w.kind = event_kind::write;
    w.op = r.op;
    w.order = w.success = r.order;
    w.exclusive = true;
    add_to_thread(id);
    vector_clock released = own_release(id);
    released.join(release_[r.rf]);  // A release sequence goes on through it.
    release_.put(id, released);
    return id;
}

// --- Reads --------------------------------------------------------------------------------------

void graph::link_reader(event_id read, event_id write) noexcept {
    events_[read].rf = write;
    events_[read].next_reader = events_[write].readers;
    events_[write].readers = read;
}

void graph::unlink_reader(event_id read) noexcept {
    // Lists are sorted by stamp, newest first, and only the newest event is ever taken out.
    event& r = events_[read];
    if (r.rf == no_event) return;
    assert(events_[r.rf].readers == read);
    events_[r.rf].readers = r.next_reader;
    r.rf = no_event;
}

void graph::decide_outcome(event& read) const noexcept {
    switch (read.op) {
        case rmw_op::none:
            return;
        case rmw_op::cas:
            read.exclusive = read.value == read.expected && !read.spurious;
            break;
        default:
            read.exclusive = true;
            break;
    }
    const bool as_success = read.exclusive || rules_.on_failure == cas_failure_order::as_success;
    read.order = as_success ? read.success : read.failure;
}

void graph::read_from(event_id read, event_id write, bool spurious) {
    if (is_sc()) undo_views(read);
    let_read(read, write, spurious);
}

void graph::revisit(event_id read, event_id write, event_id before, bool spurious) {
    place(write, before);
    let_read(read, write, spurious);
}

void graph::let_read(event_id read, event_id write, bool spurious) {
    event& r = events_[read];
    const bool anew = r.rf != no_event;
    unlink_reader(read);
    r.value = events_[write].value;
    r.spurious = spurious;
    if (r.order == std::memory_order::seq_cst) --sc_events_;
    if (!anew || rules_.fault != planted_fault::success_not_recomputed) decide_outcome(r);
    if (r.order == std::memory_order::seq_cst) ++sc_events_;
    link_reader(read, write);
    give_clocks_to_read(read, write, place_of_last(read));
}

void graph::give_clocks_to_read(event_id read, event_id write, const place_in_thread& here) {
    if (tracks_causes_) {
        vector_clock causes = after_previous(porf_, here);
        causes.join(porf_[write]);
        porf_.put(read, causes);
    }
    vector_clock before = after_previous(hb_, here);
    if (is_acquire(events_[read].order)) before.join(release_[write]);
    hb_.put(read, before);
    if (is_sc()) {
        vector_clock view = after_previous(views_, here);
        view.join(views_[write]);
        views_.put(read, view);
        if (events_[write].after != no_event) order_views(read, events_[write].after);
    }
}

/// The same for an event that follows `seen` in its thread.
event_id graph::oldest_visible_after(event_id seen, location_id where) const {
    const clock_table& views = is_sc() ? views_ : hb_;
    event_id w = locations_[where].newest;
    for (; events_[w].before != no_event; w = events_[w].before) {
        if (contains(views, seen, w)) break;
        if (is_sc()) continue;  // There, a view holds what its reads read.
        bool read = false;
        for (event_id r = events_[w].readers; r != no_event && !read; r = events_[r].next_reader)
            read = contains(views, seen, r);
        if (read) break;
    }
    if (rules_.fault == planted_fault::bound_too_old && events_[w].before != no_event)
        w = events_[w].before;
    return w;
}

// --- Writes -------------------------------------------------------------------------------------

void graph::unlink_write(event_id write) noexcept {
    event& w = events_[write];
    if (w.before != no_event) {
        events_[w.before].after = w.after;
        if (w.after != no_event)
            events_[w.after].before = w.before;
        else
            locations_[w.location].newest = w.before;
    } else if (w.location < locations_.size() && locations_[w.location].first == write) {
        locations_[w.location] = {};
    }
    w.before = w.after = no_event;
}

void graph::link_write(event_id write, event_id before) noexcept {
    event& w = events_[write];
    w.before = before;
    w.after = events_[before].after;
    events_[before].after = write;
    if (w.after != no_event)
        events_[w.after].before = write;
    else
        locations_[w.location].newest = write;
}

void graph::place_first(event_id write) {
    const location_id where = events_[write].location;
    if (where >= locations_.size()) locations_.resize(where + 1);
    locations_[where] = {.first = write, .newest = write};
}

void graph::place(event_id write, event_id before) {
    unlink_write(write);
    link_write(write, before);
    if (is_sc()) view_place(write);
}

/// Of a write that was just put somewhere.
void graph::view_place(event_id write) {
    undo_views(write);
    const event& w = events_[write];
    vector_clock view = after_previous(views_, place_of_last(write));
    view.join(views_[w.before]);
    for (event_id r = events_[w.before].readers; r != no_event; r = events_[r].next_reader)
        view.join(views_[r]);
    views_.put(write, view);
    if (w.after != no_event) order_views(write, w.after);
}

bool graph::place_exclusive(event_id write) {
    const event_id read_from = events_[before_in_thread(write)].rf;
    const event_id next = events_[read_from].after;
    const bool is_free = next == no_event || !events_[next].exclusive;
    link_write(write, read_from);
    if (is_free && is_sc()) view_place(write);
    return is_free;
}

// --- Happens-before -----------------------------------------------------------------------------

vector_clock graph::released_by_fence(event_id write) const {
    const event& w = events_[write];
    for (unsigned po = w.po; po-- > 0;) {
        const event_id id = threads_[w.thread][po];
        if (events_[id].kind == event_kind::fence && is_release(events_[id].order)) return hb_[id];
    }
    return {};
}

vector_clock graph::own_release(event_id write) const {
    if (is_release(events_[write].order)) return hb_[write];
    return fences_ != 0 ? released_by_fence(write) : vector_clock{};
}

void graph::compute_fence(event_id fence) {
    const event& f = events_[fence];
    if (!is_acquire(f.order)) return;
    vector_clock before = hb_[fence];
    for (unsigned po = f.po; po-- > 0;) {
        const event& e = events_[threads_[f.thread][po]];
        if (e.kind == event_kind::fence && is_acquire(e.order)) break;  // It has joined the rest.
        if (e.is_read()) before.join(release_[e.rf]);
    }
    hb_.put(fence, before);
}

// --- Interleavings (model::sc) ------------------------------------------------------------------

void graph::order_views(event_id from, event_id to) {
    const vector_clock seen = views_[from];
    for (event_id id = 1; id <= size_; ++id) {
        if (!contains(views_, id, to)) continue;
        vector_clock view = views_[id];
        overwritten_.push_back({.cause = size_, .id = id, .view = view});
        view.join(seen);
        views_.put(id, view);
    }
}

void graph::undo_views(event_id first_cause) {
    while (!overwritten_.empty() && overwritten_.back().cause >= first_cause) {
        views_.put(overwritten_.back().id, overwritten_.back().view);
        overwritten_.pop_back();
    }
}

/// What was seen by way of an event that is gone, of what `read` read, or of where the last write
/// stood, has to be found anew.
void graph::rebuild_views(const graph& from, event_id read) {
    vector_clock kept = vector_clock::after_set_up();
    for (unsigned t = 1; t < threads_seen_; ++t) kept.set(t, length(t));
    kept.set(events_[read].thread, events_[read].po);
    kept.set(events_[size_].thread, events_[size_].po);
    thread_local std::vector<event_id> stale;
    stale.clear();
    for (std::size_t old = 1; old < renamed_.size(); ++old) {
        const event_id id = renamed_[old];
        if (id == no_event) continue;
        const vector_clock view = from.views_[old];
        const bool fresh = view.within(kept);
        views_.put(id, fresh ? view : porf_[id]);
        if (fresh) continue;
        stale.push_back(id);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (const event_id id : stale) {
            const event& e = events_[id];
            vector_clock view = views_[id];
            view.join(views_[before_in_thread(id)]);
            if (e.is_read()) view.join(views_[e.rf]);
            if (e.is_write() && e.before != no_event) {
                view.join(views_[e.before]);
                for (event_id r = events_[e.before].readers; r != no_event;
                     r = events_[r].next_reader)
                    view.join(views_[r]);
            }
            if (view == views_[id]) continue;
            views_.put(id, view);
            changed = true;
        }
    }
}

// --- Taking away --------------------------------------------------------------------------------

void graph::truncate(event_id last) {
    if (size_ <= last) return;
    if (is_sc()) undo_views(last + 1);
    for (; size_ > last; --size_) {
        const event& e = events_[size_];
        if (e.is_read()) unlink_reader(size_);
        if (e.is_write()) unlink_write(size_);
        if (e.kind == event_kind::fence) --fences_;
        if (e.order == std::memory_order::seq_cst && e.kind != event_kind::choice) --sc_events_;
        threads_[e.thread].pop_back();
    }
}

event_id graph::become_revisit(const graph& from, event_id read, event_id write) {
    const vector_clock prefix = from.porf_[write];
    rules_ = from.rules_;
    while (events_.size() < from.events_.size()) make_room();
    if (from.porf_.is_wide()) widen();
    if (porf_.is_wide() != from.porf_.is_wide()) *this = from;  // Widths meet, once.
    overwritten_.clear();
    fences_ = sc_events_ = 0;

    // What is not newer than the read stays as it is.
    std::copy_n(from.events_.begin(), read + 1, events_.begin());
    std::copy_n(from.names_.begin(), read + 1, names_.begin());
    porf_.copy(from.porf_, read + 1U);
    hb_.copy(from.hb_, read + 1U);
    release_.copy(from.release_, read + 1U);
    renamed_.resize(from.size_ + 1U);
    std::iota(renamed_.begin(), renamed_.begin() + read + 1, event_id{0});
    size_ = read;
    for (event_id old = read + 1U; old <= write; ++old) {
        renamed_[old] = no_event;
        if (!from.contains(prefix, old)) continue;
        const event_id id = ++size_;
        renamed_[old] = id;
        events_[id] = from.events_[old];
        names_[id] = from.names_[old];
        porf_.put(id, from.porf_[old]);
        hb_.put(id, from.hb_[old]);
        release_.put(id, from.release_[old]);
    }
    keep_threads(from);
    for (event_id id = 1; id <= size_; ++id) {
        event& e = events_[id];
        e.readers = e.before = e.after = no_event;
        if (e.kind == event_kind::fence) ++fences_;
        if (e.order == std::memory_order::seq_cst && e.kind != event_kind::choice) ++sc_events_;
    }
    for (event_id id = 1; id <= size_; ++id)
        if (events_[id].is_read() && id != read) link_reader(id, renamed_[events_[id].rf]);

    locations_.assign(from.locations_.size(), {});
    for (location_id where = 0; where < locations_.size(); ++where) {
        event_id last = no_event;
        for (event_id w = from.locations_[where].first; w != no_event; w = from.events_[w].after) {
            if (renamed_[w] == no_event || w == write) continue;
            if (last == no_event)
                place_first(renamed_[w]);
            else
                link_write(renamed_[w], last);
            last = renamed_[w];
        }
    }
    // What the read saw is forgotten; what it will see comes with revisit().
    events_[read].rf = no_event;
    const place_in_thread here = place_of_last(read);
    porf_.put(read, after_previous(porf_, here));
    hb_.put(read, after_previous(hb_, here));
    if (is_sc()) rebuild_views(from, read);
    return renamed_[write];
}

/// The events that are kept of each thread are its first ones.
void graph::keep_threads(const graph& from) {
    for (unsigned t = 0; t < std::max(threads_seen_, from.threads_seen_); ++t) {
        auto& thread = threads_[t];
        thread.clear();
        for (const event_id old : from.threads_[t]) {
            if (old >= renamed_.size() || renamed_[old] == no_event) break;
            thread.push_back(renamed_[old]);
        }
    }
    threads_seen_ = from.threads_seen_;
}

event_id graph::incomplete_rmw() const noexcept {
    event_id oldest = no_event;
    for (unsigned t = 1; t < threads_seen_; ++t) {
        if (threads_[t].empty()) continue;
        const event_id id = threads_[t].back();
        if (events_[id].is_read() && events_[id].exclusive && (oldest == no_event || id < oldest))
            oldest = id;
    }
    return oldest;
}

std::uint64_t graph::fingerprint() const {
    state_digest all;
    all.restart();
    digest(all);
    return all.key().low;
}

void graph::digest(state_digest& into) const {
    const auto mix_name = [&](event_id id) {
        into.mix(id == no_event ? ~0ULL
                                : (std::uint64_t{events_[id].thread} << 32U) | events_[id].po);
    };
    for (unsigned t = 0; t < max_threads; ++t) {
        into.mix(threads_[t].size());
        for (const event_id id : threads_[t]) {
            const event& e = events_[id];
            into.mix((static_cast<std::uint64_t>(e.kind) << 40U) | e.location);
            if (e.is_read()) mix_name(e.rf);
            if (e.is_read() && e.spurious) into.mix(1);
            if (e.is_write()) mix_name(e.before);
            if (e.kind == event_kind::choice) into.mix(e.value);
        }
    }
}

}  // namespace pidmap_stress::explore
