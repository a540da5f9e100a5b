// "At every instant", in an execution that is a graph and has no instants of its own.

#include <algorithm>
#include <set>

#include "harness/explore/machine.hpp"

namespace pidmap_stress::explore {

/// Checks the invariant at every instant that some interleaving of this execution passes through.
///
/// An instant is a set of events that holds whatever its events depend on: in model::sc, all that
/// comes before in every interleaving; in model::rc11, program order and reads-from. There, cells
/// that only updates change are seen as they are in time; of others, the last write in
/// modification order is seen. Only the writes to cells that the invariant peeks at tell instants
/// apart.
void machine::check_instants() {
    const graph& g = *graph_;
    const phase outer = std::exchange(phase_, phase::finish);
    const std::size_t found_before = found_.size();
    main_values_.assign(cells_.size(), 0);
    for (location_id where = 0; where < cells_.size(); ++where)
        if (g.first(where) != no_event) main_values_[where] = g[g.first(where)].value;

    std::vector<location_id> watched;
    peeked_ = &watched;
    instance_->check_invariant();
    peeked_ = nullptr;
    std::ranges::sort(watched);
    watched.erase(std::unique(watched.begin(), watched.end()), watched.end());

    std::vector<std::vector<event_id>> writes(thread_count_ + 1U);
    for (event_id id = 1; id <= g.size(); ++id)
        if (g[id].is_write() && g[id].thread != 0 &&
            std::ranges::binary_search(watched, g[id].location))
            writes[g[id].thread].push_back(id);

    using instant = std::vector<std::uint16_t>;  // How many of its writes each thread has done.
    std::set<instant> seen;
    std::vector<instant> left{instant(thread_count_ + 1U)};
    while (!left.empty() && found_.size() == found_before) {
        const instant now = left.back();
        left.pop_back();
        clock before = clock::after_set_up();
        for (unsigned t = 1; t <= thread_count_; ++t)
            if (now[t] > 0) before.join(g.precedes_always(writes[t][now[t] - 1U]));
        for (const location_id where : watched) {
            event_id w = g.first(where) == no_event ? no_event : g.newest(where);
            while (w != no_event && g[w].before != no_event && !g.contains(before, w))
                w = g[w].before;
            if (w != no_event) main_values_[where] = g[w].value;
        }
        instance_->check_invariant();
        if (found_.size() != found_before) broken_instant_ = before;
        for (unsigned t = 1; t <= thread_count_; ++t) {
            if (now[t] == writes[t].size()) continue;
            instant next = now;
            ++next[t];
            // All that this write depends on must have been done.
            const clock& needs = g.precedes_always(writes[t][now[t]]);
            bool possible = true;
            for (unsigned u = 1; u <= thread_count_ && possible; ++u)
                possible =
                    u == t || now[u] == writes[u].size() || !g.contains(needs, writes[u][now[u]]);
            if (possible && seen.insert(next).second) left.push_back(std::move(next));
        }
    }
    phase_ = outer;
}

}  // namespace pidmap_stress::explore
