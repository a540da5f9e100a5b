#include "checkers/range.hpp"

#include <fmt/format.h>

namespace pidmap_stress {

finding describe_misfit(const range_evidence& evidence) {
    return {
        .broken = invariant::pid_in_range,
        .what = fmt::format("pid {} was handed out, allowed are [{}, {}){}", evidence.pid,
                            evidence.wrapped_before ? evidence.reserved_pids : 1, evidence.pid_max,
                            evidence.wrapped_before ? " after the first wrap" : "")};
}

}  // namespace pidmap_stress
