#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "allocator/execution_policy.hpp"
#include "harness/explorer/model/event.hpp"

namespace pidmap_stress::explore {

enum class step_kind : std::uint8_t {
    load,
    store,
    update,         ///< A read-modify-write that stored.
    failed_update,  ///< A compare-exchange that did not.
    fence,
    choice,  ///< choose(n), an allocation that may fail included.
    plain_read,
    plain_write,
    create,
    destroy,
    retire,
    enter_section,
    leave_section,
};

/// One row of a trace: what a thread did, and what it saw.
struct step {
    unsigned number = 0;  ///< From 0, in the order of the replay.
    unsigned thread = 0;
    step_kind kind = step_kind::load;
    std::string cell{};  ///< Its name, or its role and number.
    bool named = false;  ///< By the program.
    cell_role role = cell_role::data;
    std::optional<unsigned> index{};  ///< Which one of those with its role, if the program says.
    location_id location = 0;
    rmw_op op = rmw_op::none;
    std::memory_order order = std::memory_order::relaxed;
    std::uint64_t read = 0;
    std::optional<unsigned> read_from{};  ///< The step that wrote it; none is the set-up.
    bool stale = false;                   ///< A newer value was there.
    std::optional<unsigned> missed{};     ///< The step that wrote it.
    std::uint64_t written = 0;
    std::string label{};         ///< What label() said last in this thread.
    const void* site = nullptr;  ///< Address of the code, for a symbolizer.
};

}  // namespace pidmap_stress::explore
