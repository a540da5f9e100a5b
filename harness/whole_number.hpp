#pragma once

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

/// Whole numbers on the command line. The conversions of the library let "-1" and overflows pass.
namespace pidmap_stress {

/// Reads a number in [low, high] into `value`. \returns What is wrong, for a line that begins with
/// the option's name; nothing if it was read.
template <class Number>
[[nodiscard]] std::optional<std::string> read_whole_number(std::string_view text, Number low,
                                                           Number high, Number& value) {
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    if (text.size() == sign || text.find_first_not_of("0123456789", sign) != std::string_view::npos)
        return fmt::format("'{}' is no whole number; it must be {} to {}", text, low, high);
    Number read{};
    const auto error = std::from_chars(text.data(), text.data() + text.size(), read).ec;
    if (error != std::errc{} || read < low || read > high)
        return fmt::format("{} is out of range; it must be {} to {}", text, low, high);
    value = read;
    return std::nullopt;
}

/// For check() of an option that takes such a number.
template <class Number>
[[nodiscard]] CLI::Validator whole_number(Number low, Number high) {
    const auto judge = [low, high](const std::string& text) {
        Number value{};
        return read_whole_number(std::string_view(text), low, high, value).value_or("");
    };
    const bool is_any = high == std::numeric_limits<Number>::max();
    return {judge, is_any ? std::string() : fmt::format("{} to {}", low, high)};
}

}  // namespace pidmap_stress
