#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <vector>

#include "harness/explorer/model/event.hpp"
#include "harness/explorer/model/fault.hpp"
#include "harness/explorer/model/state_digest.hpp"
#include "harness/explorer/model/vector_clock.hpp"

namespace pidmap_stress::explore {

/// What consistency means for a graph, and nothing else.
struct memory_rules {
    model consistency = model::rc11;
    cas_failure_order on_failure = cas_failure_order::cxx20;
    planted_fault fault = planted_fault::none;
};

/// An execution: the events of each thread in program order, what each read reads from, and for
/// each location one modification order. Events are only ever added at the end and taken from
/// there, so that an older state is a prefix; all that is derived is kept up to date on the way.
class graph {
public:
    explicit graph(memory_rules rules = {});

    /// Forgets everything.
    void clear(memory_rules rules);
    /// Forgets everything but the initial writes of the first `locations` locations, all of which
    /// thread 0 made first of all.
    void rewind(std::size_t locations);
    /// Whether causes() and comes_before() are to be known. What goes step by step needs neither.
    void track_causes(bool wanted) noexcept { tracks_causes_ = wanted; }
    /// Becomes `from`, cut down to the events up to `read` and all that `write` depends on, where
    /// `read` reads from `write`. The write is last, without a place in modification order yet.
    /// \return its new stamp.
    event_id become_revisit(const graph& from, event_id read, event_id write);
    /// Takes away all events with a stamp above `last`.
    void truncate(event_id last);

    [[nodiscard]] event_id size() const noexcept { return size_; }
    [[nodiscard]] const event& operator[](event_id id) const noexcept { return events_[id]; }
    [[nodiscard]] event_id at(unsigned thread, unsigned po) const noexcept {
        return threads_[thread][po];
    }
    [[nodiscard]] unsigned length(unsigned thread) const noexcept {
        return static_cast<unsigned>(threads_[thread].size());
    }
    /// No thread from this one on has events.
    [[nodiscard]] unsigned threads_end() const noexcept { return threads_seen_; }
    [[nodiscard]] event_id last_of(unsigned thread) const noexcept {
        return threads_[thread].empty() ? no_event : threads_[thread].back();
    }
    [[nodiscard]] std::size_t locations() const noexcept { return locations_.size(); }
    /// The initial write of a location, or no_event while it is not made in this graph.
    [[nodiscard]] event_id first(location_id where) const noexcept {
        return where < locations_.size() ? locations_[where].first : no_event;
    }
    /// The last write in modification order.
    [[nodiscard]] event_id newest(location_id where) const noexcept {
        return locations_[where].newest;
    }
    [[nodiscard]] const memory_rules& rules() const noexcept { return rules_; }

    /// A new event to fill in, for append(). In place: short stores and a copy would stall.
    [[nodiscard]] event& draft() {
        if (size_ + 2U >= events_.size()) make_room();
        event& e = events_[size_ + 1U];
        e = event{};
        return e;
    }
    /// Adds what draft() gave, at the end of its thread. A read has yet to be given a write by
    /// read_from(), a write its place by place() or place_first().
    event_id append();
    /// Adds the write half of a read-modify-write whose read succeeded and is its thread's last.
    event_id append_exclusive_write(event_id read);
    /// Adds what draft() gave, a read, and makes it read from `write`.
    event_id append_read(event_id write, bool spurious);
    /// What draft() gave.
    [[nodiscard]] const event& drafted() const noexcept { return events_[size_ + 1U]; }
    void set_choice(event_id id, std::uint64_t value) noexcept { events_[id].value = value; }

    /// Makes `read`, the graph's last event, read from `write`: its value, its outcome if it is a
    /// compare-exchange, and its clocks follow.
    void read_from(event_id read, event_id write, bool spurious = false);
    /// Puts `write` right behind `before` in modification order, wherever it was.
    void place(event_id write, event_id before);
    /// After become_revisit(): puts `write` behind `before` and makes `read` read from it.
    void revisit(event_id read, event_id write, event_id before, bool spurious);
    /// Makes `write` the initial one of its location.
    void place_first(event_id write);
    /// Gives a write half its only place.
    /// \return false if another read-modify-write has it: then the graph is inconsistent.
    [[nodiscard]] bool place_exclusive(event_id write);

    /// The oldest write of `where` that coherence lets the next event of `thread` read; a new
    /// write goes behind it.
    [[nodiscard]] event_id oldest_visible(unsigned thread, location_id where) const {
        return oldest_visible_after(last_of(thread), where);
    }
    /// The same for an event that is there: what it saw before it took place.
    [[nodiscard]] event_id oldest_visible_before(event_id id, location_id where) const {
        return oldest_visible_after(before_in_thread(id), where);
    }
    /// Whether a store may go right behind `write` without splitting a read-modify-write.
    [[nodiscard]] bool open_behind(event_id write) const noexcept {
        const event_id next = events_[write].after;
        return next == no_event || !events_[next].exclusive ||
               rules_.fault == planted_fault::store_splits_rmw;
    }
    /// Whether `a` comes before `b`, or is it, in the modification order of their location.
    [[nodiscard]] bool not_after(event_id a, event_id b) const noexcept {
        while (b != a && b != no_event) b = events_[b].before;
        return b == a;
    }

    /// Whether there are operations that such an order must be found for.
    [[nodiscard]] bool needs_sc_order() const noexcept { return !is_sc() && sc_events_ >= 2; }
    /// The same, with one more operation.
    [[nodiscard]] bool needs_sc_order_with(std::memory_order order) const noexcept {
        return !is_sc() && sc_events_ + (order == std::memory_order::seq_cst ? 1U : 0U) >= 2;
    }
    /// Whether there is an order of sequentially consistent operations. Only a choice that was
    /// not the newest write, or not the end of modification order, can break it.
    [[nodiscard]] bool has_sc_order() const;

    /// Everything that an event depends on through program order and reads-from, with itself.
    [[nodiscard]] vector_clock causes(event_id id) const noexcept { return porf_[id]; }
    /// Everything that comes before an event in every interleaving of this execution, with itself.
    [[nodiscard]] vector_clock precedes_always(event_id id) const noexcept {
        return is_sc() ? views_[id] : porf_[id];
    }
    /// Whether `a` comes before `b`, or is it, in every interleaving.
    [[nodiscard]] bool comes_before(event_id a, event_id b) const noexcept {
        return contains(is_sc() ? views_ : porf_, b, a);
    }
    /// Everything that happens before an event, with itself.
    [[nodiscard]] vector_clock happens_before(event_id id) const noexcept { return hb_[id]; }
    /// Everything that happens before what `thread` does next.
    [[nodiscard]] vector_clock happened_before(unsigned thread, unsigned po) const noexcept {
        return po == 0 ? hb_[no_event] : hb_[threads_[thread][po - 1]];
    }
    [[nodiscard]] bool contains(const vector_clock& c, event_id id) const noexcept {
        return c.contains(names_[id].thread, names_[id].po);
    }
    /// A read that is to be followed by its write half and is not, oldest first, or no_event.
    [[nodiscard]] event_id incomplete_rmw() const noexcept;

    [[nodiscard]] bool has_fences() const noexcept { return fences_ != 0; }
    /// Whether there are operations that the order of sequentially consistent ones is about.
    [[nodiscard]] bool has_sc_events() const noexcept { return !is_sc() && sc_events_ != 0; }
    /// What an acquire that reads a write synchronizes with.
    [[nodiscard]] vector_clock released_by(event_id write) const noexcept {
        return release_[write];
    }
    [[nodiscard]] bool releases_nothing(event_id write) const noexcept {
        return events_[write].thread == 0 || release_[write] == vector_clock{};
    }

    /// The same for two graphs exactly if they are the same execution.
    [[nodiscard]] std::uint64_t fingerprint() const;
    void digest(state_digest& into) const;

private:
    struct location {
        event_id first = no_event;
        event_id newest = no_event;
    };
    struct overwritten_view {
        event_id cause;
        event_id id;
        vector_clock view;
    };

    [[nodiscard]] bool is_sc() const noexcept { return rules_.consistency == model::sc; }
    [[nodiscard]] event_id before_in_thread(event_id id) const noexcept {
        const event& e = events_[id];
        return e.po == 0 ? no_event : threads_[e.thread][e.po - 1U];
    }
    [[nodiscard]] bool contains(const clock_table& clocks, event_id of,
                                event_id id) const noexcept {
        return clocks.contains(of, names_[id].thread, names_[id].po);
    }
    [[nodiscard]] event_id oldest_visible_after(event_id seen, location_id where) const;
    /// Where an event stands in its thread, held in registers: what was just stored in short pieces
    /// and is loaded in one long one makes the processor wait.
    struct place_in_thread {
        unsigned thread;
        unsigned po;
        event_id previous;
    };
    /// \pre  The event is its thread's last.
    [[nodiscard]] place_in_thread place_of_last(event_id id) const noexcept {
        const unsigned thread = events_[id].thread;
        const auto& events = threads_[thread];
        assert(events.back() == id);
        const auto po = static_cast<unsigned>(events.size()) - 1;
        return {.thread = thread, .po = po, .previous = po == 0 ? no_event : events[po - 1]};
    }
    /// A clock that has the event in it, and all that the event before it in its thread has.
    [[nodiscard]] static vector_clock after_previous(const clock_table& clocks,
                                                     const place_in_thread& own) noexcept {
        return own.thread == 0 ? clocks[own.previous]
                               : clocks.with(own.previous, own.thread, own.po + 1);
    }
    void make_room();
    void widen();
    place_in_thread enter_thread(event_id id);
    void add_to_thread(event_id id);
    void give_clocks_to_read(event_id read, event_id write, const place_in_thread& here);
    void link_reader(event_id read, event_id write) noexcept;
    void unlink_reader(event_id read) noexcept;
    void unlink_write(event_id write) noexcept;
    void link_write(event_id write, event_id before) noexcept;
    void let_read(event_id read, event_id write, bool spurious);
    void decide_outcome(event& read) const noexcept;
    /// What a write releases by itself, and not as part of a release sequence.
    [[nodiscard]] vector_clock own_release(event_id write) const;
    [[nodiscard]] vector_clock released_by_fence(event_id write) const;
    void compute_fence(event_id fence);
    void view_place(event_id write);
    void order_views(event_id from, event_id to);
    void undo_views(event_id first_cause);
    void rebuild_views(const graph& from, event_id read);
    void keep_threads(const graph& from);

    memory_rules rules_;
    event_id size_ = 0;
    /// Where an event is in its thread, once more and close together: clocks are asked for it.
    struct name {
        std::uint16_t thread;
        event_id po;
    };
    std::vector<event> events_;
    std::vector<name> names_;
    clock_table porf_;
    clock_table hb_;
    clock_table release_;  // What an acquire that reads a write synchronizes with.
    clock_table views_;    // model::sc: all that comes before in every interleaving.
    std::vector<overwritten_view> overwritten_;
    std::array<std::vector<event_id>, max_threads> threads_;
    std::vector<location> locations_;
    std::vector<event_id> renamed_;  // While it is made from another graph.
    unsigned threads_seen_ = 1;      // Threads with a higher number have no events.
    bool tracks_causes_ = true;
    unsigned fences_ = 0;
    unsigned sc_events_ = 0;
};

}  // namespace pidmap_stress::explore
