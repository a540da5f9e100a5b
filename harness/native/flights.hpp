#pragma once

#include <cstddef>
#include <vector>

#include "harness/world/board.hpp"

namespace pidmap_stress {

/// A worker's last calls, oldest first.
struct flight_log {
    std::vector<flight_event> events{};
};

/// Copies the last `most` events of each worker.
[[nodiscard]] std::vector<flight_log> read_flights(const board& seen, unsigned workers,
                                                   std::size_t most);

}  // namespace pidmap_stress
