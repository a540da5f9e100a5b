// What a thread's steps do: replay what the graph holds, add what it does not.

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <utility>

#include "harness/explore/machine.hpp"

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

/// Whether two reads ask for the same, at the same place in the program.
bool same_request(const event& a, location_id where, const void* site,
                  const machine::update_request& b) noexcept {
    return a.site == site && a.location == where && a.op == b.op && a.operand == b.operand &&
           a.expected == b.expected;
}

}  // namespace

// --- Steps of the main thread, before and after all others --------------------------------------

location_id machine::make_cell(void* address, std::uint64_t initial, const cell_info& info) {
    nonatomic_cells_ |= !info.atomic;
    const auto fill = [&](cell_info& cell) {  // One by one: a copy of short stores would stall.
        cell.bytes = info.bytes;
        cell.role = info.role;
        cell.atomic = info.atomic;
        cell.name = info.name;
        cell.in = heap_.find(address);
    };
    if (!in_threads()) {
        fill(cells_.emplace_back());
        main_values_.push_back(initial);
        return static_cast<location_id>(cells_.size() - 1);
    }
    // The number depends on (thread, how many it made), so it is the same whoever runs first.
    const unsigned t = self();
    thread_state& s = threads_[t];
    const auto where =
        static_cast<location_id>(set_up_cells_ + s.cells_made++ * thread_count_ + (t - 1));
    if (where >= cells_.size()) cells_.resize(where + 1);
    fill(cells_[where]);
    if (replaying(t)) {
        expect((*graph_)[graph_->at(t, s.cursor)], event_kind::write, where);
    } else {
        event& e = graph_->draft();
        e.kind = event_kind::write;
        e.initial = true;
        e.location = where;
        e.value = initial;
        e.bytes = info.bytes;
        e.thread = static_cast<std::uint8_t>(t);
        graph_->place_first(graph_->append());
    }
    ++s.cursor;
    return where;
}

std::uint64_t machine::peek(location_id where) {
    if (peeked_ != nullptr) [[unlikely]]
        peeked_->push_back(where);
    if (at_instant_ && (where >= is_watched_.size() || is_watched_[where] == 0))
        return peek_at_instant(where);
    if (!in_threads()) return main_values_[where];
    return graph_->first(where) == no_event ? 0 : (*graph_)[graph_->newest(where)].value;
}

// --- Whose turn it is ---------------------------------------------------------------------------

/// A step that nobody has done yet is about to be done: who is to do one?
///
/// Inlined, as fewer calls lie around a switch then: the processor foretells where each of them
/// returns to from the fiber that it was on before, and is wrong.
[[gnu::always_inline]] inline void machine::before_new_step(unsigned thread,
                                                            const pending_step& next_step) {
    if (!interleaves_) return;
    driver_->announce(thread, next_step);
    if (starting_) {
        fibers_.switch_to(0);
    } else {
        const bool can_go_on = collect_runnable(thread);
        const unsigned next = driver_->next_thread(runnable_, can_go_on);
        if (next == 0) abandon(run_end::known);
        if (next != thread) fibers_.switch_to(next);
    }
}

// --- Waiting loops ------------------------------------------------------------------------------
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
// A thread *waits* if it may repeat its round just so, for ever, as it has seen one value only at
// each location. Step by step, only who waits is stopped: whoever has seen two values there will
// see something else next time. And a round of several iterations must be such a one in an
// exhaustive search as well: to end all others would be right, but other tools count executions
// without doing so.

// Not instrumented, and next to nothing in it: whatever stood in registers before it had looked
// would not be the caller's, and two states would seem to be one.
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__)
[[gnu::no_sanitize_address]]
#endif
void machine::note_state() {
    const auto note = [](const std::jmp_buf& registers,
                         const char* frame) __attribute__((noinline)) {
        machine& m = *current_;
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
        abandon(run_end::blocked);
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

/// Whether the events from `begin` on could be repeated just so, for ever: they are without effect,
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
    s.is = status::spinning;
    const bool can_go_on = collect_runnable(thread);
    unsigned next = 0;  // If nobody can go on, that is the end.
    if (!runnable_.empty()) {
        next = driver_->next_thread(runnable_, can_go_on);
        if (next == 0) abandon(run_end::known);
    }
    if (next != thread) fibers_.switch_to(next);
    s.is = status::ready;
    s.states.push_back({.po = graph_->length(thread), .at = s.state});
    s.read_newest = 0;
    for (unsigned po = s.loop_begin; po < s.loop_end; ++po)
        if ((*graph_)[graph_->at(thread, po)].is_read()) ++s.read_newest;
}

// --- Reads --------------------------------------------------------------------------------------

void machine::expect(const event& e, event_kind kind, location_id where) {
    if (e.kind == kind && e.location == where) [[likely]]
        return;
    // Memory that is not in the graph has told the thread something else than last time.
    record({.kind = finding_kind::not_deterministic,
            .what = "a thread did something else when it ran again on the same choices",
            .thread = self()});
    abandon(run_end::stopped);
}

reply machine::replay_read(unsigned thread, location_id where, const void* site) {
    thread_state& s = threads_[thread];
    if (s.cursor >= s.notes_from && loop_sites_.contains(site)) {
        if (!s.has_state) return {.value = 0, .done = false};
        s.states.push_back({.po = s.cursor, .at = s.state});
        s.has_state = false;
    }
    const event_id id = graph_->at(thread, s.cursor);
    expect((*graph_)[id], event_kind::read, where);
    wait_for((*graph_)[id].rf);
    touch(thread, where, s.cursor);
    const event& e = (*graph_)[id];
    s.updated = e.exclusive;
    s.cursor += e.exclusive ? 2U : 1U;
    count_step(thread);
    return {.value = e.value, .done = true};
}

unsigned machine::spurious_failures_of(unsigned thread) const noexcept {
    const graph& g = *graph_;
    unsigned failed = 0;
    for (unsigned po = 0; po < g.length(thread); ++po)
        failed += g[g.at(thread, po)].spurious ? 1U : 0U;
    return failed;
}

reply machine::new_read(location_id where, const void* site, const update_request& request) {
    const unsigned t = self();
    thread_state& s = threads_[t];
    graph& g = *graph_;
    if (!s.has_state) {
        s.state_is_of_loop = wants_state(t, where, site, request);
        if (s.state_is_of_loop || wants_history()) return {.value = 0, .done = false};
    }
    if (flat_ && remembers_ && s.has_state) histories_[t] = s.state.hash;
    s.has_state = s.has_state && s.state_is_of_loop;
    if (s.has_state && goes_round(t, where, site, request))
        round_without_effect(t);
    else
        before_new_step(t, {.where = where, .writes = request.op != rmw_op::none, .site = site});

    bool may_fail = false;
    if (request.weak && limits_.spurious_failures > 0)
        may_fail = spurious_failures_of(t) < limits_.spurious_failures;
    touch(t, where, g.length(t));
    if (g.first(where) == no_event) return {.value = 0, .done = true};
    event& e = g.draft();
    e.kind = event_kind::read;
    e.location = where;
    e.op = request.op;
    e.operand = request.operand;
    e.expected = request.expected;
    e.order = e.success = request.success;
    e.failure = request.failure;
    e.site = site;
    e.thread = static_cast<std::uint8_t>(t);
    e.bytes = cells_[where].bytes;
    e.may_fail = may_fail;
    const event_id id = g.append();
    s.read_at.insert(site);
    driver_->choose_write(g, id, s.read_newest > 0);
    if (s.read_newest > 0) --s.read_newest;
    bool consistent = true;
    if (g[id].exclusive) consistent = driver_->place_exclusive(g, g.append_exclusive_write(id));
    if (!consistent) abandon(run_end::inconsistent);
    if (!interleaves_) wait_for(g[id].rf);
    s.updated = g[id].exclusive;
    const std::uint64_t value = g[id].value;
    s.cursor = g[id].po + (s.updated ? 2U : 1U);
    remember(t, value);
    if (g[id].spurious) remember(t, ~0ULL);
    count_step(t);
    if (interleaves_) after_step(t, id);
    return {.value = value, .done = true};
}

reply machine::load(location_id where, std::memory_order order) {
    if (!in_threads()) {
        count_main_step();
        return {.value = main_values_[where], .done = true};
    }
    const unsigned t = self();
    if (frozen_.thread == t && threads_[t].steps >= frozen_.after) stop_here(status::frozen);
    const void* const site = __builtin_return_address(0);
    if (replaying(t)) [[likely]]
        return replay_read(t, where, site);
    return new_read(where, site,
                    {.op = rmw_op::none,
                     .weak = false,
                     .operand = 0,
                     .expected = 0,
                     .success = order,
                     .failure = order});
}

reply machine::update(location_id where, const update_request& request) {
    if (!in_threads()) {
        count_main_step();
        event e{};
        e.value = main_values_[where];
        e.op = request.op;
        e.operand = request.operand;
        e.bytes = cells_[where].bytes;
        threads_[0].updated = request.op != rmw_op::cas || e.value == request.expected;
        if (threads_[0].updated) main_values_[where] = stored_by(e);
        return {.value = e.value, .done = true};
    }
    const unsigned t = self();
    if (frozen_.thread == t && threads_[t].steps >= frozen_.after) stop_here(status::frozen);
    const void* const site = __builtin_return_address(0);
    if (replaying(t)) [[likely]]
        return replay_read(t, where, site);
    return new_read(where, site, request);
}

// --- Other steps --------------------------------------------------------------------------------

reply machine::store(location_id where, std::uint64_t value, std::memory_order order) {
    if (!in_threads()) {
        main_values_[where] = value;
        return {.value = 0, .done = true};
    }
    const unsigned t = self();
    thread_state& s = threads_[t];
    graph& g = *graph_;
    if (frozen_.thread == t && s.steps >= frozen_.after) stop_here(status::frozen);
    if (replaying(t)) [[likely]] {
        const event& e = g[g.at(t, s.cursor)];
        expect(e, event_kind::write, where);
        touch(t, where, s.cursor);
        ++s.cursor;
        count_step(t);
        return {.value = 0, .done = true};
    }
    if (!s.has_state && interleaves_ && (watches_rounds_ || wants_history()))
        return {.value = 0, .done = false};
    if (flat_ && remembers_ && s.has_state) histories_[t] = s.state.hash;
    s.has_state = false;
    before_new_step(t, {.where = where, .writes = true, .site = __builtin_return_address(0)});
    touch(t, where, g.length(t));
    if (g.first(where) == no_event) return {.value = 0, .done = true};
    event& e = g.draft();
    e.kind = event_kind::write;
    e.location = where;
    e.value = value;
    e.bytes = cells_[where].bytes;
    e.order = e.success = order;
    e.site = __builtin_return_address(0);
    e.thread = static_cast<std::uint8_t>(t);
    const event_id id = g.append();
    driver_->choose_place(g, id);
    remember(t, 0);  // It was told nothing, and is elsewhere now.
    s.cursor = g[id].po + 1U;
    count_step(t);
    if (interleaves_) after_step(t, id);
    return {.value = 0, .done = true};
}

void machine::fence(std::memory_order order) {
    if (!in_threads() || order == std::memory_order::relaxed) return;
    const unsigned t = self();
    thread_state& s = threads_[t];
    graph& g = *graph_;
    if (frozen_.thread == t && s.steps >= frozen_.after) stop_here(status::frozen);
    if (replaying(t)) {
        expect(g[g.at(t, s.cursor)], event_kind::fence, 0);
    } else {
        before_new_step(t, {.site = __builtin_return_address(0)});
        event& e = g.draft();
        e.kind = event_kind::fence;
        e.order = e.success = order;
        e.site = __builtin_return_address(0);
        e.thread = static_cast<std::uint8_t>(t);
        const event_id id = g.append();
        remember(t, 0);
        if (interleaves_) after_step(t, id);
    }
    ++s.cursor;
    count_step(t);
}

unsigned machine::choose(unsigned n) {
    if (!in_threads() || n < 2) return 0;
    const unsigned t = self();
    thread_state& s = threads_[t];
    graph& g = *graph_;
    unsigned chosen = 0;
    if (replaying(t)) {
        const event& e = g[g.at(t, s.cursor)];
        expect(e, event_kind::choice, 0);
        chosen = static_cast<unsigned>(e.value);
    } else {
        before_new_step(t, {.site = __builtin_return_address(0)});
        event& e = g.draft();
        e.kind = event_kind::choice;
        e.options = static_cast<std::uint16_t>(n);
        e.site = __builtin_return_address(0);
        e.thread = static_cast<std::uint8_t>(t);
        const event_id id = g.append();
        driver_->choose(g, id);
        chosen = static_cast<unsigned>(g[id].value);
        remember(t, chosen);
        if (interleaves_) after_step(t, id);
    }
    ++s.cursor;
    count_step(t);
    return chosen;
}

}  // namespace pidmap_stress::explore
