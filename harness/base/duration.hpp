#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pidmap_stress {

/// Reads "500ms", "45s", "5m", "3h" or "2d" into `into`; a whole number and a unit, 1ms to 365d.
/// \returns What is wrong, for a line that begins with the option's name; nothing if it was read.
[[nodiscard]] std::optional<std::string> read_duration(std::string_view text,
                                                       std::chrono::nanoseconds& into);

/// "45 s", "1 h 05 m": two units at the most, for people.
[[nodiscard]] std::string to_human(std::chrono::nanoseconds time);

/// "12.3 k", "4.56 M": three figures and a power of thousand, for people.
[[nodiscard]] std::string to_human(double count);

}  // namespace pidmap_stress
