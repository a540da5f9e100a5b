#include "harness/base/duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace pidmap_stress {

namespace {

constexpr std::string_view like = "like 500ms, 45s, 5m, 3h or 2d";
constexpr std::string_view range = "it must be 1ms to 365d";

[[nodiscard]] std::string not_a_duration(std::string_view text) {
    return fmt::format("'{}' is not a duration; it must be a whole number and a unit, {}", text,
                       like);
}

}  // namespace

std::optional<std::string> read_duration(std::string_view text, std::chrono::nanoseconds& into) {
    using namespace std::chrono;
    static constexpr std::array<std::pair<std::string_view, nanoseconds>, 5> units{
        {{"ms", milliseconds(1)},
         {"s", seconds(1)},
         {"m", minutes(1)},
         {"h", hours(1)},
         {"d", hours(24)}}};
    constexpr nanoseconds longest = hours(24 * 365);
    std::int64_t count = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc::invalid_argument) return not_a_duration(text);
    const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (unit.empty()) return fmt::format("'{}' has no unit; it must have one, {}", text, like);
    for (const auto& [name, length] : units) {
        if (unit != name) continue;
        if (error != std::errc{} || count < 1 || count > longest / length)
            return fmt::format("{} is out of range; {}", text, range);
        into = count * length;
        return std::nullopt;
    }
    const bool is_word = std::ranges::all_of(
        unit, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    if (!is_word) return not_a_duration(text);
    return fmt::format("'{}': '{}' is not a unit; it must be ms, s, m, h or d, {}", text, unit,
                       like);
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
