// Walks: executions step by step whose memory is operational. They offer the same choices as those
// over a graph and give each the same outcome, at less cost. What is out of their sight
// ends them, to be run again over a graph:
// - sequentially consistent operations, and cells that are not atomic but are events;
// - loops that may wait: whether they do is decided by what the graph holds of their rounds;
// - what a grace period covers, which depends on what others have read in the past.
// What happened before moments that are past is remembered only if the program asks for it.

#include "harness/explorer/run/machine/machine.hpp"

namespace pidmap_stress::explore {

bool machine::can_walk() const noexcept {
    return thread_count_ < operational_memory::most_threads && rules_.consistency != model::sc &&
           rules_.fault == planted_fault::none && limits_.spurious_failures == 0 &&
           frozen_.thread == 0 && observer_ == nullptr && !remembers_ && !watches_rounds_;
}

execution_end machine::walk(driver& choices) {
    graph_ = nullptr;
    walks_ = true;
    const execution_end end = run_anew(choices);
    return needs_graph_ ? execution_end::needs_graph : end;
}

/// The first walk in which this is asked has not kept what it takes.
bool machine::happened_before_in_walk(unsigned thread, unsigned po, unsigned other,
                                      unsigned position) noexcept {
    if (!keeps_past_ || needs_graph_) {
        keeps_past_ = needs_graph_ = true;
        return true;
    }
    return memory_.happened_before(other, position).contains(thread, po);
}

[[gnu::always_inline]] inline void machine::end_walked_step(unsigned thread, unsigned events) {
    thread_state& s = threads_[thread];
    s.cursor += events;
    if (keeps_past_) memory_.remember_view(thread, s.cursor);
    count_step(thread);
    if (has_invariant_) check_invariant();
}

[[gnu::always_inline]] inline void machine::before_walked_read(thread_state& s, unsigned thread,
                                                               const walked_read& next) {
    if (s.in_await || s.walked.may_wait_at(next)) [[unlikely]]
        must_have_graph();
    before_new_step(thread,
                    {.where = next.where, .writes = next.op != rmw_op::none, .site = next.site});
    touch(thread, next.where, s.cursor);
}

/// Flattened, as a step is made of many small functions.
[[gnu::flatten]] reply machine::walk_load(location_id where, const void* site,
                                          std::memory_order order) {
    const engine_call here(*this);
    must_be_made(where);
    if (order == std::memory_order::seq_cst) [[unlikely]]
        must_have_graph();
    const unsigned t = self();
    thread_state& s = threads_[t];
    const walked_read asked{
        .site = site, .where = where, .op = rmw_op::none, .operand = 0, .expected = 0};
    before_walked_read(s, t, asked);
    const event_id from =
        memory_.choose_write(t, where, [this](unsigned n) { return driver_->pick_one(n); });
    const std::uint64_t value = memory_.value(from);
    memory_.read(t, from, order);
    s.walked.add(asked, value);
    s.updated = false;
    end_walked_step(t, 1);
    return {.value = value, .done = true};
}

[[gnu::flatten]] reply machine::walk_update(location_id where, const void* site,
                                            const update_request& request) {
    using enum std::memory_order;
    const engine_call here(*this);
    must_be_made(where);
    if (request.success == seq_cst || request.failure == seq_cst) [[unlikely]]
        must_have_graph();
    const unsigned t = self();
    thread_state& s = threads_[t];
    const walked_read asked{.site = site,
                            .where = where,
                            .op = request.op,
                            .operand = request.operand,
                            .expected = request.expected};
    before_walked_read(s, t, asked);
    const event_id from = memory_.choose_write(t, where, asked.op, asked.expected,
                                               [this](unsigned n) { return driver_->pick_one(n); });
    const std::uint64_t value = memory_.value(from);
    std::uint64_t stored = value;
    s.updated = asked.op != rmw_op::cas || value == asked.expected;
    if (s.updated) {
        stored = stored_by({.op = asked.op, .bytes = cells_[where].bytes, .operand = asked.operand},
                           value);
        memory_.update(t, where, from, stored, request.success);
    } else {
        const bool as_success = rules_.on_failure == cas_failure_order::as_success;
        memory_.read(t, from, as_success ? request.success : request.failure);
    }
    if (stored != value)
        s.walked.clear();
    else
        s.walked.add(asked, value);
    end_walked_step(t, s.updated ? 2 : 1);
    return {.value = value, .done = true};
}

[[gnu::flatten]] reply machine::walk_store(location_id where, const void* site, std::uint64_t value,
                                           std::memory_order order) {
    const engine_call here(*this);
    must_be_made(where);
    if (order == std::memory_order::seq_cst) [[unlikely]]
        must_have_graph();
    const unsigned t = self();
    thread_state& s = threads_[t];
    before_new_step(t, {.where = where, .writes = true, .site = site});
    touch(t, where, s.cursor);
    const event_id behind =
        memory_.choose_place(t, where, [this](unsigned n) { return driver_->pick_one(n); });
    memory_.store(t, where, value, order, behind);
    s.walked.clear();
    end_walked_step(t, 1);
    return {.value = 0, .done = true};
}

void machine::walk_fence(const void* site, std::memory_order order) {
    const unsigned t = self();
    if (order == std::memory_order::seq_cst) must_have_graph();
    before_new_step(t, {.site = site});
    memory_.fence(t, order);
    end_walked_step(t, 1);
}

unsigned machine::walk_choice(const void* site, unsigned n) {
    const unsigned t = self();
    before_new_step(t, {.site = site});
    memory_.pass(t);
    const unsigned chosen = driver_->pick_one(n);
    threads_[t].walked.clear();
    end_walked_step(t, 1);
    return chosen;
}

}  // namespace pidmap_stress::explore
