#pragma once

#include <cstdint>

namespace pidmap_stress {

/// How many reports the sanitizer made in this process. They are also findings on the board.
[[nodiscard]] std::uint64_t sanitizer_reports() noexcept;

}  // namespace pidmap_stress
