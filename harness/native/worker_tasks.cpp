// What workers do with tasks, objects, and namespaces that nest and close. The calls are slow
// enough by themselves that nothing here needs to be inline.

#include <array>

#include <fmt/format.h>

#include "checkers/refcount_transitions.hpp"
#include "harness/native/worker.hpp"
#include "harness/world/clock.hpp"

namespace pidmap_stress {
namespace {

[[nodiscard]] std::string name_of(const tested_namespace& ns) {
    return fmt::format("{}.{}", ns.id, ns.generation);
}

}  // namespace

operation worker::operation_of(operation_kind kind, const tested_namespace& ns,
                               ticks called) const noexcept {
    return {.kind = kind,
            .worker = number_,
            .where = {.id = ns.id, .generation = ns.generation},
            .called = called,
            .returned = time_after()};
}

ticks worker::begin_release() const noexcept {
    self.releases.begin();
    return time_before();
}

/// What was released in the call had a reference on its namespace, and dropped it.
void worker::end_release(ticks called) {
    self.releases.end();
    if (!keep_history_) return;
    for (const memory_domain::release_record* const one : self.releases.released())
        if (one->keeps != nullptr)
            record(operation_of(operation_kind::put, static_cast<tested_namespace&>(*one->keeps),
                                called));
}

bool worker::out_of_namespaces() const noexcept {
    return !set_.has_object(number_);
}

// --- Tasks ---------------------------------------------------------------------------------------

task_result worker::make_task(tested_namespace& deepest) {
    if (deepest.released() && !by_lookup_) tell_used_but_released(deepest);
    std::array<pid_nr, max_level + 1> numbers{};
    const ticks called = begin_release();
    const numbers_result got = deepest.alloc_numbers(numbers);
    const task_result noted =
        got.result ? note_task(deepest, numbers, nullptr, called)
                   : note_no_task(deepest, got.result.error(), got.at_level, got.at_level, called);
    end_release(called);
    return noted;
}

task_result worker::make_task_with_object(tested_namespace& deepest) {
    if (deepest.released() && !by_lookup_) tell_used_but_released(deepest);
    const ticks called = begin_release();
    const handle_result got = deepest.alloc_pid();
    task_result noted;
    if (got.object == nullptr) {
        // Where the table lacked a part, all levels had given their numbers.
        const unsigned reached = got.error == alloc_error::no_memory ? 0 : got.at_level;
        noted = note_no_task(deepest, got.error, got.at_level, reached, called);
    } else {
        std::array<pid_nr, max_level + 1> numbers{};
        for (unsigned level = 0; level <= deepest.level; ++level)
            numbers[level] = set_.under_test().number_of(*got.object, level);
        noted = note_task(deepest, numbers, got.object, called);
    }
    end_release(called);
    return noted;
}

task_result worker::note_task(tested_namespace& deepest, std::span<const pid_nr> numbers,
                              pid_handle* object, ticks called) {
    held_task& made = tasks.emplace_back();
    made.object = object;
    made.pids.resize(deepest.level + 1);
    for (tested_namespace* ns = &deepest; ns != nullptr; ns = ns->parent()) {
        const pid_nr nr = numbers[ns->level];
        operation one = operation_of(operation_kind::alloc, *ns, called);
        one.pid = nr;
        record(one);
        (void)move_in(*ns, nr);
        if (ns->awaits_init && nr != 1)
            report({.broken = invariant::pid_in_range,
                    .what = fmt::format("the first pid of namespace {} is {}, and not 1: it has "
                                        "no init",
                                        name_of(*ns), nr)});
        if (ns->awaits_init) ns->awaits_init = false;
        made.pids[ns->level] = {ns, nr};
    }
    if (object != nullptr && set_.under_test().references_of_objects() != 0)
        record(operation_of(operation_kind::get, deepest, called));
    return {};
}

task_result worker::note_no_task(tested_namespace& deepest, alloc_error error, unsigned at_level,
                                 unsigned reached, ticks called) {
    for (tested_namespace* ns = &deepest; ns != nullptr && ns->level >= reached;
         ns = ns->parent()) {
        operation one = operation_of(operation_kind::alloc, *ns, called);
        // The other levels gave a pid and got it back, which changes nothing. It is recorded as a
        // result that is always right, so that a worker that is refused meanwhile is not judged as
        // if it were alone.
        one.error = ns->level == at_level ? error : alloc_error::no_memory;
        record(one);
        if (ns->level == at_level) tell_refused(*ns, error);
    }
    return {.error = error, .at_level = at_level};
}

void worker::end_task(std::size_t index) {
    held_task mine = std::move(tasks[index]);
    tasks[index] = std::move(tasks.back());
    tasks.pop_back();
    std::array<pid_nr, max_level + 1> numbers{};
    for (const held_pid& what : mine.pids) {
        if (what.ns->released()) tell_pinned_but_released(*what.ns, what.nr);
        move_out(*what.ns, what.nr);
        numbers[what.ns->level] = what.nr;
    }
    tested_namespace& deepest = mine.home();
    if (mine.object != nullptr && !is_still_there(*mine.object, deepest.level, mine.pids.back().nr))
        return;
    const ticks called = begin_release();
    if (mine.object != nullptr)
        deepest.free_pid(*mine.object);
    else
        deepest.free_numbers(numbers);
    for (const held_pid& what : mine.pids) {
        operation one = operation_of(operation_kind::free, *what.ns, called);
        one.pid = what.nr;
        record(one);
    }
    end_release(called);
}

// --- Objects -------------------------------------------------------------------------------------

/// A holder of a reference on an object, or its task, may repeat at any time what it asked before.
/// What follows would be a call on an object that is gone, so it is not made.
bool worker::is_still_there(const pid_handle& object, unsigned level, pid_nr nr) const {
    if (set_.under_test().number_of(object, level) == nr) return true;
    report({.broken = invariant::no_use_after_release,
            .what = fmt::format("the object of pid {} has ended, while worker {} had a reference "
                                "on it",
                                nr, number_)});
    return false;
}

bool worker::look_up(tested_namespace& ns, pid_nr nr) {
    const read_side::section reading;
    pid_handle* const found = ns.find_pid(nr);
    recorder_.record({flight_event::kind::find, ns.id, nr});
    if (found == nullptr) return false;
    judge_found(*found, ns, nr);
    objects.push_back(
        {.object = found, .from = &ns, .generation = ns.generation, .level = ns.level, .nr = nr});
    return true;
}

/// The identity of an object never changes, so it can be asked for whenever there is a reference.
void worker::judge_found(const pid_handle& object, const tested_namespace& ns, pid_nr nr) const {
    const unsigned level = set_.under_test().level_of(object);
    const pid_nr its = level > max_level ? memory_domain::poison_int
                                         : set_.under_test().number_of(object, ns.level);
    if (level >= ns.level && its == nr) return;
    const bool ended = level > max_level || is_poison(its, memory_domain::poison_int);
    report({.broken = ended ? invariant::no_use_after_release : invariant::linearizable,
            .what = fmt::format(
                "worker {} looked up pid {} of namespace {}, and found an object {}", number_, nr,
                name_of(ns), ended ? "that has ended" : fmt::format("with pid {} there", its))});
}

void worker::look_up_own(const held_task& mine, unsigned level) {
    const held_pid& what = mine.pids[level];
    const std::size_t before = objects.size();
    if (look_up(*what.ns, what.nr) && objects[before].object == mine.object) return;
    report({.broken = invariant::linearizable,
            .what = fmt::format(
                "worker {} looked up its own pid {} of namespace {}, and found {}", number_,
                what.nr, name_of(*what.ns),
                objects.size() == before ? "nothing" : "the object of an earlier owner")});
}

void worker::drop_object(std::size_t index) {
    const held_object what = objects[index];
    objects[index] = objects.back();
    objects.pop_back();
    recorder_.record({flight_event::kind::drop, what.from->id, what.nr});
    if (!is_still_there(*what.object, what.level, what.nr)) return;
    const ticks called = begin_release();
    set_.under_test().put_pid(*what.object);
    end_release(called);
}

// --- Closing, and failing ------------------------------------------------------------------------

void worker::disable(tested_namespace& ns) {
    recorder_.record({flight_event::kind::disable, ns.id, 0});
    const ticks called = time_before();
    const bool mine = ns.disable_pid_allocation();
    operation one = operation_of(operation_kind::disable, ns, called);
    if (!mine) one.error = alloc_error::namespace_dead;
    record(one);
    // Release: a worker that acquires this has learned of the closing.
    ns.closed.store(true, std::memory_order::release);
}

alloc_result worker::alloc_in_closing(tested_namespace& ns) {
    const bool knows = ns.closed.load(std::memory_order::acquire);
    const alloc_result got = alloc_in(ns);
    if (!knows || got == alloc_error::namespace_dead) return got;
    report({.broken = invariant::linearizable,
            .what = fmt::format("worker {} knew that namespace {} is closed, and got {}", number_,
                                name_of(ns),
                                got ? fmt::format("pid {} of it", got.nr())
                                    : fmt::format("\"{}\"", to_string(got.error())))});
    return got;
}

void worker::abandon(tested_namespace& ns) {
    const held_pid first = held.back();
    held.pop_back();
    move_out(ns, first.nr);
    ns.external.fetch_sub(1, std::memory_order::relaxed);
    recorder_.record({flight_event::kind::put, ns.id, 0});
    const ticks called = begin_release();
    ns.abandon(first.nr);
    operation freed = operation_of(operation_kind::free, ns, called);
    freed.pid = first.nr;
    record(freed);
    record(operation_of(operation_kind::put, ns, called));
    end_release(called);
}

void worker::audit_own(tested_namespace& deepest) {
    for (tested_namespace* ns = &deepest; ns != nullptr; ns = ns->parent()) {
        std::vector<pid_nr> mine;
        for (const held_pid& what : held)
            if (what.ns == ns) mine.push_back(what.nr);
        for (const held_task& one : tasks)
            if (ns->level < one.pids.size() && one.pids[ns->level].ns == ns)
                mine.push_back(one.pids[ns->level].nr);
        set_.audit_namespace(*ns, mine, peek_);
    }
}

}  // namespace pidmap_stress
