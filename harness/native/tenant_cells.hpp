#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/contract.hpp"

namespace pidmap_stress {

/// The holder of a pid: a worker's number plus one, or 0. Not atomic, on purpose: the allocator is
/// to order one holder's writes before the next one's, and where it does not, this is a data race.
using tenant_cell = std::uint16_t;

/// The cells of many namespaces, all 0 at first.
///
/// A trial has hundreds of namespaces and touches few of their pids, so the cells are mapped all at
/// once, and pages that are never touched cost nothing.
class tenant_cells {
public:
    /// \param each  Cells of one namespace: for the pids below it.
    /// \throws std::bad_alloc
    tenant_cells(std::size_t namespaces, pid_nr each);
    ~tenant_cells();
    tenant_cells(const tenant_cells&) = delete;
    tenant_cells& operator=(const tenant_cells&) = delete;

    /// \pre number < namespaces.
    [[nodiscard]] tenant_cell* of(std::size_t number) const noexcept {
        return cells_ + number * each_;
    }

private:
    std::size_t each_;
    std::size_t bytes_;
    tenant_cell* cells_;
};

}  // namespace pidmap_stress
