#include "harness/native/worker.hpp"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "checkers/range.hpp"
#include "harness/world/clock.hpp"
#include "harness/world/read_side.hpp"
#include "harness/world/worker_identity.hpp"

namespace pidmap_stress {
namespace {

[[nodiscard]] namespace_key key_of(const tested_namespace& ns) noexcept {
    return {.id = ns.id, .generation = ns.generation};
}

[[nodiscard]] constexpr pid_nr coded(alloc_error error) noexcept {
    return -1 - static_cast<pid_nr>(error);
}

}  // namespace

worker::worker(stage& set, unsigned number) noexcept
    : set_(set),
      board_(set.report_to()),
      recorder_(board_.workers[number == set.workers() ? max_workers : number]),
      number_(number),
      tenant_(static_cast<tenant_slot>(number + 1)),
      by_lookup_(set.how() == discipline::lookup),
      is_main_(number == set.workers()),
      limit_(set.highest_pid_max()),
      reserved_(set.under_test().reserved_pids()),
      usual_pids_(static_cast<std::uint32_t>(limit_ - reserved_)) {}

void worker::begin_round(std::uint64_t key, std::uint32_t steps, bool keep_history) {
    chance_ = rng(split(key, number_));
    steps_left_ = steps;
    keep_history_ = keep_history;
    careful_ = keep_history || is_main_;
    lingers_one_in_ = 8;
    last_in_ = nullptr;
    got_reserved_ = false;
    history_.clear();
}

void worker::take_thread() noexcept {
    self.slot = number_ == set_.workers() ? max_workers : number_;
    recorder_.thread.store(::gettid(), std::memory_order::relaxed);
    self.delays = rng(split(chance_.next(), "delays"));
    self.accesses_until_delay = 0;
    self.faults = rng(split(chance_.next(), "faults"));
    self.fail_one_in = 0;
    self.fail_in = 0;
    recorder_.record({flight_event::kind::round, 0, 0});
    recorded_before_ = recorder_.recorded.load(std::memory_order::relaxed);
    thread_began_ = cpu_time_of_thread();
}

void worker::leave_thread() noexcept {
    self.fail_one_in = 0;
    near_.add(std::exchange(self.near, {}));
    cpu_time_ += cpu_time_of_thread() - thread_began_;
}

std::uint64_t worker::take_operations() noexcept {
    const std::uint64_t recorded = recorder_.recorded.load(std::memory_order::relaxed);
    const std::uint64_t done = recorded - std::exchange(recorded_before_, recorded);
    return done;
}

void worker::forget_everything() noexcept {
    held.clear();
    anchors.clear();
    references.clear();
    tasks.clear();
    objects.clear();
    last_in_ = nullptr;
}

alloc_result worker::alloc_with_care(tested_namespace& ns) {
    if (ns.released() && !by_lookup_) tell_used_but_released(ns);
    if (keep_history_) begin_call(operation_kind::alloc, ns, 0);
    const alloc_result result = ns.alloc_pidmap();
    if (keep_history_) end_call(result);
    if (!result) {
        tell_refused(ns, result.error());
        return result;
    }
    keep(ns, result.nr());
    // The main thread allocates alone, so the hint is at its pid now.
    if (is_main_) ns.past_reserved = result.nr() >= reserved_;
    return result;
}

void worker::find_sole(tested_namespace& ns, pid_nr nr) {
    const auto sole = std::ranges::find_if(
        held, [&](const held_pid& what) { return what.ns == &ns && what.nr == nr; });
    if (sole == held.end()) return;
    free_at(static_cast<std::size_t>(sole - held.begin()));
    const alloc_result got = alloc_in(ns);
    if (got == nr) return;
    report({.broken = invariant::linearizable,
            .what = fmt::format(
                "pid {} of namespace {} is the only one that is free, and worker {} got {}", nr,
                ns.id, number_,
                got ? fmt::format("pid {}", got.nr())
                    : fmt::format("\"{}\"", to_string(got.error())))});
}

bool worker::walk_to(tested_namespace& ns, pid_nr nr) {
    pid_nr before = 0;
    // No search needs more: each call of it continues where the last one ended.
    for (pid_nr calls = 0; calls < limit_; ++calls) {
        const alloc_result got = alloc_in(ns);
        if (!got) return false;
        if (got.nr() >= nr) return true;
        free_last();
        if (got.nr() == before) {
            report({.broken = invariant::no_immediate_reuse,
                    .what = fmt::format("pid {} of namespace {} was handed out again as soon as it "
                                        "had been freed, while almost all others were free",
                                        before, ns.id)});
            return false;
        }
        before = got.nr();
    }
    return false;
}

void worker::free_with_care(held_pid what) {
    tested_namespace& ns = *what.ns;
    if (ns.released()) tell_pinned_but_released(ns, what.nr);
    const ticks called = begin_release();
    if (keep_history_) begin_call(operation_kind::free, ns, what.nr);
    ns.free_pidmap(what.nr);
    if (keep_history_) end_call();
    end_release(called);
}

void worker::tell_refused(tested_namespace& ns, alloc_error why) {
    recorder_.record({flight_event::kind::alloc, ns.id, coded(why)});
    if (why != alloc_error::namespace_dead || by_lookup_) return;
    // Whether it was closed by then, the histories show; if it never was, the audit does.
    if (ns.may_be_closed) return ns.told_dead.store(true, std::memory_order::relaxed);
    // No order of the calls explains it; and from the caller's point of view, what it holds did not
    // keep the namespace alive. The explorer reports both too: see judge_refusal().
    for (const invariant one : {invariant::live_pid_pins_namespace, invariant::linearizable})
        report({.broken = one,
                .what = fmt::format(
                    "namespace {} says that it is dead, while worker {} holds a {} of it", ns.id,
                    number_, anchors.empty() ? "reference" : "pid")});
}

bool worker::judge_range(const tested_namespace& ns, pid_nr nr) {
    const range_evidence evidence{.pid = nr,
                                  .pid_max = limit_,
                                  .reserved_pids = reserved_,
                                  .wrapped_before = ns.past_reserved};
    if (!evidence.fits()) report(describe_misfit(evidence));
    got_reserved_ = true;
    return nr >= 1 && nr < limit_;
}

/// The call that follows touches released memory, which may be in use for something else by then.
void worker::tell_used_but_released(const tested_namespace& ns) const {
    const bool member = set_.how() == discipline::member;
    report({.broken = member ? invariant::live_pid_pins_namespace : invariant::no_use_after_release,
            .what = fmt::format("worker {} allocates in namespace {}, which was released although "
                                "the worker holds a {} of it",
                                number_, ns.id, member ? "pid" : "reference")});
}

void worker::tell_pinned_but_released(const tested_namespace& ns, pid_nr nr) const {
    report({.broken = invariant::live_pid_pins_namespace,
            .what = fmt::format("namespace {} was released while worker {} held pid {} of it",
                                ns.id, number_, nr)});
}

void worker::tell_tenants(const tested_namespace& ns, pid_nr nr, tenant_slot found,
                          tenant_change::step which) const {
    report(describe_misfit(
        {.which = which, .where = key_of(ns), .pid = nr, .self = tenant_, .found = found}));
}

alloc_result worker::alloc_by_lookup(table_slot& slot) {
    alloc_result got = alloc_error::exhausted;
    if (with_found(slot, [&](tested_namespace& ns) { got = alloc_in(ns); })) return got;
    return fill(slot);
}

void worker::set_last_pid(tested_namespace& ns, pid_nr last) noexcept {
    ns.hint_was_set.store(true, std::memory_order::relaxed);
    ns.set_last_pid(last);
}

void worker::dawdle() noexcept {
    if (chance_.one_in(4))
        std::this_thread::yield();  // Others run meanwhile, where there are few cores.
    else
        for (std::uint32_t n = chance_.below(200); n > 0; --n) native::pause();
}

alloc_result worker::fill(table_slot& slot) {
    tested_namespace* const fresh = create();
    if (fresh == nullptr) {
        steps_left_ = 0;
        return alloc_error::no_memory;
    }
    // The first pid is to keep it alive when the creator's reference goes.
    const alloc_result first = alloc_in(*fresh);
    const bool mine = first && publish(slot, *fresh);
    if (!mine && first) free_last();  // Another worker was first. This one was never visible.
    put(*fresh);
    return mine ? first : alloc_result(alloc_error::exhausted);
}

bool worker::publish(table_slot& slot, tested_namespace& ns) noexcept {
    ns.home = &slot;
    tested_namespace* nothing = nullptr;
    // Release: a worker that finds the namespace finds it set up.
    const bool first = slot.current.compare_exchange_strong(
        nothing, &ns, std::memory_order::release, std::memory_order::relaxed);
    if (!first) ns.home = nullptr;
    return first;
}

tested_namespace* worker::create(tested_namespace* above) {
    tested_namespace* const ns = set_.take_object(number_);
    if (ns == nullptr) return nullptr;
    const ticks called = time_before();
    if (!ns->create(above)) {
        set_.give_object_back(number_);
        return nullptr;
    }
    // The child's reference.
    if (above != nullptr) record(operation_of(operation_kind::get, *above, called));
    recorder_.record({flight_event::kind::create, ns->id,
                      above == nullptr ? 0 : static_cast<pid_nr>(above->id) + 1});
    return ns;
}

void worker::get(tested_namespace& ns) {
    ns.external.fetch_add(1, std::memory_order::relaxed);
    if (keep_history_) begin_call(operation_kind::get, ns, 0);
    ns.get();
    if (keep_history_) end_call();
    recorder_.record({flight_event::kind::get, ns.id, 0});
}

void worker::put(tested_namespace& ns) {
    ns.external.fetch_sub(1, std::memory_order::relaxed);
    recorder_.record({flight_event::kind::put, ns.id, 0});
    const ticks called = begin_release();
    if (keep_history_) begin_call(operation_kind::put, ns, 0);
    ns.put();
    if (keep_history_) end_call();
    end_release(called);
}

void worker::inject_failures(std::uint32_t one_in) noexcept {
    self.fail_one_in = one_in;
}

void worker::set_pid_max(pid_nr limit) noexcept {
    set_.under_test().set_pid_max(limit);
}

void worker::begin_call(operation_kind kind, const tested_namespace& ns, pid_nr nr) {
    history_.push_back({.kind = kind, .worker = number_, .where = key_of(ns), .pid = nr});
    history_.back().called = time_before();
}

void worker::end_call() {
    history_.back().returned = time_after();
}

void worker::end_call(alloc_result result) {
    history_.back().returned = time_after();
    if (result)
        history_.back().pid = result.nr();
    else
        history_.back().error = result.error();
}

}  // namespace pidmap_stress
