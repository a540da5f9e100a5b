// Waiting loops.
//
// A round is *without effect* if it brings its thread back to the state in which it began and has
// written nothing but what was there: it consists of reads, of fences, and of *silent* updates,
// which store the value that they read, as the failed `exchange(true)` of a spin lock does. Such a
// round can be cut out of any execution, and what is left is an execution with the same outcome:
// - Who read a silent update's write reads what that read instead, and gets the same value. The
//   write leaves modification order, and between its neighbours nothing comes in: an update that
//   had read it now stands right behind what it reads.
// - All that is ordered without the round was ordered with it. Who synchronized with the silent
//   write synchronizes with what that continued the release sequence of. So no cycle that the
//   model forbids can come about; and what raced, as nothing ordered it, still races.
// So an exhaustive search ends each thread at the end of its first such round; in other executions
// the thread has read something else instead. A round that accesses plain cells may be one half of
// a race, so one such round is let pass, for the other half to come after it.
//
// A thread *waits* if it may repeat its round just so, forever, as it has seen one value only at
// each location. Step by step, only who waits is stopped: whoever has seen two values there will
// see something else next time. And a round of several iterations must be such a one in an
// exhaustive search as well: to end all others would be right, but other tools count executions
// without doing so.

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <utility>

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {
namespace {

std::uint64_t hash_bytes(std::uint64_t hash, const void* begin, std::size_t size) {
    const auto* p = static_cast<const char*>(begin);
    const auto mix = [&hash](std::uint64_t word) {
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        hash ^= hash >> 32U;
    };
    for (; size >= sizeof(std::uint64_t);
         p += sizeof(std::uint64_t), size -= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, p, sizeof word);
        mix(word);
    }
    for (; size > 0; ++p, --size) mix(static_cast<unsigned char>(*p));
    return hash | 1U;
}

/// AddressSanitizer marks dead stack, and reading it is what is wanted here.
[[gnu::noinline]]
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__)
[[gnu::no_sanitize_address]]
#endif
std::uint64_t hash_stack(const char* from, const char* to) {
    // Four lanes, because each step of one waits for a multiplication.
    constexpr std::size_t lanes = 4;
    std::uint64_t lane[lanes] = {1, 2, 3, 4};
    const auto* word = reinterpret_cast<const std::uint64_t*>(from);
    const auto* const end = reinterpret_cast<const std::uint64_t*>(to);
    for (; word + lanes <= end; word += lanes)
        for (std::size_t i = 0; i < lanes; ++i)
            lane[i] = (std::rotl(lane[i], 29) ^ word[i]) * 0x9e3779b97f4a7c15ULL;
    for (; word < end; ++word) lane[0] = (std::rotl(lane[0], 29) ^ *word) * 0x9e3779b97f4a7c15ULL;
    std::uint64_t hash = 0;
    for (const std::uint64_t l : lane) hash = (std::rotl(hash, 31) ^ l) * 0xd6e8feb86659fd93ULL;
    return hash;
}

/// Stands for the state of a thread in its n-th loop that only waits.
[[nodiscard]] std::uint64_t split_state(unsigned n) noexcept {
    return (n + 1U) * 0x9e3779b97f4a7c15ULL;
}

/// Whether two reads ask for the same, at the same place in the program.
bool same_request(const event& a, location_id where, const void* site,
                  const machine::update_request& b) noexcept {
    return a.site == site && a.location == where && a.op == b.op && a.operand == b.operand &&
           a.expected == b.expected;
}

}  // namespace

// Not instrumented, and next to nothing in it: whatever stood in registers before it had looked
// would not be the caller's, and two states would seem to be one.
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__)
[[gnu::no_sanitize_address]]
#endif
void machine::note_state() {
    const auto note = [](const std::jmp_buf& registers,
                         const char* frame) __attribute__((noinline)) {
        machine& m = *current_;
        const engine_call here(m);
        thread_state& s = m.threads_[m.self()];
        std::uint64_t hash = hash_stack(frame, m.fibers_.stack_base(m.self()));
        hash = hash_bytes(hash, registers[0].__jmpbuf, sizeof registers[0].__jmpbuf);
        s.state = {.hash = hash, .memory = m.hash_memory(), .switches = m.fibers_.switches()};
        s.has_state = s.fresh_state = true;
        m.notes_states_ = true;
    };
    std::jmp_buf registers;
    if (_setjmp(registers) == 0)
        note(registers, static_cast<const char*>(__builtin_frame_address(0)));
}

void machine::note_round() noexcept {
    // Histories are of what is on the stack.
    if (wants_history()) return note_state();
    const engine_call here(*this);
    thread_state& s = threads_[self()];
    s.state = {.hash = split_state(s.awaits), .memory = 0, .switches = 0};
    s.has_state = s.fresh_state = true;
    notes_states_ = true;
}

std::uint64_t machine::hash_memory() const {
    const auto memory = instance_->memory();
    constexpr std::size_t most = 4096;
    return hash_bytes(1, memory.data(), std::min(memory.size(), most));
}

/// Whether this read may be the head of a loop that comes round again: the thread has read here
/// before and has changed nothing since.
bool machine::may_go_round(unsigned thread, location_id where, const void* site,
                           const update_request& next) {
    const graph& g = *graph_;
    bool latest = true;
    for (unsigned po = g.length(thread); po-- > threads_[thread].effects_at;) {
        const event& e = g[g.at(thread, po)];
        if (e.kind == event_kind::choice) return false;
        if (e.kind == event_kind::write && !silent(g.at(thread, po))) return false;
        if (!e.is_read() || e.site != site) continue;
        const bool one_iteration = std::exchange(latest, false);
        if (!same_request(e, where, site, next) || !is_round(thread, po, one_iteration)) continue;
        if (interleaves_) return true;
        // To compare with that one, its state is needed too: run again, and note it on the way.
        loop_sites_.insert(site);
        again_ = true;
        abandon(execution_end::blocked);
    }
    return false;
}

/// Whether a write is the second half of an update that stores what it read.
bool machine::silent(event_id update) const noexcept {
    const graph& g = *graph_;
    const event& w = g[update];
    return w.is_write() && w.exclusive && g[g.at(w.thread, w.po - 1U)].value == w.value;
}

/// Whether the events from `begin` on are reads, fences and silent updates only.
bool machine::without_effect(unsigned thread, unsigned begin) const {
    const graph& g = *graph_;
    for (unsigned po = begin; po < g.length(thread); ++po) {
        const event& e = g[g.at(thread, po)];
        if (!e.is_read() && e.kind != event_kind::fence && !silent(g.at(thread, po))) return false;
    }
    return true;
}

/// Whether the events from `begin` on could be repeated just so, forever: they are without effect,
/// and all those of one location saw the same value.
bool machine::repeatable(unsigned thread, unsigned begin) const {
    const graph& g = *graph_;
    for (unsigned po = begin; po < g.length(thread); ++po) {
        const event& e = g[g.at(thread, po)];
        for (unsigned other = begin; e.is_read() && other < po; ++other) {
            const event& o = g[g.at(thread, other)];
            if (o.is_read() && o.location == e.location && o.value != e.value) return false;
        }
    }
    return without_effect(thread, begin);
}

/// Whether the events from `begin` on are a round that a thread may be stopped after.
bool machine::is_round(unsigned thread, unsigned begin, bool one_iteration) const {
    if (one_iteration && !interleaves_) return without_effect(thread, begin);
    return repeatable(thread, begin);
}

/// The number of a thread's events up to the last one that no round without effect can hold: what
/// is new will not be compared with what was before it.
unsigned machine::last_effect(unsigned thread) const {
    const graph& g = *graph_;
    unsigned po = g.length(thread);
    while (po > 0) {
        const event& e = g[g.at(thread, po - 1)];
        if (e.is_write() ? !silent(g.at(thread, po - 1)) : e.kind == event_kind::choice) break;
        --po;
    }
    return po;
}

/// Whether the thread is where it was before, with nothing changed that it can see: then it would
/// go round until another thread writes.
bool machine::goes_round(unsigned thread, location_id where, const void* site,
                         const update_request& next) {
    thread_state& s = threads_[thread];
    s.has_state = false;
    const graph& g = *graph_;
    const unsigned here = g.length(thread);
    bool may_race = true;
    bool latest = true;
    for (auto it = s.states.rbegin(); it != s.states.rend() && it->po >= s.effects_at; ++it) {
        if (it->po >= here) continue;
        const event& e = g[g.at(thread, it->po)];
        if (e.site != site) continue;
        const bool one_iteration = std::exchange(latest, false);
        if (!it->at.same_as(s.state) || !same_request(e, where, site, next)) continue;
        if (!is_round(thread, it->po, one_iteration)) continue;
        if (s.plain_at > it->po && std::exchange(may_race, false)) continue;
        waited_ |= repeatable(thread, it->po);
        s.loop_begin = it->po;
        s.loop_end = here;
        return true;
    }
    s.states.push_back({.po = here, .at = s.state});
    return false;
}

void machine::round_without_effect(unsigned thread) {
    thread_state& s = threads_[thread];
    if (!interleaves_) stop_here(status::spinning);
    is_[thread] = status::spinning;
    const bool can_go_on = collect_runnable(thread);
    unsigned next = 0;  // If nobody can go on, that is the end.
    if (!runnable_->empty()) {
        next = driver_->next_thread(*runnable_, can_go_on);
        if (next == 0) abandon(execution_end::known);
    }
    if (next != thread) fibers_.switch_to(next);
    is_[thread] = status::ready;
    s.states.push_back({.po = graph_->length(thread), .at = s.state});
    s.read_newest = 0;
    for (unsigned po = s.loop_begin; po < s.loop_end; ++po)
        if ((*graph_)[graph_->at(thread, po)].is_read()) ++s.read_newest;
}

}  // namespace pidmap_stress::explore
