#pragma once

#include <string>

#include "harness/command/options.hpp"

namespace pidmap_stress {

/// The shell commands that are printed to be pasted.
struct soak_words {
    std::string run;       ///< Before the options of `run`.
    std::string explorer;  ///< Before `explore` and `replay`.
};

/// Runs cells slice by slice, for as long as is asked for, and records each slice when it is over.
/// An end of the process at any moment costs only the slice that was running, and the same command
/// continues from there.
/// command goes on from there.
///
/// \returns The exit code: that of a report of all slices, or why there can be no slices.
[[nodiscard]] int run_soak(const soak_options& how, const soak_words& words);

}  // namespace pidmap_stress
