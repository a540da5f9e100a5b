#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "allocator/execution_policy.hpp"
#include "checkers/tenancy.hpp"
#include "harness/base/rng.hpp"
#include "harness/native/stage.hpp"
#include "harness/native/subject.hpp"
#include "harness/world/board.hpp"
#include "harness/world/read_side.hpp"
#include "harness/world/worker_identity.hpp"

namespace pidmap_stress {

/// A pid that a worker holds.
struct held_pid {
    held_pid() noexcept = default;
    held_pid(tested_namespace* where, pid_nr which) noexcept : ns(where), nr(which) {}

    tested_namespace* ns = nullptr;
    pid_nr nr = 0;
    /// Not freed before the worker has done this many operations.
    std::uint32_t due = 0;
};

/// What a worker holds of a task: a pid at every level, and an object if it was made with one.
struct held_task {
    std::vector<held_pid> pids{};  ///< By level.
    pid_handle* object = nullptr;

    [[nodiscard]] tested_namespace& home() const noexcept { return *pids.back().ns; }
};

/// An object that a worker has a reference on, and where it was found.
struct held_object {
    pid_handle* object = nullptr;
    tested_namespace* from = nullptr;
    std::uint32_t generation = 0;
    unsigned level = 0;
    pid_nr nr = 0;

    /// Whether the namespace went before the object.
    [[nodiscard]] bool outlives_its_namespace() const noexcept {
        return from->generation != generation || from->released();
    }
};

/// What became of an attempt to make a task.
struct task_result {
    /// Why it failed, and at which level.
    std::optional<alloc_error> error{};
    unsigned at_level = 0;
    [[nodiscard]] explicit operator bool() const noexcept { return !error; }
};

/// A worker as scenarios see it: every call passes through here, is checked, and is recorded in the
/// worker's own memory. Used by one thread at a time.
class worker {
public:
    worker(stage& set, unsigned number) noexcept;

    // ---- What a scenario does ----

    /// Counts one step of the round. \returns Whether one is left.
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

    /// Allocates in the slot's namespace as the discipline requires, and keeps the pid in `held`.
    /// Under `lookup`, an empty slot is filled with a new namespace.
    alloc_result alloc(table_slot& slot);
    /// Allocates in a namespace that the caller's pid or reference keeps alive.
    alloc_result alloc_in(tested_namespace& ns);
    /// Makes the next search of a namespace begin behind `last`: see pid_namespace::set_last_pid().
    /// \pre The subject nests; as for alloc_in().
    void set_last_pid(tested_namespace& ns, pid_nr last) noexcept;
    /// Frees the pid at `index` of `held`; the last one takes its place.
    void free_at(std::size_t index);
    /// Frees a pid that is no longer in `held`, or never was.
    void free_pid(held_pid what);
    void free_last();
    /// Frees a pid of `held` and allocates: the search must find it, wherever it begins.
    ///
    /// \pre No other pid that a search may find is free, the last one that was handed out is
    ///      another one, and no other worker is in a call.
    void find_sole(tested_namespace& ns, pid_nr nr);
    /// Brings the search of a namespace forward: allocates pid after pid, and frees each of them
    /// once the next one is allocated, until one is `nr` or above; that one is kept. A search that
    /// returns the previous pid again is reported.
    ///
    /// \returns Whether it got there.
    /// \pre     No other worker allocates there, and there is room.
    bool walk_to(tested_namespace& ns, pid_nr nr);
    void free_any() { free_at(chance_.below(static_cast<std::uint32_t>(held.size()))); }

    /// Hands a pid over to another worker: the giver disowns it, the taker owns it. It stays in no
    /// worker's `held` meanwhile.
    void disown(held_pid what) noexcept { what.ns->cell(what.nr) = 0; }
    void own(held_pid what) noexcept { what.ns->cell(what.nr) = tenant_; }
    /// No more steps in this round.
    void end_round() noexcept { steps_left_ = 0; }

    /// Makes a namespace; the caller has its one reference. nullptr: it cannot be made now.
    /// \param above  Its parent, if it is to have one; the caller keeps that alive meanwhile.
    [[nodiscard]] tested_namespace* create(tested_namespace* above = nullptr);
    /// Whether this round's objects for create() were used up, as opposed to memory.
    [[nodiscard]] bool out_of_namespaces() const noexcept;
    /// Takes a reference. \pre The caller's own pid or reference keeps the namespace alive.
    void get(tested_namespace& ns);
    /// Drops a reference that the caller has.
    void put(tested_namespace& ns);

    /// Makes a namespace the slot's, if that is empty. \pre What it is to be found with is there.
    [[nodiscard]] bool publish(table_slot& slot, tested_namespace& ns) noexcept;
    /// Calls `use` with the namespace that it finds in the slot, within a read-side critical
    /// section. \returns Whether there was one.
    template <class Use>
    bool with_found(table_slot& slot, Use use);
    /// Calls `use` with the slot's namespace: looked up in a read-side section under `lookup`,
    /// otherwise kept alive by what the caller holds. \returns Whether there was one.
    template <class Use>
    bool with_current(table_slot& slot, Use use);

    // ---- Tasks and objects, of namespaces that nest ----

    /// Makes a task in a namespace, and keeps it in `tasks`. The caller's pid, reference or
    /// read-side section keeps the namespace alive meanwhile.
    task_result make_task(tested_namespace& deepest);
    /// The same with an object.
    task_result make_task_with_object(tested_namespace& deepest);
    /// Hands a task over to another worker, as a pid.
    void disown(const held_task& what) noexcept {
        for (const held_pid& one : what.pids) disown(one);
    }
    void own(const held_task& what) noexcept {
        for (const held_pid& one : what.pids) own(one);
    }
    /// A reference belongs to no worker in particular.
    void disown(tested_namespace* /*what*/) noexcept {}
    void own(tested_namespace* /*what*/) noexcept {}
    /// Ends the task at `index` of `tasks`; the last one takes its place. Its object lives on while
    /// any reference is left.
    void end_task(std::size_t index);
    void end_last_task() { end_task(tasks.size() - 1); }
    /// Looks up a number that any worker may have, and judges what it finds. The object that was
    /// found is kept in `objects`. \returns Whether one was found. \pre As for make_task().
    bool look_up(tested_namespace& ns, pid_nr nr);
    /// Looks up a task's own number at a level: that must find the task's own object. It is kept.
    void look_up_own(const held_task& mine, unsigned level);
    /// Drops the reference on the object at `index` of `objects`; the last one takes its place.
    void drop_object(std::size_t index);

    /// Closes a namespace for allocations; once it has returned, every worker can know.
    void disable(tested_namespace& ns);
    /// As alloc_in(), but a worker that knows that the namespace is closed must not get a pid.
    alloc_result alloc_in_closing(tested_namespace& ns);
    /// Undoes a creation after its first pid, which is the last of `held`.
    void abandon(tested_namespace& ns);

    /// Makes the first, the second, ... allocation of memory within `call` fail, until it succeeds.
    /// After each failure `judge` is called. \returns How many there were.
    template <class Call, class Judge>
    unsigned fail_each_allocation(Call call, Judge judge);
    /// Audits a namespace, and those above. \pre Only this worker knows of them.
    void audit_own(tested_namespace& deepest);

    /// Notes that the scenario's mark of this index was hit.
    void hit(unsigned mark) noexcept { marks_ |= std::uint64_t{1} << mark; }
    /// From now on one allocation of memory in N fails; 0: no failures.
    void inject_failures(std::uint32_t one_in) noexcept;
    void set_pid_max(pid_nr limit) noexcept;
    /// Waits for a moment, so that others come between.
    void dawdle() noexcept;
    /// Makes a call that is slow at pid objects: what it has read of one may be out of date at its
    /// next access, and other workers may be in the middle of the same call.
    template <class Call>
    void slowly(Call call) {
        self.slow_at_objects = true;
        call();
        self.slow_at_objects = false;
    }
    /// From now on, in this round: one lookup in N is followed by a delay before use. 8 by default.
    void linger(std::uint32_t one_in) noexcept { lingers_one_in_ = one_in; }
    [[nodiscard]] stage& set() noexcept { return set_; }

    std::vector<held_pid> held;
    /// Pids and references that stay for the whole round: what the discipline rests on.
    std::vector<held_pid> anchors;
    std::vector<tested_namespace*> references;
    std::vector<held_task> tasks;
    /// Objects that the worker has a reference on.
    std::vector<held_object> objects;

    // ---- What a trial does, when no worker runs ----

    void begin_round(std::uint64_t key, std::uint32_t steps, bool keep_history);
    /// Makes the calling thread this worker.
    void take_thread() noexcept;
    void leave_thread() noexcept;
    [[nodiscard]] std::uint64_t take_marks() noexcept { return std::exchange(marks_, 0); }
    [[nodiscard]] near_misses take_near_misses() noexcept { return std::exchange(near_, {}); }
    /// Operations since the last time.
    [[nodiscard]] std::uint64_t take_operations() noexcept;
    /// Processor time in which it was this worker's turn, since the last time.
    [[nodiscard]] std::chrono::nanoseconds take_cpu_time() noexcept {
        return std::exchange(cpu_time_, {});
    }
    /// Where the last pid of the round came from, if there was one.
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
    /// \returns Whether there is a cell for the pid.
    bool move_in(tested_namespace& ns, pid_nr nr);
    void move_out(tested_namespace& ns, pid_nr nr);
    task_result note_task(tested_namespace& deepest, std::span<const pid_nr> numbers,
                          pid_handle* object, ticks called);
    /// \param reached  The highest level, in the order of the chain, that may have given a number.
    task_result note_no_task(tested_namespace& deepest, alloc_error error, unsigned at_level,
                             unsigned reached, ticks called);
    void judge_found(const pid_handle& object, const tested_namespace& ns, pid_nr nr) const;
    [[nodiscard]] bool is_still_there(const pid_handle& object, unsigned level, pid_nr nr) const;
    /// A call that may release namespaces, or an object.
    [[nodiscard]] ticks begin_release() const noexcept;
    void end_release(ticks called);
    void record(const operation& what) {
        if (keep_history_) history_.push_back(what);
    }
    [[nodiscard]] operation operation_of(operation_kind kind, const tested_namespace& ns,
                                         ticks called) const noexcept;
    // Rare cases, or cases that never occur.
    [[gnu::noinline, gnu::cold]] alloc_result alloc_with_care(tested_namespace& ns);
    [[gnu::noinline, gnu::cold]] void free_with_care(held_pid what);
    /// \returns Whether there is a cell for the pid.
    [[gnu::noinline, gnu::cold]] bool judge_range(const tested_namespace& ns, pid_nr nr);
    [[gnu::noinline, gnu::cold]] void tell_refused(tested_namespace& ns, alloc_error why);
    [[gnu::noinline, gnu::cold]] void tell_used_but_released(const tested_namespace& ns) const;
    [[gnu::noinline, gnu::cold]] void tell_pinned_but_released(const tested_namespace& ns,
                                                               pid_nr nr) const;
    [[gnu::noinline, gnu::cold]] void tell_tenants(const tested_namespace& ns, pid_nr nr,
                                                   tenant_slot found,
                                                   tenant_change::step which) const;
    void begin_call(operation_kind kind, const tested_namespace& ns, pid_nr nr);
    void end_call(alloc_result result);
    void end_call();

    stage& set_;
    board& board_;
    flight_recorder& recorder_;
    unsigned number_;
    tenant_slot tenant_;
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
    std::chrono::nanoseconds thread_began_{};
    std::chrono::nanoseconds cpu_time_{};
    std::uint64_t marks_ = 0;
    near_misses near_{};
    rng chance_;
    /// Where this worker got its last pid of the round, and whether it got a reserved one.
    tested_namespace* last_in_ = nullptr;
    bool got_reserved_ = false;
    std::vector<operation> history_;
    namespace_peek peek_;
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

inline bool worker::move_in(tested_namespace& ns, pid_nr nr) {
    last_in_ = &ns;
    recorder_.record({flight_event::kind::alloc, ns.id, nr});
    // One comparison for both ends; what is below reserved_pids is rare, and may be right.
    if (static_cast<std::uint32_t>(nr - reserved_) >= usual_pids_) [[unlikely]]
        if (!judge_range(ns, nr)) return false;
    tenant_slot& cell = ns.cell(nr);
    const tenant_slot found = cell;
    cell = tenant_;
    if (found != 0) [[unlikely]]
        tell_tenants(ns, nr, found, tenant_change::step::moves_in);
    return true;
}

inline void worker::keep(tested_namespace& ns, pid_nr nr) {
    if (move_in(ns, nr)) held.emplace_back(&ns, nr);
}

inline void worker::move_out(tested_namespace& ns, pid_nr nr) {
    tenant_slot& cell = ns.cell(nr);
    const tenant_slot found = cell;
    cell = 0;
    if (found != tenant_) [[unlikely]]
        tell_tenants(ns, nr, found, tenant_change::step::moves_out);
    recorder_.record({flight_event::kind::free, ns.id, nr});
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
    move_out(ns, what.nr);
    if (careful_ || ns.released()) [[unlikely]]
        return free_with_care(what);
    ns.free_pidmap(what.nr);
}

template <class Use>
bool worker::with_found(table_slot& slot, Use use) {
    const read_side::section reading;
    // Acquire: pairs with publish(). What was looked up is a namespace that was alive when the
    // table was read; since then it may have died, but not gone.
    tested_namespace* const found = slot.current.load(std::memory_order::acquire);
    if (found == nullptr) return false;
    // Some look it up and use it a while later.
    if (chance_.one_in(lingers_one_in_)) dawdle();
    use(*found);
    return true;
}

template <class Use>
bool worker::with_current(table_slot& slot, Use use) {
    if (by_lookup_) return with_found(slot, use);
    // Relaxed: the slot was set before the round began.
    tested_namespace* const ns = slot.current.load(std::memory_order::relaxed);
    if (ns != nullptr) use(*ns);
    return ns != nullptr;
}

template <class Call, class Judge>
unsigned worker::fail_each_allocation(Call call, Judge judge) {
    for (unsigned failed = 0;; ++failed) {
        self.fail_in = failed + 1;
        const bool done = call();
        const bool went_through = std::exchange(self.fail_in, 0) != 0;
        if (done || went_through) return failed;
        judge();
    }
}

}  // namespace pidmap_stress
