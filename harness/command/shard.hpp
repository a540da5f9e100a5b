#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/base/shard.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;       // NOLINT(readability-identifier-naming)
}

namespace pidmap_stress {

/// Which part of a command's work to do.
struct shard_choice {
    shard part{};
    std::string from{};   ///< What says so: "--shard", "SLURM_ARRAY_TASK_ID"; empty: nothing does.
    std::string given{};  ///< To --shard: "i/n", from 1; empty: it was not given.
};

/// ", part 2/8 (SLURM_ARRAY_TASK_ID)", or nothing if nothing says so.
[[nodiscard]] std::string describe(const shard_choice& share);

/// Adds --shard, whose text goes to `given`.
///
/// \param of  What is divided: "the slices".
void add_shard_option(CLI::App& app, shard_choice& wanted, std::string_view of);
/// Completes a choice whose options were read, from the environment of this process, and tells
/// GoogleTest's runner, by touching GTEST_SHARD_STATUS_FILE, that shards are understood.
/// \throws usage_error  as choose_shard() does.
void complete(shard_choice& wanted);

/// Which part of a whole this process does, from `--shard i/n` or from the environment that a batch
/// system sets: GoogleTest's and Bazel's GTEST_SHARD_INDEX with GTEST_TOTAL_SHARDS, a Slurm array's
/// SLURM_ARRAY_TASK_ID with _MIN and _COUNT, an indexed Kubernetes Job's JOB_COMPLETION_INDEX with
/// JOB_COMPLETIONS, GitLab's CI_NODE_INDEX, from 1, with CI_NODE_TOTAL.
///
/// \param given  To --shard: "i/n", from 1; empty: it was not given.
/// \param value   Of a variable of the environment; nullptr if it is not set.
/// \throws usage_error  if one of them is not a part of a whole, or if two of them disagree.
[[nodiscard]] shard_choice choose_shard(const std::string& given,
                                        const std::function<const char*(const char*)>& value);

}  // namespace pidmap_stress
