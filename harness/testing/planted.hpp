#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <vector>

#include "allocator/variants/sound.hpp"
#include "harness/native/subject_of.hpp"
#include "harness/testing/cells.hpp"

namespace pidmap_stress::testing {

/// A variant made of steps with a name of their own, in a world that may have a bug of its own.
template <class World, class Steps>
struct planted : pid_namespace<World, sound_orders, Steps> {
    using pid_namespace<World, sound_orders, Steps>::pid_namespace;
    static constexpr variant_info info{.name = Steps::name, .summary = "for tests"};
};

/// A variant with a bug, and where a bounded number of calls must find it.
struct planted_bug {
    subject_entry variant;
    std::string_view workload;
    discipline how;
    std::uint64_t operations;
    std::vector<invariant> found;  ///< One of these: the schedule decides which is first.
    std::uint32_t jitter_one_in = 0;
    pid_nr pid_max = 0;

    friend void PrintTo(const planted_bug& what, std::ostream* out) {
        *out << what.variant.info->name;
    }
};

/// A planted bug is found, and reported as an invariant that it breaks, whatever else it causes.
inline cell_result expect_found(const planted_bug& bug) {
    trial_settings how = some_calls(bug.operations);
    how.jitter_one_in = bug.jitter_one_in;
    how.pid_max = bug.pid_max;
    const cell_result result = run(bug.variant, bug.workload, bug.how, how);
    EXPECT_EQ(result.judged.kind, verdict_kind::violated) << told(result);
    bool found = false;
    for (const invariant one : bug.found) found |= result.seen.broken().contains(one);
    EXPECT_TRUE(found) << told(result);
    EXPECT_FALSE(result.last_events.empty());
    return result;
}

inline const auto bug_name = [](const auto& info) {
    return std::string(info.param.variant.info->name);
};

}  // namespace pidmap_stress::testing
