#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

/// Where results come from: which build of the program, on which machine, when.
namespace pidmap_stress {

/// What --version prints.
[[nodiscard]] std::string describe_version();
/// "pidmap-stress 0.1.0, commit 41d207f15b3c, Clang 19.1.7, built 2025-11-25T22:09:12Z": the same
/// for every run of a build.
[[nodiscard]] std::string describe_build();
/// "on HOST, 2025-11-25T22:09:12Z": when this process first asked.
[[nodiscard]] std::string describe_run();
/// `build`, `host` and `date`, for the top of each results file.
[[nodiscard]] nlohmann::json provenance();

}  // namespace pidmap_stress
