#pragma once

#include <string>

#include "harness/command/options.hpp"

namespace pidmap_stress {

/// The words of a shell that are printed to be pasted.
struct soak_words {
    std::string run;       ///< Before the options of `run`.
    std::string explorer;  ///< Before `explore` and `replay`.
};

/// Runs cells slice by slice, for as long as is asked for, and writes each slice down when it is
/// over. What ends the process at whatever moment costs the slice that was running, and the same
/// command goes on from there.
///
/// \returns The exit code: that of a report of all slices there are, or why there can be none.
[[nodiscard]] int run_soak(const soak_options& how, const soak_words& words);

}  // namespace pidmap_stress
