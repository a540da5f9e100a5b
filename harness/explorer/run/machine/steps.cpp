// What a thread's steps do: replay what the graph holds, add what it does not.

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {

// --- Steps of the main thread, before and after all others --------------------------------------

location_id machine::make_cell(void* address, std::uint64_t initial, const cell_info& info) {
    const engine_call here(*this);
    nonatomic_cells_ |= !info.atomic;
    const auto fill = [&](cell_info& cell) {  // One by one: a copy of short stores would stall.
        cell.bytes = info.bytes;
        cell.role = info.role;
        cell.atomic = info.atomic;
        cell.index = info.index;
        cell.name = info.name;
        cell.kind = info.kind;
        cell.notifies_of = info.notifies_of;
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
    if (s.cursor >= most_events) abandon(execution_end::step_limit);
    const auto where =
        static_cast<location_id>(set_up_cells_ + s.cells_made++ * thread_count_ + (t - 1));
    if (where >= cells_.size()) cells_.resize(where + 1);
    fill(cells_[where]);
    if (walks_) {
        if (!info.atomic) must_have_graph();
        memory_.make(t, where, initial);
        if (keeps_past_) memory_.remember_view(t, s.cursor + 1);
    } else if (replaying(t)) {
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
    const engine_call here(*this);
    must_be_made(where);
    if (peeked_ != nullptr) [[unlikely]]
        peeked_->push_back(where);
    if (at_instant_ && (where >= is_watched_.size() || is_watched_[where] == 0))
        return peek_at_instant(where);
    if (!in_threads()) return main_values_[where];
    if (walks_) return memory_.is_made(where) ? memory_.newest(where) : 0;
    return graph_->first(where) == no_event ? 0 : (*graph_)[graph_->newest(where)].value;
}

// --- Reads --------------------------------------------------------------------------------------

void machine::expect(const event& e, event_kind kind, location_id where) {
    if (e.kind == kind && e.location == where) [[likely]]
        return;
    // Memory that is not in the graph has told the thread something else than last time.
    record({.kind = finding_kind::not_deterministic,
            .what = "a thread did something else when it ran again on the same choices",
            .thread = self()});
    abandon(execution_end::stopped);
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

/// Flattened, as a step is made of many small functions: to call them is a tenth of its time.
[[gnu::flatten]] reply machine::new_read(location_id where, const void* site,
                                         const update_request& request) {
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
    e.nonatomic = !cells_[where].atomic && !s.by_reference;
    e.may_fail = may_fail;
    const event_id id = driver_->add_read(g, s.read_newest > 0);
    s.read_at.insert(site);
    if (s.read_newest > 0) --s.read_newest;
    bool consistent = true;
    if (g[id].exclusive) consistent = driver_->place_exclusive(g, g.append_exclusive_write(id));
    if (!consistent) abandon(execution_end::inconsistent);
    if (!interleaves_) wait_for(g[id].rf);
    s.updated = g[id].exclusive;
    const std::uint64_t value = g[id].value;
    if (s.updated && g[id + 1U].value != value) s.read_at.clear();
    s.cursor = g[id].po + (s.updated ? 2U : 1U);
    remember(t, value);
    if (g[id].spurious) remember(t, ~0ULL);
    count_step(t);
    if (interleaves_) after_step(t, id);
    return {.value = value, .done = true};
}

reply machine::load(location_id where, std::memory_order order) {
    const void* const site = __builtin_return_address(0);
    if (walks_ && in_threads()) return walk_load(where, site, order);
    const engine_call here(*this);
    must_be_made(where);
    if (!in_threads()) {
        count_main_step();
        return {.value = main_values_[where], .done = true};
    }
    const unsigned t = self();
    if (frozen_.thread == t && threads_[t].steps >= frozen_.after) stop_here(status::frozen);
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
    const void* const site = __builtin_return_address(0);
    if (walks_ && in_threads()) return walk_update(where, site, request);
    const engine_call here(*this);
    must_be_made(where);
    if (!in_threads()) {
        count_main_step();
        const std::uint64_t value = main_values_[where];
        threads_[0].updated = request.op != rmw_op::cas || value == request.expected;
        if (threads_[0].updated)
            main_values_[where] = stored_by(
                {.op = request.op, .bytes = cells_[where].bytes, .operand = request.operand},
                value);
        return {.value = value, .done = true};
    }
    const unsigned t = self();
    if (frozen_.thread == t && threads_[t].steps >= frozen_.after) stop_here(status::frozen);
    if (replaying(t)) [[likely]]
        return replay_read(t, where, site);
    return new_read(where, site, request);
}

// --- Other steps --------------------------------------------------------------------------------

reply machine::store(location_id where, std::uint64_t value, std::memory_order order) {
    const void* const site = __builtin_return_address(0);
    if (walks_ && in_threads()) return walk_store(where, site, value, order);
    const engine_call here(*this);
    must_be_made(where);
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
    before_new_step(t, {.where = where, .writes = true, .site = site});
    touch(t, where, g.length(t));
    if (g.first(where) == no_event) return {.value = 0, .done = true};
    event& e = g.draft();
    e.kind = event_kind::write;
    e.location = where;
    e.value = value;
    e.bytes = cells_[where].bytes;
    e.nonatomic = !cells_[where].atomic && !s.by_reference;
    e.order = e.success = order;
    e.site = site;
    e.thread = static_cast<std::uint8_t>(t);
    const event_id id = g.append();
    s.read_at.clear();
    driver_->choose_place(g, id);
    remember(t, 0);  // It was told nothing, and is elsewhere now.
    s.cursor = g[id].po + 1U;
    count_step(t);
    if (interleaves_) after_step(t, id);
    return {.value = 0, .done = true};
}

void machine::fence(std::memory_order order) {
    const engine_call here(*this);
    if (!in_threads() || order == std::memory_order::relaxed) return;
    if (walks_) return walk_fence(__builtin_return_address(0), order);
    const unsigned t = self();
    thread_state& s = threads_[t];
    graph& g = *graph_;
    if (frozen_.thread == t && s.steps >= frozen_.after) stop_here(status::frozen);
    event_id added = no_event;
    if (replaying(t)) {
        expect(g[g.at(t, s.cursor)], event_kind::fence, 0);
    } else {
        before_new_step(t, {.site = __builtin_return_address(0)});
        event& e = g.draft();
        e.kind = event_kind::fence;
        e.order = e.success = order;
        e.site = __builtin_return_address(0);
        e.thread = static_cast<std::uint8_t>(t);
        added = g.append();
        remember(t, 0);
    }
    ++s.cursor;
    count_step(t);
    if (interleaves_ && added != no_event) after_step(t, added);
}

unsigned machine::choose(unsigned n) {
    const engine_call here(*this);
    if (!in_threads() || n < 2) return 0;
    if (n > UINT16_MAX)
        fail(finding_kind::exception, "choose() among more than 65535", std::nullopt);
    if (walks_) return walk_choice(__builtin_return_address(0), n);
    const unsigned t = self();
    thread_state& s = threads_[t];
    graph& g = *graph_;
    unsigned chosen = 0;
    event_id added = no_event;
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
        added = g.append();
        driver_->choose(g, added);
        chosen = static_cast<unsigned>(g[added].value);
        remember(t, chosen);
    }
    ++s.cursor;
    count_step(t);
    if (interleaves_ && added != no_event) after_step(t, added);
    return chosen;
}

}  // namespace pidmap_stress::explore
