#include "harness/explorer/run/machine/machine.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace pidmap_stress::explore {

std::string_view to_string(finding_kind kind) noexcept {
    switch (kind) {
        case finding_kind::assertion:
            return "assertion";
        case finding_kind::data_race:
            return "data race";
        case finding_kind::use_after_free:
            return "use after free";
        case finding_kind::double_free:
            return "double free";
        case finding_kind::leak:
            return "leak";
        case finding_kind::deadlock:
            return "deadlock";
        case finding_kind::livelock:
            return "livelock";
        case finding_kind::progress:
            return "progress";
        case finding_kind::exception:
            return "exception";
        case finding_kind::crash:
            return "crash";
        case finding_kind::not_deterministic:
            return "not deterministic";
    }
    return "?";
}

std::string_view to_string(defect what) noexcept {
    return what.is_crash() ? to_string(finding_kind::crash) : to_string(*what.broken());
}

std::optional<defect> parse_defect(std::string_view name) noexcept {
    if (name == to_string(defect::crash())) return defect::crash();
    if (const auto which = parse_invariant(name)) return defect(*which);
    return std::nullopt;
}

machine::machine(const program& p, memory_rules rules, run_limits limits)
    : rules_(rules),
      limits_(limits),
      thread_count_(p.threads()),
      instance_(p.instantiate()),
      fibers_([this](unsigned thread) { thread_body(thread); }) {
    assert(thread_count_ < max_threads);
    for (unsigned first = 0; first <= thread_count_; ++first) {
        if (first != 0) all_[first].push_back(first);
        for (unsigned t = 1; t <= thread_count_; ++t)
            if (t != first) all_[first].push_back(t);
    }
    has_invariant_ = instance_->has_invariant();
    flat_ = instance_->is_flat();
    // Stamps and clocks are 16 bits wide, and an update is two events.
    limits_.steps = std::min(limits_.steps, 15000U);
}

machine::~machine() = default;

// --- One run ------------------------------------------------------------------------------------

execution_end machine::run(graph& g, driver& choices) {
    graph_ = &g;
    walks_ = false;
    return run_anew(choices);
}

execution_end machine::run_anew(driver& choices) {
    catch_crashes();
    fibers_.own_stack_ends_at(own_stack_end());
    machine* const outer = std::exchange(current_, this);
    execution_end end = execution_end::complete;
    for (reruns_ = 0; reruns_ == 0 || again_; ++reruns_) {
        reset(choices);
        end = run_once();
        if (!tear_down()) end = execution_end::stopped;
    }
    phase_ = phase::idle;
    current_ = outer;
    return end;
}

void machine::reset(driver& choices) {
    driver_ = &choices;
    interleaves_ = choices.interleaves();
    announces_ = choices.wants_announcements();
    if (!walks_) graph_->track_causes(!interleaves_);
    needs_graph_ = false;
    abandoned_.reset();
    broken_instants_.clear();
    again_ = false;
    steps_ = main_steps_ = 0;
    cells_.clear();
    main_values_.clear();
    plains_.clear();
    waited_ = had_sections_ = false;
    histories_.fill(0x243f6a8885a308d3ULL);  // From 0, to be told 0 would lead nowhere.
    set_up_cells_ = 0;
    nonatomic_cells_ = false;
    found_.clear();
    outcome_.clear();
    heap_.reset();
    observed_ = 0;
    peeked_ = nullptr;
    step_of_event_.clear();
    last_steps_.clear();
    if (watches_rounds_) rounds_ = {};
    if (watches_rounds_ && interleaves_) notes_states_ = true;
    for (unsigned t = 0; t <= thread_count_; ++t) {
        thread_state& s = threads_[t];
        is_[t] = status::ready;
        s.cursor = s.steps = s.loop_begin = s.loop_end = s.read_newest = 0;
        s.waits_for = no_event;
        s.cells_made = s.section_depth = s.section_begin = s.sections = s.effects_at = s.plain_at =
            s.awaits = 0;
        s.failures_left = t == 0 ? 0 : limits_.failed_allocations;
        s.wake_ups_left = t == 0 ? 0 : limits_.spurious_wakeups;
        s.read_at.clear();
        s.deferred_releases = 0;
        s.has_state = s.fresh_state = s.updated = s.by_reference = s.in_await = false;
        s.states.clear();
        s.label.clear();
        s.walked.clear();
        s.notes_from = interleaves_ ? 0 : last_effect(t);
    }
}

/// As a thread's, what is abandoned there is not unwound.
bool machine::on_main_thread(std::string_view what, void (program_instance::*work)()) {
    if (setjmp(way_out_) == 0) {  // NOLINT(cert-err52-cpp): the program may forbid exceptions.
        has_way_out_ = true;
        in_program([&] { (*instance_.*work)(); });
        has_way_out_ = false;
        return true;
    }
    if (record_crash(0)) return false;
    record({.kind = finding_kind::progress,
            .what = std::string(what) + " never ends, with nobody there to wait for",
            .broken = invariant::progress});
    return false;
}

void machine::give_up_main() {
    has_way_out_ = false;
    std::longjmp(way_out_, 1);  // NOLINT(cert-err52-cpp)
}

execution_end machine::run_once() {
    phase_ = phase::set_up;
    if (!on_main_thread("the set-up", &program_instance::set_up)) {
        abandoned_ = execution_end::stopped;
        phase_ = phase::abandoned;
        return execution_end::stopped;
    }
    if (walks_ && nonatomic_cells_) {
        abandoned_ = execution_end::needs_graph;
        phase_ = phase::abandoned;
        return execution_end::needs_graph;
    }
    set_up();
    phase_ = phase::threads;
    for (unsigned t = 1; t <= thread_count_; ++t) fibers_.restart(t, notes_states_);
    if (interleaves_)
        run_interleaved();
    else
        run_in_stamp_order();
    return conclude();
}

/// What the set-up made begins the graph.
void machine::set_up() {
    set_up_cells_ = cells_.size();
    if (walks_) return memory_.restart(main_values_, thread_count_);
    for (location_id where = 0; where < cells_.size(); ++where) {
        if (graph_->first(where) != no_event) continue;  // It was made in an earlier run.
        event& initial = graph_->draft();
        initial.kind = event_kind::write;
        initial.initial = true;
        initial.location = where;
        initial.value = main_values_[where];
        initial.bytes = cells_[where].bytes;
        graph_->place_first(graph_->append());
    }
}

/// Threads run as far as they can, the first one first. Which one extends the graph makes no
/// difference; what is replayed waits for the writes that it reads, so that memory that is not in
/// the graph is as it was.
void machine::run_in_stamp_order() {
    for (bool progress = true; progress && !abandoned_;) {
        progress = false;
        for (unsigned t = 1; t <= thread_count_ && !abandoned_; ++t) {
            if (!can_run(t)) continue;
            is_[t] = status::ready;
            fibers_.switch_to(t);
            progress = true;
        }
    }
}

void machine::run_interleaved() {
    starting_ = true;  // Each thread goes up to its first step.
    for (unsigned t = 1; t <= thread_count_ && !abandoned_; ++t) fibers_.switch_to(t);
    starting_ = false;
    // The first instant is the same in all runs.
    if (has_invariant_ && !std::exchange(first_instant_checked_, true) &&
        !on_main_thread("a check at an instant", &program_instance::check_invariant))
        abandoned_ = execution_end::stopped;
    while (!abandoned_) {
        (void)collect_runnable(0);
        if (runnable_->empty()) return;
        const unsigned next = driver_->next_thread(*runnable_, false);
        if (next == 0) {
            abandoned_ = execution_end::known;
            return;
        }
        fibers_.switch_to(next);
    }
}

void machine::thread_body(unsigned thread) {
    status end = status::failed;
    try {
        in_program([&] { instance_->run(thread); });
        end = status::ended;
    } catch (const std::exception& e) {
        note(finding_kind::exception, e.what(), std::nullopt);
    } catch (...) {
        note(finding_kind::exception, "not a std::exception", std::nullopt);
    }
    is_[thread] = end;
    if (end == status::failed && interleaves_ && !starting_)
        abandoned_ = execution_end::stopped;  // As fail() has it.
}

/// Whether some cell was accessed by two threads.
bool machine::threads_met() const {
    if (thread_count_ < 2) return true;
    const graph& g = *graph_;
    std::vector<unsigned> accessed_by(cells_.size());
    for (event_id e = 1; e <= g.size(); ++e) {
        if (g[e].thread == 0 || (!g[e].is_read() && !g[e].is_write())) continue;
        if (g[e].location >= accessed_by.size()) continue;
        unsigned& by = accessed_by[g[e].location];
        if (by != 0 && by != g[e].thread) return true;
        by = g[e].thread;
    }
    return std::ranges::any_of(plains_, [this](const plain_record& cell) {
        unsigned by = cell.writer;
        for (unsigned t = 1; t <= thread_count_; ++t) {
            if (cell.reads.of(t) == 0) continue;
            if (by != 0 && by != t) return true;
            by = t;
        }
        return false;
    });
}

execution_end machine::conclude() {
    if (again_) return execution_end::blocked;
    if (!met_ && !walks_) [[unlikely]]
        met_ = threads_met();
    for (unsigned t = 1; t <= thread_count_; ++t) (void)record_crash(t);
    if (nonatomic_cells_ && !walks_) check_nonatomic_races();
    if (!interleaves_ && has_invariant_) check_instants();
    if (abandoned_) return *abandoned_;
    bool all_ended = true;
    bool others_ended = true;
    bool failed = false;
    bool gave_up = false;
    for (unsigned t = 1; t <= thread_count_; ++t) {
        const status is = is_[t];
        all_ended &= is == status::ended;
        others_ended &= is == status::ended || is == status::frozen;
        failed |= is == status::failed;
        gave_up |= is == status::gave_up;
    }
    if (all_ended) {
        if (finish()) return execution_end::complete;
        phase_ = phase::abandoned;
        return execution_end::stopped;
    }
    if (failed) return execution_end::stopped;
    if (gave_up) return execution_end::blocked;
    if (others_ended) return execution_end::complete;
    if (!stuck_for_good()) return execution_end::blocked;
    std::string who;
    std::vector<party> all;
    for (unsigned t = 1; t <= thread_count_; ++t) {
        if (is_[t] != status::spinning) continue;
        all.push_back(waiting(t));
        who +=
            (who.empty() ? "thread " : ", thread ") + std::to_string(t) + " at " + all.back().what;
    }
    if (frozen_.thread == 0)
        record({.kind = finding_kind::deadlock,
                .what = "nobody will wake " + who,
                .parties = std::move(all)});
    else
        record({.kind = finding_kind::progress,
                .what = "while thread " + std::to_string(frozen_.thread) +
                        " stands still, nothing wakes " + who,
                .broken = invariant::progress,
                .parties = std::move(all),
                .frozen_thread = frozen_.thread,
                .frozen_after = frozen_.after});
    return execution_end::stopped;
}

/// Whether a spinning thread would see something else if it went round now. What others stored
/// there meanwhile may be the very value it saw: then it would do the same again.
bool machine::satisfiable(unsigned thread) const noexcept {
    const graph& g = *graph_;
    const thread_state& s = threads_[thread];
    for (unsigned po = s.loop_begin; po < s.loop_end; ++po) {
        const event& e = g[g.at(thread, po)];
        if (e.is_read() && (e.value != g[g.newest(e.location)].value || e.spurious)) return true;
    }
    return false;
}

/// All that a spinning thread looks at, the same wherever in its round it was noticed.
std::string machine::what_holds_up(unsigned thread) const {
    std::set<location_id> cells;
    for (unsigned po = threads_[thread].loop_begin; po < threads_[thread].loop_end; ++po) {
        const event& e = (*graph_)[graph_->at(thread, po)];
        if (e.is_read()) cells.insert(e.location);
    }
    std::string names;
    for (const location_id where : cells) names += (names.empty() ? "" : " and ") + name_of(where);
    return names;
}

/// A spinning thread, at the last read of its round.
party machine::waiting(unsigned thread) const {
    party one{.thread = thread, .does = "waits for", .what = what_holds_up(thread)};
    for (unsigned po = threads_[thread].loop_begin; po < threads_[thread].loop_end; ++po)
        if ((*graph_)[graph_->at(thread, po)].is_read()) one.step = step_of(graph_->at(thread, po));
    return one;
}

/// Whether all who wait have seen the last value there will be. Else another choice of what they
/// read would wake them.
bool machine::stuck_for_good() const {
    for (unsigned t = 1; t <= thread_count_; ++t) {
        const status is = is_[t];
        if (is == status::waiting || (is == status::spinning && satisfiable(t))) return false;
    }
    return true;
}

/// \return whether the final check came to its end.
bool machine::finish() {
    phase_ = phase::finish;
    take_over_values();
    constexpr std::string_view check = "the final check";
    if (has_invariant_ && !on_main_thread(check, &program_instance::check_invariant)) return false;
    return on_main_thread(check, &program_instance::finish);
}

/// What no thread changes any more is no longer asked of the graph.
void machine::take_over_values() {
    main_values_.resize(cells_.size());
    if (walks_) {
        for (location_id where = 0; where < cells_.size(); ++where)
            if (memory_.is_made(where)) main_values_[where] = memory_.newest(where);
        return;
    }
    for (location_id where = 0; where < cells_.size(); ++where)
        if (graph_->first(where) != no_event)
            main_values_[where] = (*graph_)[graph_->newest(where)].value;
}

/// A state may release what it owns. One that was left midway is no longer judged, and may be in
/// no state to be torn down: then what it owns is lost.
/// \return whether that went well.
bool machine::tear_down() {
    if (phase_ == phase::threads) {
        phase_ = phase::abandoned;
        take_over_values();
    }
    if (!on_main_thread("the end of the state", &program_instance::tear_down)) return false;
    if (phase_ == phase::finish) check_leaks();
    return true;
}

// --- Scheduling ---------------------------------------------------------------------------------

bool machine::executed(event_id id) const noexcept {
    const event& e = (*graph_)[id];
    return e.thread == 0 || threads_[e.thread].cursor > e.po;
}

bool machine::can_run(unsigned thread) const noexcept {
    const status is = is_[thread];
    if (is == status::ready) return true;
    if (is == status::waiting) return executed(threads_[thread].waits_for);
    return is == status::spinning && interleaves_ && satisfiable(thread);
}

bool machine::collect_some(unsigned first) {
    const bool goes_on = first != 0 && can_run(first);
    some_.clear();
    if (goes_on) some_.push_back(first);
    for (unsigned t = 1; t <= thread_count_; ++t)
        if (t != first && can_run(t)) some_.push_back(t);
    runnable_ = &some_;
    return goes_on;
}

void machine::wait_for(event_id write) {
    if (executed(write)) return;
    thread_state& s = threads_[self()];
    is_[self()] = status::waiting;
    s.waits_for = write;
    fibers_.switch_to(0);
}

void machine::stop_here(status why) {
    is_[self()] = why;
    fibers_.switch_to(0);
    __builtin_unreachable();
}

void machine::abandon(execution_end why) {
    abandoned_ = why;
    fibers_.switch_to(0);
    __builtin_unreachable();
}

// --- Findings -----------------------------------------------------------------------------------

void machine::record(finding f) {
    f.at_step = observed_;
    add(std::move(f));
}

void machine::add(finding f) {
    if (phase_ == phase::abandoned) return;
    if (f.thread != 0)
        f.call = threads_[f.thread].label;
    else if (phase_ != phase::threads)
        f.call = phase_ == phase::set_up ? "the set-up" : "the final check";
    const auto known =
        std::ranges::find_if(found_, [&](const finding& other) { return other.same_as(f); });
    if (known == found_.end()) found_.push_back(std::move(f));
}

void machine::clash(finding_kind kind, std::string_view what, party own, party other) {
    own.thread = self();
    record({.kind = kind,
            .what = std::string(what),
            .thread = self(),
            .parties = {std::move(own), std::move(other)}});
}

void machine::note(finding_kind kind, std::string_view what, std::optional<invariant> broken) {
    const engine_call here(*this);
    record({.kind = kind, .what = std::string(what), .broken = broken, .thread = self()});
}

void machine::fail(finding_kind kind, std::string_view what, std::optional<invariant> broken) {
    const engine_call here(*this);
    note(kind, what, broken);
    const bool ends = kind == finding_kind::assertion || kind == finding_kind::exception;
    if (!ends || !in_threads() || self() == 0) return;
    // What follows a failed check means nothing. But in an exhaustive search the other threads go
    // on: what they write may lead to executions in which it does not fail. And who fails before
    // its first step would otherwise fail before all others, in every execution.
    if (interleaves_ && !starting_) abandon(execution_end::stopped);
    stop_here(status::failed);
}

void machine::give_up() {
    const engine_call here(*this);
    if (in_threads()) stop_here(status::gave_up);
}

void machine::label(std::string_view text) {
    const engine_call here(*this);
    if (observer_ != nullptr && in_threads()) threads_[self()].label = text;
}

}  // namespace pidmap_stress::explore
