#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/contract.hpp"

namespace pidmap_stress {

/// The holder of a pid: a worker's number plus one, or 0. Not atomic, on purpose: the allocator is
/// to order one holder's writes before the next one's, and where it does not, this is a data race.
using tenant_slot = std::uint16_t;

/// The slots of many namespaces, all 0 at first.
///
/// A trial has hundreds of namespaces and touches few of their pids, so the slots are mapped all at
/// once, and pages that are never touched cost nothing.
class tenant_slots {
public:
    /// \param each  Slots of one namespace: for the pids below it.
    /// \throws std::bad_alloc
    tenant_slots(std::size_t namespaces, pid_nr each);
    ~tenant_slots();
    tenant_slots(const tenant_slots&) = delete;
    tenant_slots& operator=(const tenant_slots&) = delete;

    /// \pre number < namespaces.
    [[nodiscard]] tenant_slot* of(std::size_t number) const noexcept {
        return slots_ + number * each_;
    }

private:
    std::size_t each_;
    std::size_t bytes_;
    tenant_slot* slots_;
};

}  // namespace pidmap_stress
