#include "harness/command/soak/slice_plan.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "harness/base/shorter.hpp"
#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {
namespace {

/// The share of the time that is dealt out equally.
constexpr double equal_share = 0.5;

constexpr std::chrono::milliseconds shortest_slice(under_sanitizer ? 300 : 200);
constexpr std::chrono::milliseconds longest_slice(10'000);
/// Slices that each cell is to have.
constexpr std::int64_t usual_slices = 4;
/// A cell that has not shown by then what it is there for waits for its turn like the others.
constexpr std::uint64_t most_to_show = 8;

}  // namespace

slice_plan::slice_plan(unsigned cells, shard part) : part_(part), cells_(cells) {
    assert(cells > 0 && part.index < part.count);
    // Slice n of cell c is that of shard (n + c) mod count: every shard has work in every cell.
    for (unsigned c = 0; c < cells; ++c)
        cells_[c].next_number = (part.index + part.count - c % part.count) % part.count;
}

slice_plan::slice slice_plan::next() const {
    double seconds = 0;
    double interest = 0;
    const auto interest_of = [this](const history& cell) {
        // The square root: a cell with a hundred times the near misses is not worth a hundred times
        // the time.
        const double rate = cell.seconds > 0 ? std::sqrt(cell.near_misses / cell.seconds) : 0;
        return rate * (1 + share_with_longer_time(cell));
    };
    for (const history& cell : cells_) {
        if (cell.slices == 0)
            return {.cell = static_cast<unsigned>(&cell - cells_.data()),
                    .number = cell.next_number};
        seconds += cell.seconds;
        interest += interest_of(cell);
    }
    const history* waiting = nullptr;
    for (const history& cell : cells_)
        if (!cell.shown_enough && cell.slices < most_to_show &&
            (waiting == nullptr || cell.slices < waiting->slices))
            waiting = &cell;
    if (waiting != nullptr)
        return {.cell = static_cast<unsigned>(waiting - cells_.data()),
                .number = waiting->next_number};
    unsigned chosen = 0;
    double most_due = -std::numeric_limits<double>::infinity();
    for (unsigned c = 0; c < cells_.size(); ++c) {
        const double equal = 1 / static_cast<double>(cells_.size());
        const double by_interest = interest > 0 ? interest_of(cells_[c]) / interest : equal;
        const double share = equal_share * equal + (1 - equal_share) * by_interest;
        const double due = share * seconds - cells_[c].seconds;
        if (due > most_due) {
            most_due = due;
            chosen = c;
        }
    }
    return {.cell = chosen, .number = cells_[chosen].next_number};
}

/// Of all cells: where the put never came as soon after the last clear.
double slice_plan::share_with_longer_time(const history& cell) const {
    if (cell.clear_to_put_ns == 0) return 0;
    const auto longer = std::ranges::count_if(cells_, [&cell](const history& other) {
        return other.clear_to_put_ns == 0 || other.clear_to_put_ns > cell.clear_to_put_ns;
    });
    return static_cast<double>(longer) / static_cast<double>(cells_.size());
}

void slice_plan::add(slice done, std::chrono::duration<double> turn, const what_it_showed& showed) {
    history& cell = cells_[done.cell];
    cell.next_number = std::max(cell.next_number, done.number + part_.count);
    ++cell.slices;
    cell.seconds += turn.count();
    cell.near_misses += static_cast<double>(showed.near_misses);
    cell.clear_to_put_ns = shorter(cell.clear_to_put_ns, showed.clear_to_put_ns);
    cell.shown_enough = showed.enough;
}

std::chrono::nanoseconds usual_slice(std::chrono::nanoseconds whole, std::size_t cells) {
    const auto share = whole / (static_cast<std::int64_t>(cells) * usual_slices);
    return std::clamp<std::chrono::nanoseconds>(share, shortest_slice, longest_slice);
}

}  // namespace pidmap_stress
