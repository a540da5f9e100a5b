// Rounds that write, and come back to where they began.

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {
namespace {

void mix(std::uint64_t& hash, std::uint64_t x) noexcept {
    hash = (hash ^ x) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 29U;
}

}  // namespace

/// A thread is where its state was noted last, and what it did since then follows from that and
/// from what it read.
void machine::follow_state(unsigned thread, event_id id) {
    const graph& g = *graph_;
    const event& e = g[id];
    std::uint64_t& digest = rounds_.digest[thread];
    if (threads_[thread].fresh_state) {
        digest = threads_[thread].state.hash;
        threads_[thread].fresh_state = false;
    }
    mix(digest, reinterpret_cast<std::uintptr_t>(e.site));
    mix(digest, e.value);
    const bool stale = (e.is_read() && !e.exclusive && g[e.rf].after != no_event) ||
                       (e.is_write() && e.after != no_event);
    // What is up to the explorer, or is not as it would be in time, is no part of a round.
    if (stale || e.spurious || e.kind == event_kind::choice) mix(digest, id);
    if (e.is_write() || e.exclusive) ++rounds_.writes;
}

/// Wherever the cell lies: what is on the heap is in nobody's state.
void machine::watch_plain_write(const plain_request& write) {
    const auto value_of = [&](std::uint64_t value) {
        std::uint64_t hash = to_value(write.address);
        mix(hash, value);
        return hash;
    };
    if (write.comparable)
        rounds_.plain_values += value_of(write.value) - value_of(write.old_value);
    else
        mix(rounds_.plain_values, 1);  // It is never again as it was.
}

std::uint64_t machine::state_of_all() const {
    const graph& g = *graph_;
    std::uint64_t hash = 1;
    for (unsigned t = 1; t <= thread_count_; ++t) {
        mix(hash, static_cast<std::uint64_t>(is_[t]));
        if (is_[t] != status::ended) mix(hash, rounds_.digest[t]);
        mix(hash, threads_[t].section_depth);
    }
    for (location_id where = 0; where < cells_.size(); ++where)
        if (g.first(where) != no_event) mix(hash, g[g.newest(where)].value);
    mix(hash, hash_memory());
    mix(hash, rounds_.plain_values);
    mix(hash, heap_.blocks_made());
    return hash;
}

/// Whether everything is as it was before, all who can go on have gone on since, and somebody has
/// written: then this may go on forever, however fair the scheduler is.
/// \return whether that was found.
bool machine::watch_rounds(unsigned thread, event_id id) {
    follow_state(thread, id);
    round_mark now{.writes = rounds_.writes, .steps = {}};
    for (unsigned t = 1; t <= thread_count_; ++t) now.steps[t] = threads_[t].steps;
    const auto [at, is_new] = rounds_.met.try_emplace(state_of_all(), now);
    if (is_new || !driver_->at_end()) return false;
    const round_mark& then = at->second;
    bool all_went_on = now.writes != then.writes;
    std::string who;
    for (unsigned t = 1; t <= thread_count_; ++t) {
        const status is = is_[t];
        if (is == status::ended || is == status::frozen) continue;
        const bool went_on = now.steps[t] != then.steps[t];
        all_went_on = all_went_on && (went_on || is == status::spinning);
        if (went_on) who += (who.empty() ? "thread " : ", thread ") + std::to_string(t);
    }
    if (!all_went_on) return false;
    if (frozen_.thread == 0)
        record({.kind = finding_kind::livelock, .what = who + " may loop forever"});
    else
        record({.kind = finding_kind::progress,
                .what = "while thread " + std::to_string(frozen_.thread) + " stands still, " + who +
                        " may loop forever",
                .broken = invariant::progress,
                .frozen_thread = frozen_.thread,
                .frozen_after = frozen_.after});
    return true;
}

}  // namespace pidmap_stress::explore
