// "At every instant", in an execution that is a graph and has no instants of its own.

#include <algorithm>
#include <utility>

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {

/// Checks the invariant at every instant that this execution passes through and that no execution
/// before it did. The invariant sees only the cells that it peeks at, so those tell instants
/// apart; which ones they are is found out on the way. They belong to the search, as what it knows
/// does: another machine may go on with it.
void machine::check_instants() {
    const event_id known = driver_->known_instants();
    std::vector<location_id>& cells = *driver_->watched_cells();
    const std::size_t found_before = found_.size();
    watch(cells);
    if (!check_instants(known)) {
        // Which instant was broken first must not depend on what was explored before: so all of
        // them are looked at, as if for the first time.
        found_.resize(found_before);
        broken_instants_.clear();
        std::vector<location_id> anew;
        watch(anew);
        (void)check_instants(0);
        for (const location_id where : anew)
            if (std::ranges::find(cells, where) == cells.end()) cells.push_back(where);
    }
    watched_ = nullptr;
    // Of a graph that is inconsistent, the last event is none.
    const bool inconsistent = abandoned_ == execution_end::inconsistent;
    driver_->know_instants(static_cast<event_id>(graph_->size() - (inconsistent ? 1U : 0U)));
}

void machine::watch(std::vector<location_id>& cells) {
    watched_ = &cells;
    // Some may not have been made this time.
    std::size_t end = cells_.size();
    for (const location_id where : cells) end = std::max<std::size_t>(end, where + 1U);
    main_values_.resize(end);
    is_watched_.assign(end, 0);
    for (const location_id where : cells) is_watched_[where] = 1;
}

/// \return whether nothing was found.
bool machine::check_instants(event_id known) {
    const graph& g = *graph_;
    const auto last =
        static_cast<event_id>(g.size() - (abandoned_ == execution_end::inconsistent ? 1U : 0U));
    const std::size_t found_before = found_.size();
    const phase outer = std::exchange(phase_, phase::finish);
    held_at_.fill(0);
    at_instant_ = true;
    for (bool again = true; again;) {
        again = false;
        instants_.restart(g, thread_count_, *watched_, {.known = known, .last = last});
        while (!again && instants_.next()) {
            std::uint64_t values = 0x243f6a8885a308d3ULL;
            for (std::size_t c = 0; c < watched_->size(); ++c) {
                const event_id w = instants_.newest(c);
                const std::uint64_t value = w == no_event ? 0 : g[w].value;
                main_values_[(*watched_)[c]] = value;
                values = (values ^ value) * 0x9e3779b97f4a7c15ULL;
                values ^= values >> 29U;
            }
            values |= 1;  // 0 is none.
            std::uint64_t& held = held_at_[values % held_at_.size()];
            if (held == values) continue;
            held = values;
            const std::size_t watched = watched_->size();
            const std::size_t found = found_.size();
            const bool ended =
                on_main_thread("a check at an instant", &program_instance::check_invariant);
            broken_instants_.resize(found);
            if (found_.size() != found) broken_instants_.resize(found_.size(), instants_.events());
            if (!ended) break;
            // If it looked at more cells, there are more instants. Those that it did not look at
            // them in stay as they are.
            again = watched_->size() != watched;
            if (again) held_at_.fill(0);
        }
    }
    at_instant_ = false;
    phase_ = outer;
    return found_.size() == found_before;
}

/// A cell that no instant was told apart by so far.
std::uint64_t machine::peek_at_instant(location_id where) {
    const graph& g = *graph_;
    assert(where < is_watched_.size());
    is_watched_[where] = 1;
    watched_->push_back(where);
    main_values_[where] = 0;
    if (g.first(where) == no_event) return 0;
    const vector_clock now = instants_.events();
    event_id w = g.newest(where);
    while (g[w].before != no_event && !g.contains(now, w)) w = g[w].before;
    main_values_[where] = g[w].value;
    return main_values_[where];
}

}  // namespace pidmap_stress::explore
