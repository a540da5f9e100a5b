#include "harness/duration.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace pidmap_stress {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) noexcept {
    using namespace std::chrono;
    static constexpr std::array<std::pair<std::string_view, nanoseconds>, 5> units{
        {{"ms", milliseconds(1)},
         {"s", seconds(1)},
         {"m", minutes(1)},
         {"h", hours(1)},
         {"d", hours(24)}}};
    std::int64_t count = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count <= 0) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    for (const auto& [name, length] : units)
        if (unit == name) {
            if (count > hours(24 * 365) / length) return std::nullopt;
            return count * length;
        }
    return std::nullopt;
}

std::string to_human(std::chrono::nanoseconds time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    if (seconds < 1 && time.count() != 0)
        return fmt::format("{} ms",
                           std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} m {:02} s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{} h {:02} m", seconds / 3600, seconds / 60 % 60);
    return fmt::format("{} d {:02} h", seconds / 86400, seconds / 3600 % 24);
}

std::string to_human(double count) {
    constexpr std::array<const char*, 5> powers{"", " k", " M", " G", " T"};
    std::size_t power = 0;
    for (; count >= 999.5 && power + 1 < powers.size(); ++power) count /= 1000;
    if (power == 0) return fmt::format("{:.0f}", count);
    return fmt::format("{:.{}f}{}", count,
                       count < 9.995   ? 2
                       : count < 99.95 ? 1
                                       : 0,
                       powers[power]);
}

}  // namespace pidmap_stress
