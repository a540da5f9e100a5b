#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "harness/explore/explore.hpp"
#include "harness/explore/explored.hpp"

/// Matchers, so that a litmus test or a test of a structure is a few lines:
///
///     EXPECT_THAT(explore(p), holds_completely());
///     EXPECT_THAT(explore(p), has_executions(3));
///     EXPECT_THAT(explore(p), breaks(finding_kind::data_race));
namespace pidmap_stress::explore {

inline void PrintTo(const result& r, std::ostream* out) {
    *out << r.summary();
}

/// Everything was explored, nothing twice, and nothing was found.
MATCHER(holds_completely, "holds in every execution") {
    return arg.ok() && arg.complete && arg.redundant == 0;
}
/// As holds_completely(), in so many distinct executions.
MATCHER_P(has_executions, n, "holds in every execution, of which there are " + std::to_string(n)) {
    return arg.ok() && arg.complete && arg.redundant == 0 &&
           arg.executions == static_cast<std::uint64_t>(n);
}
/// Something of this kind was found, and its schedule shows it again.
MATCHER_P(breaks, kind, "breaks by " + std::string(to_string(kind))) {
    for (const finding& f : arg.findings)
        if (f.kind == kind) return f.replayed;
    return false;
}

}  // namespace pidmap_stress::explore
