#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/explorer/model/event.hpp"
#include "harness/explorer/model/heap.hpp"
#include "harness/explorer/model/state_digest.hpp"
#include "harness/explorer/model/vector_clock.hpp"
#include "harness/explorer/run/driver.hpp"
#include "harness/explorer/run/execution.hpp"
#include "harness/explorer/run/machine/walked_reads.hpp"
#include "harness/explorer/run/site_set.hpp"

/// What the machine remembers in a run, of threads and of plain cells.
namespace pidmap_stress::explore {

/// When a plain cell was accessed last. It is kept apart from the cell's value, which may be
/// the same again when this is not.
struct plain_record {
    const void* address;
    block* in;
    std::uint64_t value;  // If it is too large, something that two values never share.
    const char* name;     // Or nullptr.
    vector_clock reads{};
    std::uint16_t writer = 0;
    std::uint16_t written_at = 0;
};
/// What is looked at to tell a state from others; kept for its memory.
struct state_scratch {
    state_digest digest;
    thread_list live;                               // Threads that may yet do a step ...
    std::array<vector_clock, max_threads> knows{};  // ... and what happened before that.
    std::vector<event_id> releases;                 // Writes that somebody may yet acquire.
    std::vector<open_location> open;
};
/// How a thread is.
enum class thread_status : std::uint8_t {
    ready = 0,
    waiting,
    spinning,
    frozen,
    failed,
    gave_up,
    ended
};
/// What a thread's next step depends on.
struct local_state {
    std::uint64_t hash = 0;    // Of its registers and its stack.
    std::uint64_t memory = 0;  // Of the program's state, except its cells.
    std::uint64_t switches = 0;
    /// Memory that changed while other threads ran says nothing of this one.
    [[nodiscard]] bool same_as(const local_state& other) const noexcept {
        return hash == other.hash && (memory == other.memory || switches != other.switches);
    }
};
/// A state before an event.
struct noted_state {
    unsigned po;
    local_state at;
};
/// A thread of the program, in one run.
struct thread_state {
    unsigned cursor = 0;  // Its next event.
    unsigned steps = 0;
    event_id waits_for = no_event;  // thread_status::waiting: a write that is yet to be replayed.
    unsigned loop_begin = 0;        // thread_status::spinning: the events of its round ...
    unsigned loop_end = 0;          // ... are these.
    unsigned read_newest = 0;       // How many reads may not be stale.
    unsigned cells_made = 0;
    unsigned failures_left = 0;  // Of allocations.
    unsigned wake_ups_left = 0;  // Spurious ones.
    unsigned section_depth = 0;
    unsigned section_begin = 0;
    unsigned sections = 0;    // How many it has entered.
    unsigned awaits = 0;      // How many loops that only wait it has begun.
    unsigned effects_at = 0;  // Events before this cannot be part of a round without effect.
    unsigned plain_at = 0;    // A plain cell was accessed last before this event.
    unsigned notes_from = 0;  // Of events before this, no state need be noted.
    site_filter read_at;      // Step by step: where it has read since it last changed something.
    walked_reads walked;      // Of a walk.
    bool updated = false;
    bool by_reference = false;       // Its steps are those of an atomic_ref.
    bool in_await = false;           // It is in a loop that only waits.
    unsigned deferred_releases = 0;  // How deep in the destructors of retired objects.
    bool has_state = false;
    bool state_is_of_loop = false;  // It was asked for as the head of one.
    bool fresh_state = false;       // Nobody has followed it on yet.
    local_state state;
    std::vector<noted_state> states;
    std::string label;
};

/// What is watched for livelocks.
struct rounds {
    std::array<std::uint64_t, max_threads> digest{};  // Of each thread's state.
    unsigned writes = 0;
    std::uint64_t plain_values = 0;  // A sum over the plain cells that were written.
    std::unordered_map<std::uint64_t, round_mark> met;
};

}  // namespace pidmap_stress::explore
