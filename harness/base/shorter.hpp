#pragma once

#include <cstdint>

namespace pidmap_stress {

/// The shorter one of two times of any unit, where 0 stands for none.
[[nodiscard]] constexpr std::uint64_t shorter(std::uint64_t a, std::uint64_t b) noexcept {
    return a == 0 || (b != 0 && b < a) ? b : a;
}

}  // namespace pidmap_stress
