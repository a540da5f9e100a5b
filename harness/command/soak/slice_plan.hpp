#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "harness/journal/records.hpp"

namespace pidmap_stress {

/// Which cell has the next slice of a soak.
///
/// First each cell has one. From then on half of the time is shared out equally, which is the floor
/// of every cell, and half goes where near misses are. It depends only on what was added, so a soak
/// that goes on chooses as one that was never interrupted.
class slice_plan {
public:
    struct slice {
        unsigned cell = 0;
        std::uint64_t number = 0;  ///< Of that cell's slices; shards share none.
    };

    /// \pre cells > 0, part.index < part.count.
    slice_plan(unsigned cells, journal::shard part);

    [[nodiscard]] slice next() const;
    /// A slice was run, now or before.
    /// \param turn  What it was given: a cell that broke at once has had its turn all the same.
    void add(slice done, std::chrono::duration<double> turn, std::uint64_t near_misses);

private:
    struct history {
        std::uint64_t next_number = 0;
        std::uint64_t slices = 0;
        double seconds = 0;
        double near_misses = 0;
    };

    journal::shard part_;
    std::vector<history> cells_;
};

/// How long a slice is: so that each cell has some within the time, and no slice is a large loss.
[[nodiscard]] std::chrono::nanoseconds usual_slice(std::chrono::nanoseconds whole,
                                                   std::size_t cells);

}  // namespace pidmap_stress
