#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "harness/explorer/model/graph.hpp"

namespace pidmap_stress::explore {

/// The instants that some interleaving of an execution passes through, as far as the writes to a
/// few watched cells tell them apart.
///
/// An instant is a set of events that holds whatever its events depend on: in model::sc, all that
/// comes before in every interleaving; in model::rc11, program order and reads-from. There, cells
/// that only updates change are seen as they are in time; of others, the last write in
/// modification order is seen.
///
///     for (instants now(...); now.next();) use(now.newest(0), now.newest(1));
class instants {
public:
    /// What of an execution to pass through.
    struct span_of_events {
        event_id known = 0;  ///< Leave out instants with no event after this one.
        event_id last = 0;   ///< Leave out events after this one.
    };
    /// Gets ready for the instants of `g`, where threads 1 to `threads` run. Both must stay.
    void restart(const graph& g, unsigned threads, std::span<const location_id> watched,
                 span_of_events which);
    /// Goes to the next instant. \return false if there is none.
    [[nodiscard]] bool next();

    /// The newest write to a watched cell at this instant; no_event if the cell is not made yet.
    [[nodiscard]] event_id newest(std::size_t watched) const noexcept {
        return at_[threads_ + watched];
    }
    /// The events of this instant that it cannot be without.
    [[nodiscard]] vector_clock events() const;

private:
    /// A write to a watched cell.
    struct change {
        event_id write;
        std::uint16_t cell;  // Its index among the watched ones.
        std::uint16_t rank;  // Its place in modification order.
    };
    /// How many of its writes each thread has done, then the newest write of each cell.
    using instant = std::vector<std::uint16_t>;

    void collect(span_of_events which);
    void start_with(unsigned thread, std::size_t first_new);
    void apply(instant& to, const change& c) const noexcept;
    [[nodiscard]] std::uint16_t needs(unsigned thread, std::size_t index,
                                      unsigned of) const noexcept {
        return needs_[thread][index * threads_ + of];
    }
    [[nodiscard]] bool meet(std::uint64_t number);
    [[nodiscard]] std::uint64_t number_of(const instant& one) const noexcept;

    const graph* graph_ = nullptr;
    std::size_t threads_ = 0;
    std::span<const location_id> watched_;
    // By thread, from 0: its writes to watched cells, and how many of each thread's come before.
    std::vector<std::vector<change>> writes_;
    std::vector<std::vector<std::uint16_t>> needs_;
    std::vector<std::uint16_t> ranks_;  // By write.
    std::vector<std::uint64_t> stride_;
    instant at_;
    instant scratch_;
    std::vector<std::uint16_t> left_;  // Instants, one behind the other.
    std::vector<std::uint64_t> met_bits_;
    std::unordered_set<std::uint64_t> met_;
    bool few_ = true;
};

}  // namespace pidmap_stress::explore
