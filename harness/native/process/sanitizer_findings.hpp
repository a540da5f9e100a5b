#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "checkers/verdict.hpp"
#include "harness/world/board.hpp"

/// What a sanitizer reported, made ready for a reader.
namespace pidmap_stress {

/// All reports of one kind whose two sides are at the same places.
struct sanitizer_finding {
    invariant broken{};
    /// The kind, both sides with worker and place, and what is missing between them: a few lines.
    std::string text{};
    std::string cause{};      ///< The same for all of them: kind and places.
    std::uint64_t times = 1;  ///< How often it was reported.
    std::string raw_text{};  ///< FILE:LINE of the first one in the sanitizer's words; may be empty.
};

/// Its text, and where the sanitizer's own words are.
[[nodiscard]] std::string to_string(const sanitizer_finding& what);

/// The reports on a board, those of one cause together.
///
/// Places that were found before are remembered.
///
/// \param names  What to call threads, by the system's number.
[[nodiscard]] std::vector<sanitizer_finding> sanitizer_findings(
    const board& seen, const std::map<pid_t, std::string>& names);

/// Adds reports to those of other trials.
/// \returns The ones whose cause is new.
std::vector<sanitizer_finding> add_to(std::vector<sanitizer_finding>& all,
                                      std::vector<sanitizer_finding> more);

/// Moves what the process `trial` wrote to `raw_text`.PID to the end of the file `raw_text`.
/// \returns FILE:LINE of where it begins there; "" if the process wrote nothing.
std::string collect_raw_text(const std::string& raw_text, pid_t trial);

}  // namespace pidmap_stress
