#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pidmap_stress::journal {

/// "3 slices", "1 slice".
[[nodiscard]] inline std::string counted(std::uint64_t n, std::string_view one) {
    return std::to_string(n) + " " + std::string(one) + (n == 1 ? "" : "s");
}

}  // namespace pidmap_stress::journal
