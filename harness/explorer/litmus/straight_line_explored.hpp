#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "harness/explorer/litmus/straight_line.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/search.hpp"

/// Straight-line programs for the explorer.
namespace pidmap_stress::explore::straight_line {

struct cells {
    std::array<atomic<int>, max_cells> at;
    std::array<std::vector<int>, 5> read;
};

[[nodiscard]] inline int perform(cells& s, const operation& o) {
    atomic<int>& cell = s.at[o.cell];
    int expected = o.expected;
    switch (o.what) {
        case kind::load:
            return cell.load(o.order);
        case kind::store:
            cell.store(o.value, o.order);
            return 0;
        case kind::add:
            return cell.fetch_add(o.value, o.order);
        case kind::exchange:
            return cell.exchange(o.value, o.order);
        case kind::cas:
            cell.compare_exchange_strong(expected, o.value, o.order, o.failure);
            return expected;
        case kind::weak_cas:
            return cell.compare_exchange_weak(expected, o.value, o.order, o.failure)
                       ? expected
                       : expected + 100;
        case kind::fence:
            fence(o.order);
            return 0;
    }
    return 0;
}

/// \param all  Counts the outcome of each execution. Must outlive the program, as `c` must.
[[nodiscard]] inline program_over<cells> program_of(const code& c, outcomes& all) {
    auto p = over<cells>();
    for (std::size_t t = 0; t < c.size(); ++t)
        p.thread([&c, t](cells& s) {
            for (const operation& o : c[t]) s.read[t].push_back(perform(s, o));
        });
    return p.finally([&](cells& s) {
        outcome o;
        for (std::size_t t = 0; t < c.size(); ++t)
            o.insert(o.end(), s.read[t].begin(), s.read[t].end());
        for (const auto& cell : s.at) o.push_back(cell.peek());
        ++all[o];
    });
}

/// What the exhaustive search finds.
[[nodiscard]] inline outcomes by_reduction(const code& c, const options& how) {
    constexpr std::uint64_t most = 100'000;  // A faulty engine may never end.
    outcomes all;
    const auto p = program_of(c, all);
    exploration w(p, how);  // Not explore(), which looks at a few executions more.
    trust search(rules_of(how));
    do w.run(search);
    while (w.so_far().runs() < most && search.advance());
    return all;
}

}  // namespace pidmap_stress::explore::straight_line
