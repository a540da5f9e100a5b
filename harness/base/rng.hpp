#pragma once

#include <cstdint>
#include <string_view>

namespace pidmap_stress {

/// A fast generator of one stream. Streams of different keys are independent for all purposes here.
/// \source splitmix64 by Sebastiano Vigna (public domain), its constants.
class rng {
public:
    constexpr rng() noexcept = default;
    constexpr explicit rng(std::uint64_t key) noexcept : state_(key) {}

    [[nodiscard]] constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    /// A number in [0, n), practically uniform. \pre n > 0.
    [[nodiscard]] constexpr std::uint32_t below(std::uint32_t n) noexcept {
        return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32);
    }

    /// True once in `n` times. \pre n > 0.
    [[nodiscard]] constexpr bool one_in(std::uint32_t n) noexcept { return below(n) == 0; }

private:
    std::uint64_t state_ = 0;
};

/// The key of a stream below another one: (seed, what for, number).
[[nodiscard]] constexpr std::uint64_t split(std::uint64_t key, std::uint64_t number) noexcept {
    return rng(key ^ rng(number).next()).next();
}
[[nodiscard]] constexpr std::uint64_t split(std::uint64_t key, std::string_view name) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return split(key, hash);
}

}  // namespace pidmap_stress
