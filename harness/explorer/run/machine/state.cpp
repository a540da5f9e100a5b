// When two executions, step by step, are in the same state, so that the same may follow.

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {

/// What the rest of an execution depends on:
/// - of each thread, where it is and what it remembers: its registers and stack if the program is
///   flat, else all that it was ever told;
/// - of each location, what threads may yet read there, who may still read what, and what an
///   acquire of it lets one know;
/// - of plain cells and of memory, who knows of their last accesses, for races and uses after
///   release to come.
/// Clocks are looked at as far as they answer these questions, and not as numbers.
state_key machine::key_of_state(const lookahead& ahead) {
    state_digest& d = state_.digest;
    d.restart();
    mix_threads(d);
    if (flat_ && rules_.fault != planted_fault::state_without_memory) mix_memory(d);
    if (ahead.whole_graph) {
        graph_->digest(d);
        return d.key();
    }
    mix_locations(d, ahead.choices);
    mix_released(d);
    // These come in whatever order they were made in.
    state_digest::sum all;
    for (const plain_record& cell : plains_) mix_plain(all, cell);
    heap_.for_each([&](const block& b) { mix_block(all, b); });
    d.mix(all);
    return d.key();
}

void machine::mix_threads(state_digest& d) {
    const graph& g = *graph_;
    state_.live.clear();
    for (unsigned t = 1; t <= thread_count_; ++t) {
        const thread_state& s = threads_[t];
        d.mix(static_cast<std::uint64_t>(is_[t]) | (std::uint64_t{s.failures_left} << 8U) |
              (std::uint64_t{s.wake_ups_left} << 20U) | (std::uint64_t{s.read_newest} << 32U));
        // What a flat program's thread leaves behind is in memory.
        if ((!flat_ || is_[t] != status::ended) &&
            rules_.fault != planted_fault::state_without_history)
            d.mix(histories_[t]);
        if (!flat_ || frozen_.thread == t) d.mix(s.steps);
        if (limits_.spurious_failures > 0) d.mix(spurious_failures_of(t));
        if (is_[t] == status::spinning)
            // It goes on as soon as it would see other values than these.
            for (unsigned po = s.loop_begin; po < s.loop_end; ++po) {
                const event& e = g[g.at(t, po)];
                if (e.is_read()) d.mix(e.value);
                if (e.spurious) d.mix(1);
            }
        if (is_[t] != status::ready && is_[t] != status::spinning) continue;
        state_.knows[t] = g.happened_before(t, g.length(t));
        state_.live.push_back(t);
    }
}

void machine::mix_memory(state_digest& d) {
    d.mix_bytes(instance_->memory());
    heap_.for_each([&](const block& b) {
        if (b.is == block::state::live) d.mix_bytes({b.base, b.size});
    });
}

/// Of each location the writes, newest first, down to the oldest one that somebody may yet read.
void machine::mix_locations(state_digest& d, const std::array<location_set, max_threads>& choices) {
    const graph& g = *graph_;
    const bool only_newest =
        rules_.consistency == model::sc || rules_.fault == planted_fault::state_without_old_writes;
    state_.releases.clear();
    state_.open.clear();
    for (location_id where = 0; where < g.locations(); ++where) {
        const event_id first = g.first(where);
        if (first == no_event) continue;
        if (g[first].thread != 0) {  // Not by the set-up: who uses it must know that it is made.
            d.mix(where);
            for (const unsigned t : state_.live) d.mix(g.contains(state_.knows[t], first) ? 1 : 0);
        }
        // Who may read, and who else need not know, of what is older than the writes so far: what
        // one thread knows, it may let another one know that may yet read here.
        std::uint32_t readers = 0;
        std::uint32_t unaware = 0;
        for (const unsigned t : state_.live) {
            if (only_newest) continue;
            unaware |= 1U << t;
            if (choices[t].contains(where)) readers |= 1U << t;
        }
        event_id w = g.newest(where);
        for (;; w = g[w].before) {
            const event& e = g[w];
            d.mix(e.value);
            if (!g.releases_nothing(w)) state_.releases.push_back(w);
            for (const unsigned t : state_.live)
                if ((unaware & 1U << t) != 0 && sees(state_.knows[t], w)) unaware &= ~(1U << t);
            if ((unaware & readers) == 0 || e.before == no_event) break;
            d.mix(unaware | (e.exclusive ? 1U : 0U));
        }
        if (w != g.newest(where)) state_.open.push_back({.where = where, .oldest = w});
        d.mix(readers == 0 ? ~0ULL : ~std::uint64_t{unaware});
    }
}

/// Whether coherence keeps who knows this much from what is older than a write.
bool machine::sees(const vector_clock& knows, event_id write) const noexcept {
    const graph& g = *graph_;
    if (g.contains(knows, write)) return true;
    for (event_id r = g[write].readers; r != no_event; r = g[r].next_reader)
        if (g.contains(knows, r)) return true;
    return false;
}

/// What who acquires a write can no longer read, where there is a choice.
void machine::mix_released(state_digest& d) {
    if (rules_.fault == planted_fault::state_without_releases) return;
    const graph& g = *graph_;
    for (const event_id release : state_.releases) {
        const vector_clock knows = g.released_by(release);
        for (const open_location& open : state_.open) {
            unsigned rank = 0;
            for (event_id w = g.newest(open.where); w != open.oldest && !sees(knows, w);
                 w = g[w].before)
                ++rank;
            d.mix(rank);
        }
    }
}

/// Who knows of what stands right before an event, and who will by what acquire.
void machine::mix_knowledge(state_digest& d, unsigned thread, unsigned po) {
    if (rules_.fault == planted_fault::state_without_knowledge) return;
    bool by_all = true;
    for (const unsigned t : state_.live) {
        const bool known = state_.knows[t].contains(thread, po);
        d.mix(known ? 1 : 0);
        by_all &= known;
    }
    if (by_all) return;
    for (const event_id release : state_.releases)
        d.mix(graph_->released_by(release).contains(thread, po) ? 1 : 0);
}

void machine::mix_plain(state_digest::sum& all, const plain_record& cell) {
    if (cell.writer == 0 && cell.reads == vector_clock{}) return;
    state_digest d;
    d.restart();
    d.mix(to_value(cell.address));
    d.mix(cell.value);
    if (cell.writer != 0) mix_knowledge(d, cell.writer, cell.written_at);
    for (unsigned t = 1; t <= thread_count_; ++t)
        if (cell.reads.of(t) != 0)
            mix_knowledge(d, t, static_cast<unsigned>(cell.reads.of(t)) - 1U);
    all.add(d);
}

void machine::mix_block(state_digest::sum& all, const block& b) {
    state_digest d;
    d.restart();
    d.mix(std::uint64_t{b.owner} << 32U | b.number);
    d.mix(static_cast<std::uint64_t>(b.is));
    if (b.is == block::state::live)
        for (unsigned t = 1; t <= thread_count_; ++t)
            if (b.accessed.of(t) != 0)
                mix_knowledge(d, t, static_cast<unsigned>(b.accessed.of(t)) - 1U);
    all.add(d);
}

}  // namespace pidmap_stress::explore
