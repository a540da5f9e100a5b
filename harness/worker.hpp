#pragma once

#include <utility>
#include <vector>

#include "allocator/execution_policy.hpp"
#include "harness/board.hpp"
#include "harness/rng.hpp"
#include "harness/stage.hpp"
#include "harness/subject.hpp"

namespace pidmap_stress {

/// A pid that a worker holds.
struct held_pid {
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
    [[nodiscard]] std::uint32_t now() const noexcept { return now_; }

    /// Allocates in the slot's namespace as the discipline says, and keeps the pid in `held`.
    /// Under `lookup`, a slot that is found empty is filled with a new namespace.
    alloc_result alloc(table_slot& slot);
    /// Allocates in a namespace that the caller's pid or reference keeps alive.
    alloc_result alloc_in(tested_namespace& ns);
    /// Frees the pid at `index` of `held`; the last one takes its place.
    void free_at(std::size_t index);
    /// Frees a pid that is no longer, or never was, in `held`.
    void free_pid(held_pid what);
    void free_last() { free_at(held.size() - 1); }
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
    void judge_alloc(tested_namespace& ns, pid_nr nr) noexcept;
    void begin_call(operation_kind kind, const tested_namespace& ns, pid_nr nr);
    void end_call(alloc_result result);
    void end_call();
    void count() noexcept {
        ++now_;
        if (now_ % 64 == 0)  // Seldom enough to cost nothing, often enough for a watchdog.
            recorder_.operations.store(now_, std::memory_order::relaxed);
    }

    stage& set_;
    board& board_;
    flight_recorder& recorder_;
    unsigned number_;
    tenant_cell tenant_;
    bool by_lookup_;
    bool keep_history_ = false;
    std::uint32_t steps_left_ = 0;
    std::uint32_t lingers_one_in_ = 8;
    std::uint32_t now_ = 0;
    std::uint32_t now_taken_ = 0;
    std::uint64_t marks_ = 0;
    rng chance_;
    /// Where this worker got its last pid of the round, and whether it got a reserved one.
    tested_namespace* last_in_ = nullptr;
    bool got_reserved_ = false;
    std::vector<operation> history_;
};

}  // namespace pidmap_stress
