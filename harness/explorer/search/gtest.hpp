#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/explorer/search/explore.hpp"

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
/// As holds_completely(), in this many distinct executions.
MATCHER_P(has_executions, n, "holds in every execution, of which there are " + std::to_string(n)) {
    return arg.ok() && arg.complete && arg.redundant == 0 &&
           arg.executions == static_cast<std::uint64_t>(n);
}
/// Whether every round of a loop looks the same. A thread's state is its registers and its stack.
/// In code that was not optimized, or that a sanitizer has instrumented, the contents of dead slots
/// there differ before and after the first round.
#if defined(__OPTIMIZE__)
inline constexpr bool rounds_look_alike = !under_sanitizer;
#else
inline constexpr bool rounds_look_alike = false;
#endif
/// As has_executions(), for a program that waits. Unless rounds_look_alike, a loop runs once more
/// before the repetition is noticed: there are more executions then, which differ in nothing else.
MATCHER_P(has_executions_and_waits, n,
          "holds in every execution, of which there are " + std::to_string(n)) {
    const auto wanted = static_cast<std::uint64_t>(n);
    return arg.ok() && arg.complete && arg.redundant == 0 &&
           (rounds_look_alike ? arg.executions == wanted : arg.executions >= wanted);
}
/// Something of this kind was found, and its schedule shows it again.
MATCHER_P(breaks, kind, "breaks by " + std::string(to_string(kind))) {
    for (const finding& f : arg.findings)
        if (f.kind == kind) return f.replayed;
    return false;
}

inline void PrintTo(const replay_result& r, std::ostream* out) {
    *out << r.summary();
}

/// A replay found something of this kind.
MATCHER_P(shows, kind, "shows " + std::string(to_string(kind))) {
    for (const finding& f : arg.findings)
        if (f.kind == kind) return true;
    return false;
}
/// A replay found nothing. Where its schedule did not fit, that says little.
MATCHER(shows_nothing, "shows nothing") {
    return arg.findings.empty();
}

}  // namespace pidmap_stress::explore
