#pragma once

#include <cstdint>

#include "harness/world/board.hpp"

/// What sanitizers report becomes findings: their callbacks leave it on the board, and the
/// supervisor reads it there.
namespace pidmap_stress {

/// How many reports the sanitizer made in this process.
[[nodiscard]] std::uint64_t sanitizer_reports() noexcept;

/// From now on reports of this process go to the board, and the sanitizer's own text of each one is
/// appended to the file `raw_text`.PID instead of standard error. Without a sanitizer this does
/// nothing.
///
/// \param raw_text  Empty: to standard error, as it comes.
void take_sanitizer_reports(board& here, const char* raw_text) noexcept;

}  // namespace pidmap_stress
