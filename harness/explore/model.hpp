#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pidmap_stress::explore {

/// Which executions are consistent.
enum class model : std::uint8_t {
    rc11,   ///< C++20 without load buffering.
    cxx20,  ///< The letter of C++20's order of seq_cst operations.
    sc,     ///< Interleavings only.
};

/// By model: what options, tokens and reports call it.
inline constexpr std::array<std::string_view, 3> model_names{"rc11", "cxx20", "sc"};

[[nodiscard]] constexpr std::string_view to_string(model which) noexcept {
    return model_names[static_cast<std::size_t>(which)];
}
[[nodiscard]] constexpr std::optional<model> parse_model(std::string_view name) noexcept {
    const auto at = std::ranges::find(model_names, name);
    if (at == model_names.end()) return std::nullopt;
    return static_cast<model>(at - model_names.begin());
}

}  // namespace pidmap_stress::explore
