#include "harness/explorer/search/stateful.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "harness/explorer/search/search.hpp"

namespace pidmap_stress::explore {
namespace {

/// \return whether it was not there.
bool insert(std::vector<bool>& set, location_id where) {
    if (where >= set.size()) set.resize(where + 1U);
    if (set[where]) return false;
    set[where] = true;
    return true;
}

/// Whether it matters which of two threads' steps is done first. What a thread does between its
/// steps is ordered by them, or is a race, which either order shows.
bool conflict(const pending_step& a, const pending_step& b) noexcept {
    return a.where == b.where && a.where != nowhere && (a.writes || b.writes);
}

}  // namespace

// --- The way ------------------------------------------------------------------------------------

void stateful::restart() {
    depth_first::restart();
    is_pending_ = sleeping_ = 0;
    while (!passed_.empty() && passed_.back().decisions >= path_.size()) passed_.pop_back();
}

void stateful::announce(unsigned thread, const pending_step& next) {
    pending_[thread] = next;
    is_pending_ |= only(thread);
    if (next.writes && next.where != nowhere) learnt_ |= insert(written_, next.where);
}

unsigned stateful::next_thread(const thread_list& runnable, bool can_go_on) {
    if (!learning_) {
        only_ = undisturbed(runnable);
        if (only_ == 0)
            only_ = choose_thread(runnable, can_go_on);
        else if ((sleeping_ & only(only_)) != 0)
            return 0;
        if (only_ == 0) return 0;
        wake(only_);
    }
    return controlled::next_thread(runnable, can_go_on);
}

/// A thread whose next step no other thread can interfere with, or 0.
unsigned stateful::undisturbed(const thread_list& runnable) const noexcept {
    for (const unsigned t : runnable) {
        const pending_step& p = pending_[t];
        if (p.where != nowhere && !p.writes && !is_written(p.where)) return t;
    }
    return 0;
}

/// Which thread is to continue from this state; 0 if nothing new can come of it.
unsigned stateful::choose_thread(const thread_list& runnable, bool can_go_on) {
    const bool new_here = !on_old_path();
    const crossing here = new_here ? arrive(runnable) : crossings_[next_];
    if (here.to_go == 0) return 0;
    const unsigned chosen = pick(static_cast<unsigned>(std::popcount(here.to_go)));
    if (new_here) {
        crossings_.back().to_go = here.to_go;
        crossings_.back().sleeping = here.sleeping;
    }
    // The current thread goes first, then the others in order; those that went before sleep.
    sleeping_ = settings_.fault == planted_fault::none ? here.sleeping : threads{0};
    threads left = here.to_go;
    const unsigned current = can_go_on ? runnable.front() : 0;
    unsigned next = current;
    for (unsigned i = 0;; ++i) {
        if (i > 0 || (left & only(current)) == 0 || current == 0)
            next = static_cast<unsigned>(std::countr_zero(left));
        if (i == chosen) return next;
        left &= static_cast<threads>(~only(next));
        if (settings_.fault == planted_fault::none) sleeping_ |= only(next);
    }
}

/// What is left to do in the state that the execution has reached.
stateful::crossing stateful::arrive(const thread_list& runnable) {
    lookahead ahead{.whole_graph = whole_graph_};
    for (unsigned t = 1; t < max_threads && !whole_graph_; ++t)
        if ((is_pending_ & only(t)) != 0) ahead.choices[t] = ahead_[t][pending_[t].site];
    const state_key state = machine::current().key_of_state(ahead);
    threads all = 0;
    for (const unsigned t : runnable) all |= only(t);
    const auto asleep = static_cast<threads>(sleeping_ & all);
    const auto [slept, is_new] = met_.insert(state);
    if (is_new) {
        passed_.push_back({.state = state, .decisions = next_});
        *slept = asleep;
        return {.to_go = static_cast<threads>(all & ~asleep), .sleeping = asleep};
    }
    // The execution loops. It may continue, until the machine sees that a thread waits, or that
    // this never ends.
    if (std::ranges::find(passed_, state, &passed::state) != passed_.end()) return {.to_go = all};
    // A thread that slept on every visit so far, and does not now, has yet to go.
    const threads before = std::exchange(*slept, static_cast<threads>(*slept & asleep));
    return {.to_go = static_cast<threads>(before & ~asleep),
            .sleeping = static_cast<threads>((all & ~before) | asleep)};
}

/// A thread takes its step, and every thread that conflicts with it has something new to do.
void stateful::wake(unsigned stepping) noexcept {
    for (threads left = sleeping_; left != 0; left &= static_cast<threads>(left - 1)) {
        const auto t = static_cast<unsigned>(std::countr_zero(left));
        if (conflict(pending_[t], pending_[stepping])) sleeping_ &= static_cast<threads>(~only(t));
    }
}

unsigned stateful::pick_thread(const thread_list& options, bool can_go_on) {
    if (learning_) return depth_first::pick_thread(options, can_go_on);
    return static_cast<unsigned>(std::ranges::find(options, only_) - options.begin());
}

unsigned stateful::pick(unsigned n) {
    if (learning_) return dice_.below(n);
    machine& m = machine::current();
    const std::size_t at = next_;
    const bool old = depth_first::on_old_path();
    const unsigned chosen = depth_first::pick(n);
    if (!old) {
        crossings_.resize(at);
        crossings_.push_back({.histories = m.known_histories()});
    } else if (!on_old_path() && m.is_flat()) {
        m.know_histories(crossings_[at].histories);
    }
    return chosen;
}

// --- Learning -----------------------------------------------------------------------------------

/// Whether such an event may find more than one write to read, or to stand behind. Where only
/// updates write, each write except the last is followed by an update that may not be split from
/// it.
bool stateful::chooses(const event& e) const noexcept {
    if (e.is_write()) return !e.exclusive;
    if (!e.is_read()) return false;
    if (e.op == rmw_op::none || e.op == rmw_op::cas) return true;
    return e.location < stored_.size() && stored_[e.location];
}

void stateful::learn_stores(const graph& ran) {
    for (unsigned t = 1; t < ran.threads_end(); ++t)
        for (unsigned po = 0; po < ran.length(t); ++po) {
            const event& e = ran[ran.at(t, po)];
            if (e.is_write() && !e.exclusive && !e.initial) learnt_ |= insert(stored_, e.location);
        }
}

/// What lies ahead of a step is what lies ahead of the next one, and the step's own choice.
void stateful::learn_choices(const graph& ran) {
    for (unsigned t = 1; t < max_threads; ++t) {
        if ((is_pending_ & only(t)) == 0) continue;
        location_set ahead = ahead_[t][pending_[t].site];
        for (unsigned po = t < ran.threads_end() ? ran.length(t) : 0; po-- > 0;) {
            const event& e = ran[ran.at(t, po)];
            if (chooses(e)) ahead.insert(e.location);
            if (e.site == nullptr) continue;
            location_set& known = ahead_[t][e.site];
            const location_set before = known;
            known.insert(ahead);
            learnt_ |= known != before;
        }
    }
}

void stateful::learn(const lesson& from) {
    const planted_fault fault = settings_.fault;
    if (fault == planted_fault::nothing_learnt) learnt_ = false;
    if (!whole_graph_ && fault != planted_fault::state_without_graph &&
        (from.had_sections || from.ran.has_fences() || from.ran.has_sc_events()))
        learnt_ = whole_graph_ = true;
    if (fault == planted_fault::nothing_learnt || whole_graph_) return;
    learn_stores(from.ran);
    learn_choices(from.ran);
}

bool stateful::advance(const lesson& from) {
    learn(from);
    starts_over_ = std::exchange(learnt_, false);
    if (learning_) {
        vain_lessons_ = starts_over_ ? 0 : vain_lessons_ + 1;
        learning_ = vain_lessons_ < settings_.lessons;
        starts_over_ = true;
        return true;
    }
    if (!starts_over_) return depth_first::advance();
    met_.clear();
    path_.clear();
    return true;
}

namespace {

/// \return nothing if whole graphs are needed to tell states apart, and the caller refuses that.
std::optional<result> explore_by_state(const program& p, const options& how,
                                       bool refuses_whole_graphs) {
    exploration w(p, how);
    w.tell_states_apart();
    stateful search({.seed = how.seed,
                     .lessons = std::min<std::uint64_t>(how.walks, 1'000),
                     .fault = how.fault});
    bool more = true;
    while (more && !w.satisfied() && (how.budget == 0 || search.states() < how.budget)) {
        search.restart();
        w.sample(search);
        more = search.advance({.ran = w.last_sample(), .had_sections = w.had_sections()});
        if (search.starts_over()) w.count_anew();  // A finding stays a finding.
        if (refuses_whole_graphs && search.tells_whole_graphs()) return std::nullopt;
    }
    result r = w.take();
    r.last = strategy::stateful;
    r.states = search.states();
    r.truncated |= more && !w.satisfied();
    r.complete = !more && !r.truncated;
    return r;
}

}  // namespace

result explore_states(const program& p, const options& how) {
    return *explore_by_state(p, how, false);
}

std::optional<result> explore_fewer_states(const program& p, const options& how) {
    return explore_by_state(p, how, true);
}

}  // namespace pidmap_stress::explore
