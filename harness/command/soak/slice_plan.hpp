#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "harness/base/shard.hpp"

namespace pidmap_stress {

/// Which cell has the next slice of a soak.
///
/// First each cell has one. Then those have some more that have not shown yet what they are there
/// for: without that their time is no evidence. From then on half of the time is shared out
/// equally, which is the floor of every cell, and half goes where near misses are, up to twice as
/// much where the put of a page came soonest after its last clear. It depends only on what was
/// added, so a soak that is continued chooses like one that was never interrupted.
class slice_plan {
public:
    struct slice {
        unsigned cell = 0;
        std::uint64_t number = 0;  ///< Among that cell's slices; shards share none.
    };

    struct what_it_showed {
        std::uint64_t near_misses = 0;
        std::uint64_t clear_to_put_ns = 0;  ///< The shortest that was timed; 0: none.
        bool enough = true;  ///< With the cell's slices before: what the cell is there for.
    };

    /// \pre cells > 0, part.index < part.count.
    slice_plan(unsigned cells, shard part);

    [[nodiscard]] slice next() const;
    /// A slice was run, now or before.
    /// \param turn  The time that it was given: a cell that broke at once has used its turn too.
    void add(slice done, std::chrono::duration<double> turn, const what_it_showed& showed);

private:
    struct history {
        std::uint64_t next_number = 0;
        std::uint64_t slices = 0;
        double seconds = 0;
        double near_misses = 0;
        std::uint64_t clear_to_put_ns = 0;
        bool shown_enough = true;
    };

    [[nodiscard]] double share_with_longer_time(const history& cell) const;

    shard part_;
    std::vector<history> cells_;
};

/// How long a slice is: each cell should have some within the time, and no slice should be a large
/// loss.
[[nodiscard]] std::chrono::nanoseconds usual_slice(std::chrono::nanoseconds whole,
                                                   std::size_t cells);

}  // namespace pidmap_stress
