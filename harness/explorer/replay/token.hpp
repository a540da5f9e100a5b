#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/explorer/run/finding.hpp"

namespace pidmap_stress::explore {

/// A schedule, and a hash of everything that must be the same for it to mean the same: the program,
/// the model, the limits, the build. The caller decides what goes into the hash.
struct schedule_token {
    std::uint32_t configuration = 0;
    schedule choices{};
};

/// One word of letters, digits, '-', '_' and '.', for command lines and bug reports.
[[nodiscard]] std::string to_string(const schedule_token& token);
/// \return nothing if the text is no token, or was damaged.
[[nodiscard]] std::optional<schedule_token> parse_token(std::string_view text);
/// Starts or continues a configuration hash: hash(hash(0, "sound"), "lookup").
[[nodiscard]] std::uint32_t hash_configuration(std::uint32_t so_far,
                                               std::string_view part) noexcept;

}  // namespace pidmap_stress::explore
