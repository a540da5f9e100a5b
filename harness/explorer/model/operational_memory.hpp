#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "harness/explorer/model/event.hpp"
#include "harness/explorer/model/vector_clock.hpp"

namespace pidmap_stress::explore {

/// The memory of an execution that goes step by step and takes nothing back: what a graph lets each
/// thread read, without the graph. Each thread knows what happens before its next step; each write
/// knows by which event each thread has seen it first, and what it releases. That is all of RC11
/// and of the standard, except sequentially consistent operations, which are left to a graph.
///
/// Events are counted as a graph counts them: a read-modify-write that stored is two.
class operational_memory {
public:
    /// How many threads, with the main one, have clocks of one register.
    static constexpr unsigned most_threads = narrow_clock::lanes;

    /// Forgets everything, and makes locations 0, 1, ... with these values, for threads 1, 2, ...
    void restart(const std::vector<std::uint64_t>& initial, unsigned threads);
    /// Makes a location; a step of `thread`.
    void make(unsigned thread, location_id where, std::uint64_t value);
    [[nodiscard]] bool is_made(location_id where) const noexcept {
        return where < locations_.size() && locations_[where].newest != no_event;
    }
    /// Whether it was made before the next step of `thread`. \pre It is made.
    [[nodiscard]] bool was_made_before(location_id where, unsigned thread) const noexcept {
        const location& l = locations_[where];
        return l.maker == thread || happened_before(thread).contains(l.maker, l.made_at);
    }
    /// The last value in modification order. \pre The location is made.
    [[nodiscard]] std::uint64_t newest(location_id where) const noexcept {
        return writes_[locations_[where].newest].value;
    }
    [[nodiscard]] std::uint64_t value(event_id of) const noexcept { return writes_[of].value; }

    /// Chooses what a read of `thread` reads, by `pick(n)` if there are n > 1 writes, newest first.
    template <class Pick>
    [[nodiscard, gnu::always_inline]] event_id choose_write(unsigned thread, location_id where,
                                                            Pick pick) const {
        return choose(thread, where, [](const write&) { return true; }, pick);
    }
    /// The same for a read-modify-write; of a compare-exchange, with the value that it expects.
    template <class Pick>
    [[nodiscard, gnu::always_inline]] event_id choose_write(unsigned thread, location_id where,
                                                            rmw_op op, std::uint64_t expected,
                                                            Pick pick) const {
        const auto may_read = [&](const write& w) {
            // Only a write half's place can be taken.
            return !w.is_closed || (op == rmw_op::cas && w.value != expected);
        };
        return choose(thread, where, may_read, pick);
    }
    /// Chooses where a store goes: behind which write, by `pick(n)` as above.
    template <class Pick>
    [[nodiscard, gnu::always_inline]] event_id choose_place(unsigned thread, location_id where,
                                                            Pick pick) const {
        return choose(thread, where, [](const write& w) { return !w.is_closed; }, pick);
    }

    /// A read that stores nothing.
    void read(unsigned thread, event_id from, std::memory_order order) noexcept {
        see(views_[thread], writes_[from], is_acquire(order));
    }
    /// A read-modify-write that stores `value`.
    void update(unsigned thread, location_id where, event_id from, std::uint64_t value,
                std::memory_order order) {
        const event_id id = new_write();
        view& v = views_[thread];
        write& read = writes_[from];
        see(v, read, is_acquire(order));
        write& w = add(v, id, value, order);
        w.released.join(read.released);  // A release sequence goes on through it.
        link(w, id, read, from, where);
        read.is_closed = true;
    }
    void store(unsigned thread, location_id where, std::uint64_t value, std::memory_order order,
               event_id behind) {
        const event_id id = new_write();
        link(add(views_[thread], id, value, order), id, writes_[behind], behind, where);
    }
    /// \pre The order is not relaxed.
    void fence(unsigned thread, std::memory_order order) noexcept {
        view& v = views_[thread];
        v.now.count(v.own);
        if (is_acquire(order)) v.now.join(v.read);
        if (is_release(order)) v.fenced = v.now;
    }
    /// An event that is about no location.
    void pass(unsigned thread) noexcept { views_[thread].now.count(views_[thread].own); }

    /// Everything that happens before what `thread` does next.
    [[nodiscard]] vector_clock happened_before(unsigned thread) const noexcept {
        return views_[thread].now.widened();
    }

    /// Keeps what happens before the next step of `thread`, which has had `events`, for the second
    /// form of happened_before().
    void remember_view(unsigned thread, unsigned events) {
        past_[thread].resize(events, views_[thread].now);
    }
    /// Everything that happens before what `thread` did after its first `events`.
    /// \pre Views were remembered after each of its steps.
    [[nodiscard]] vector_clock happened_before(unsigned thread, unsigned events) const noexcept {
        return events == 0 ? vector_clock::after_set_up() : past_[thread][events - 1].widened();
    }

private:
    struct write {
        std::uint64_t value = 0;
        event_id before = no_event;
        event_id after = no_event;
        bool is_closed = false;   // The write right behind it is a write half.
        narrow_clock first_seen;  // By thread: its first event that is this write, or reads it.
        narrow_clock released;    // What an acquire that reads it synchronizes with.
    };
    struct location {
        event_id newest = no_event;
        event_id made_at = 0;
        unsigned maker = 0;
    };
    struct view {
        narrow_clock now;     // What happens before the thread's next event.
        narrow_clock fenced;  // What its last release fence releases.
        narrow_clock read;    // What an acquire fence would synchronize with.
        narrow_clock own;     // Ones in the thread's lane.
    };

    template <class May, class Pick>
    [[nodiscard, gnu::always_inline]] event_id choose(unsigned thread, location_id where, May may,
                                                      Pick pick) const {
        const narrow_clock now = views_[thread].now;
        const event_id newest = locations_[where].newest;
        const write* const writes = writes_.data();
        // What is seen hides all that is behind it, and nothing can be in the newest one's way.
        if (now.has_any(writes[newest].first_seen)) return newest;
        unsigned options = 1;
        event_id oldest = newest;
        do {
            oldest = writes[oldest].before;
            if (may(writes[oldest])) ++options;
        } while (!now.has_any(writes[oldest].first_seen));
        event_id chosen = newest;
        for (unsigned skip = options < 2 ? 0 : pick(options); skip != 0;) {
            chosen = writes[chosen].before;
            if (may(writes[chosen])) --skip;
        }
        return chosen;
    }

    static void see(view& v, write& w, bool acquires) noexcept {
        w.first_seen.meet(narrow_clock::first_of(v.own, v.now));
        v.now.count(v.own);
        if (acquires) v.now.join(w.released);
        v.read.join(w.released);
    }
    event_id new_write() {
        const event_id id = ++size_;
        if (id >= room_) [[unlikely]]
            make_room();
        return id;
    }
    write& add(view& v, event_id id, std::uint64_t value, std::memory_order order) noexcept {
        write& w = writes_[id];
        w.first_seen = narrow_clock::first_of(v.own, v.now);
        v.now.count(v.own);
        w.value = value;
        w.released = is_release(order) ? v.now : v.fenced;
        w.is_closed = false;
        return w;
    }
    void link(write& w, event_id id, write& behind, event_id behind_id,
              location_id where) noexcept {
        w.before = behind_id;
        w.after = std::exchange(behind.after, id);
        if (w.after != no_event)
            writes_[w.after].before = id;
        else
            locations_[where].newest = id;
    }
    void make_room();

    event_id size_ = 0;
    unsigned room_ = 0;  // As many writes as there is memory for.
    std::vector<write> writes_;
    std::vector<location> locations_;
    std::array<view, most_threads> views_;
    std::array<std::vector<narrow_clock>, most_threads> past_;
};

}  // namespace pidmap_stress::explore
