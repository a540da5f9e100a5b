#pragma once

#include <utility>
#include <vector>

#include "allocator/execution_policy.hpp"
#include "checkers/tenancy.hpp"
#include "harness/board.hpp"
#include "harness/rng.hpp"
#include "harness/stage.hpp"
#include "harness/subject.hpp"

namespace pidmap_stress {

/// A pid that a worker holds.
struct held_pid {
    held_pid() noexcept = default;
    held_pid(tested_namespace* where, pid_nr which) noexcept : ns(where), nr(which) {}

    tested_namespace* ns = nullptr;
    pid_nr nr = 0;
    /// Not to be freed before the worker's so manieth operation.
    std::uint32_t due = 0;
};

/// A worker as scenarios see it: every call goes through here, is checked, and is recorded in the
/// worker's own memory. Used by one thread at a time.
class worker {
public:
    worker(stage& set, unsigned number) noexcept;

    // ---- What a scenario does ----

    /// Counts one step of the round. \returns Whether there is one left.
    [[nodiscard]] bool running() noexcept {
        if (steps_left_ == 0 || board_.stop.load(std::memory_order::relaxed) != 0) [[unlikely]]
            return false;
        --steps_left_;
        return true;
    }
    /// This worker's own chance.
    [[nodiscard]] rng& chance() noexcept { return chance_; }
    /// In [0, number of workers), and the number itself for the main thread.
    [[nodiscard]] unsigned number() const noexcept { return number_; }
    /// Operations so far: the worker's own time.
    [[nodiscard]] std::uint32_t now() const noexcept {
        return static_cast<std::uint32_t>(recorder_.recorded.load(std::memory_order::relaxed));
    }

    /// Allocates in the slot's namespace as the discipline says, and keeps the pid in `held`.
    /// Under `lookup`, a slot that is found empty is filled with a new namespace.
    alloc_result alloc(table_slot& slot);
    /// Allocates in a namespace that the caller's pid or reference keeps alive.
    alloc_result alloc_in(tested_namespace& ns);
    /// Frees the pid at `index` of `held`; the last one takes its place.
    void free_at(std::size_t index);
    /// Frees a pid that is no longer, or never was, in `held`.
    void free_pid(held_pid what);
    void free_last();
    void free_any() { free_at(chance_.below(static_cast<std::uint32_t>(held.size()))); }

    /// Hands a pid over to another worker: the giver disowns it, the taker owns it. It stays in no
    /// worker's `held` meanwhile.
    void disown(held_pid what) noexcept { what.ns->cell(what.nr) = 0; }
    void own(held_pid what) noexcept { what.ns->cell(what.nr) = tenant_; }
    /// No more steps in this round.
    void end_round() noexcept { steps_left_ = 0; }

    /// Makes a namespace; the caller has its one reference. nullptr: none is to be had now.
    [[nodiscard]] tested_namespace* create();
    /// Takes a reference. \pre The caller's own pid or reference keeps the namespace alive.
    void get(tested_namespace& ns);
    /// Drops a reference that the caller has.
    void put(tested_namespace& ns);

    /// Notes that the scenario's mark of this index was hit.
    void hit(unsigned mark) noexcept { marks_ |= std::uint64_t{1} << mark; }
    /// From now on one allocation of memory in so many fails; 0: none.
    void inject_failures(std::uint32_t one_in) noexcept;
    void set_pid_max(pid_nr limit) noexcept;
    /// Lets a moment pass, so that others come between.
    void dawdle() noexcept;
    /// From now on, in this round: one lookup in so many is used a while later only. 8 by default.
    void linger(std::uint32_t one_in) noexcept { lingers_one_in_ = one_in; }
    [[nodiscard]] stage& set() noexcept { return set_; }

    std::vector<held_pid> held;
    /// Pids and references that stay for the whole round: what the discipline rests on.
    std::vector<held_pid> anchors;
    std::vector<tested_namespace*> references;

    // ---- What a trial does, when no worker runs ----

    void begin_round(std::uint64_t key, std::uint32_t steps, bool keep_history);
    /// Makes the calling thread this worker.
    void take_thread() noexcept;
    void leave_thread() noexcept;
    [[nodiscard]] std::uint64_t take_marks() noexcept { return std::exchange(marks_, 0); }
    /// Operations since the last time.
    [[nodiscard]] std::uint64_t take_operations() noexcept;
    /// Where the last pid of the round came from, if one came.
    [[nodiscard]] tested_namespace* last_in() const noexcept { return last_in_; }
    /// Whether a pid below reserved_pids came in this round.
    [[nodiscard]] bool got_reserved() const noexcept { return got_reserved_; }
    [[nodiscard]] std::vector<operation>& history() noexcept { return history_; }
    void forget_everything() noexcept;

private:
    alloc_result alloc_by_lookup(table_slot& slot);
    alloc_result fill(table_slot& slot);
    /// Notes a pid that came: moves into its cell, and keeps it in `held`.
    void keep(tested_namespace& ns, pid_nr nr);
    // What is seldom or never so.
    [[gnu::noinline, gnu::cold]] alloc_result alloc_with_care(tested_namespace& ns);
    [[gnu::noinline, gnu::cold]] void free_with_care(held_pid what);
    /// \returns Whether there is a cell for the pid.
    [[gnu::noinline, gnu::cold]] bool judge_range(const tested_namespace& ns, pid_nr nr);
    [[gnu::noinline, gnu::cold]] void tell_refused(const tested_namespace& ns, alloc_error why);
    [[gnu::noinline, gnu::cold]] void tell_used_but_released(const tested_namespace& ns) const;
    [[gnu::noinline, gnu::cold]] void tell_pinned_but_released(const tested_namespace& ns,
                                                               pid_nr nr) const;
    [[gnu::noinline, gnu::cold]] void tell_tenants(const tested_namespace& ns, pid_nr nr,
                                                   tenant_cell found,
                                                   tenant_change::step which) const;
    void begin_call(operation_kind kind, const tested_namespace& ns, pid_nr nr);
    void end_call(alloc_result result);
    void end_call();

    stage& set_;
    board& board_;
    flight_recorder& recorder_;
    unsigned number_;
    tenant_cell tenant_;
    bool by_lookup_;
    bool is_main_;
    /// The main thread, or a history is kept: calls are made with care.
    bool careful_ = false;
    pid_nr limit_;
    pid_nr reserved_;
    std::uint32_t usual_pids_;  ///< From reserved_ up to limit_.
    bool keep_history_ = false;
    std::uint32_t steps_left_ = 0;
    std::uint32_t lingers_one_in_ = 8;
    std::uint64_t recorded_before_ = 0;
    std::uint64_t marks_ = 0;
    rng chance_;
    /// Where this worker got its last pid of the round, and whether it got a reserved one.
    tested_namespace* last_in_ = nullptr;
    bool got_reserved_ = false;
    std::vector<operation> history_;
};

// ------------------------------------------------------------------------------------------------
// Inline: between two calls of the allocator there is time for some ten instructions, no more.

inline alloc_result worker::alloc(table_slot& slot) {
    if (by_lookup_) return alloc_by_lookup(slot);
    // Relaxed: the slot was set before the round began.
    return alloc_in(*slot.current.load(std::memory_order::relaxed));
}

inline alloc_result worker::alloc_in(tested_namespace& ns) {
    if (careful_ || ns.released()) [[unlikely]]
        return alloc_with_care(ns);
    const alloc_result result = ns.alloc_pidmap();
    if (result) [[likely]]
        keep(ns, result.nr());
    else
        tell_refused(ns, result.error());
    return result;
}

inline void worker::keep(tested_namespace& ns, pid_nr nr) {
    last_in_ = &ns;
    recorder_.record({flight_event::kind::alloc, ns.id, nr});
    // One comparison for both ends; what is below reserved_pids is rare, and may be right.
    if (static_cast<std::uint32_t>(nr - reserved_) >= usual_pids_) [[unlikely]]
        if (!judge_range(ns, nr)) return;
    tenant_cell& cell = ns.cell(nr);
    const tenant_cell found = cell;
    cell = tenant_;
    if (found != 0) [[unlikely]]
        tell_tenants(ns, nr, found, tenant_change::step::moves_in);
    held.emplace_back(&ns, nr);
}

inline void worker::free_at(std::size_t index) {
    const held_pid what(held[index].ns, held[index].nr);
    held[index] = held.back();
    held.pop_back();
    free_pid(what);
}

inline void worker::free_last() {
    const held_pid what(held.back().ns, held.back().nr);
    held.pop_back();
    free_pid(what);
}

inline void worker::free_pid(held_pid what) {
    tested_namespace& ns = *what.ns;
    tenant_cell& cell = ns.cell(what.nr);
    const tenant_cell found = cell;
    cell = 0;
    if (found != tenant_) [[unlikely]]
        tell_tenants(ns, what.nr, found, tenant_change::step::moves_out);
    recorder_.record({flight_event::kind::free, ns.id, what.nr});
    if (careful_ || ns.released()) [[unlikely]]
        return free_with_care(what);
    ns.free_pidmap(what.nr);
}

}  // namespace pidmap_stress
