#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "harness/explorer/model/event.hpp"
#include "harness/explorer/model/graph.hpp"
#include "harness/explorer/model/heap.hpp"
#include "harness/explorer/run/step.hpp"

/// What one execution of a program is bounded by, how it ends, and who looks on.
namespace pidmap_stress::explore {

/// What may go wrong in one execution, and where it ends. All budgets are per thread, so that no
/// order of threads decides who has them.
struct run_limits {
    unsigned steps = 5000;           ///< Of all threads together.
    unsigned spurious_failures = 0;  ///< Of weak compare-exchanges.
    unsigned spurious_wakeups = 0;   ///< Of condition variables.
    unsigned failed_allocations = 0;
};

/// A thread that stops forever, to see whether the others depend on it.
struct freeze_point {
    unsigned thread = 0;  ///< 0: nobody.
    unsigned after = 0;   ///< How many of its steps it still does.
};

enum class execution_end : std::uint8_t {
    complete,      ///< All threads ended.
    blocked,       ///< Some wait for what another choice would have given them.
    stopped,       ///< A finding stopped a thread.
    known,         ///< From here on, all has been explored before.
    inconsistent,  ///< The last event broke an axiom.
    step_limit,
    needs_graph,  ///< A walk did what cannot be judged without one.
};

/// What the threads of a program may yet do, as far as it makes a difference to its states.
struct lookahead {
    /// By thread: where it may read, or put, more than what is last in modification order.
    std::array<location_set, max_threads> choices{};
    /// Whether all of the graph may matter: fences look back at what their thread has read, the
    /// order of sequentially consistent operations is one of all of them, and grace periods ask
    /// what sections have read.
    bool whole_graph = false;
};

/// Sees each step of a controlled execution.
class step_observer {
public:
    virtual ~step_observer() = default;
    virtual void on_step(const step& done) = 0;
};

/// Which step of each thread read, and which wrote, something last.
struct last_steps {
    std::array<std::optional<unsigned>, max_threads> read{};
    std::array<std::optional<unsigned>, max_threads> written{};
};

/// A location where somebody may yet read more than the newest write.
struct open_location {
    location_id where;
    event_id oldest;
};

/// How far everybody was when a state was met.
struct round_mark {
    unsigned writes;
    std::array<unsigned, max_threads> steps;
};

/// What a cell gets for a step. When it is not done, the cell notes its thread's local state and
/// asks again.
struct reply {
    std::uint64_t value;
    bool done;
};

/// A cell, as the machine knows it.
struct cell_info {
    std::uint8_t bytes = 8;  ///< Of a value.
    cell_role role = cell_role::data;
    bool atomic = true;
    std::int16_t index = -1;  ///< See cell_label; -1: none.
    const char* name = nullptr;
    const char* kind = nullptr;  ///< What it is called without a name; nullptr: after its role.
    std::uint32_t notifies_of = ~0U;  ///< The cell whose waiting threads this one holds.
    block* in = nullptr;
};

/// What a program calls a cell.
struct cell_label {
    const char* name = nullptr;           ///< It must outlive the exploration.
    std::optional<std::uint8_t> index{};  ///< Which one of those with its role: of a page, say.
};

}  // namespace pidmap_stress::explore
