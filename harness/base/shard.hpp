#pragma once

#include <cstdint>
#include <string>

namespace pidmap_stress {

/// Part `index` of `count`, from 0, of work whose pieces are numbered.
struct shard {
    unsigned index = 0;
    unsigned count = 1;

    [[nodiscard]] constexpr bool is_whole() const noexcept { return count == 1; }
    /// Whether a piece is this part's. Each piece is that of exactly one part.
    [[nodiscard]] constexpr bool takes(std::uint64_t piece) const noexcept {
        return piece % count == index;
    }
    friend bool operator==(const shard&, const shard&) = default;
};

/// "2/8": the second of eight, as `--shard` takes it.
[[nodiscard]] inline std::string to_string(const shard& part) {
    return std::to_string(part.index + 1) + "/" + std::to_string(part.count);
}

}  // namespace pidmap_stress
