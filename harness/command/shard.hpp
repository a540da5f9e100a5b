#pragma once

#include <functional>
#include <optional>
#include <string>

#include "harness/journal/records.hpp"

namespace pidmap_stress {

struct chosen_shard {
    journal::shard part{};
    std::string from{};  ///< What says so: "--shard", "SLURM_ARRAY_TASK_ID"; empty: nothing does.
};

/// Which part of a whole this process does, from `--shard i/n` or from the environment that a batch
/// system sets: GoogleTest's and Bazel's GTEST_SHARD_INDEX with GTEST_TOTAL_SHARDS, a Slurm array's
/// SLURM_ARRAY_TASK_ID with _MIN and _COUNT, an indexed Kubernetes Job's JOB_COMPLETION_INDEX with
/// JOB_COMPLETIONS, GitLab's CI_NODE_INDEX, from 1, with CI_NODE_TOTAL.
///
/// \param option  "i/n", from 1; empty: it was not given.
/// \param value   Of a variable of the environment; nullptr if it is not set.
/// \throws usage_error  if one of them is not a part of a whole, or if two of them disagree.
[[nodiscard]] chosen_shard choose_shard(const std::string& option,
                                        const std::function<const char*(const char*)>& value);

/// Tells GoogleTest's runner, by touching GTEST_SHARD_STATUS_FILE, that shards are understood.
void touch_shard_status_file();

}  // namespace pidmap_stress
