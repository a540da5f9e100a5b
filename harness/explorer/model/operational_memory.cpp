#include "harness/explorer/model/operational_memory.hpp"

#include <algorithm>

namespace pidmap_stress::explore {

void operational_memory::make_room() {
    room_ = std::max(64U, room_ * 2);
    writes_.resize(room_);
}

void operational_memory::restart(const std::vector<std::uint64_t>& initial, unsigned threads) {
    size_ = 0;
    locations_.resize(initial.size());
    for (std::size_t where = 0; where < initial.size(); ++where) {
        const event_id id = new_write();
        write& w = writes_[id];
        w.value = initial[where];
        w.first_seen = narrow_clock::in_set_up();
        w.released = {};
        w.before = w.after = no_event;
        w.is_closed = false;
        locations_[where] = {.newest = id};
    }
    for (unsigned t = 1; t <= threads; ++t) {
        view& v = views_[t];
        v.now = narrow_clock::after_set_up();
        v.fenced = v.read = {};
        v.own = narrow_clock::lane(t);
        past_[t].clear();
    }
}

void operational_memory::make(unsigned thread, location_id where, std::uint64_t value) {
    if (where >= locations_.size()) locations_.resize(where + 1);
    view& v = views_[thread];
    const event_id id = new_write();
    locations_[where] = {
        .newest = id, .made_at = static_cast<event_id>(v.now.of(thread)), .maker = thread};
    write& w = add(v, id, value, std::memory_order::relaxed);
    w.before = w.after = no_event;
}

}  // namespace pidmap_stress::explore
