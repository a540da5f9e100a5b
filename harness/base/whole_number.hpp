#pragma once

#include <charconv>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/usage_error.hpp"

/// Whole numbers on the command line. The library's own conversions accept "-1" and overflows, and
/// read "010" as 8.
namespace pidmap_stress {

/// Reads a number in [low, high] into `value`. \returns What is wrong, for a line that begins with
/// the option's name; nothing if it was read.
///
/// \param right  What would be right, if that is not "LOW to HIGH".
template <class Number>
[[nodiscard]] std::optional<std::string> read_whole_number(std::string_view text, Number low,
                                                           Number high, Number& value,
                                                           std::string_view right = {}) {
    const auto must_be = [&] {
        return right.empty() ? fmt::format("it must be {} to {}", low, high)
                             : fmt::format("it must be {}", right);
    };
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    if (text.size() == sign || text.find_first_not_of("0123456789", sign) != std::string_view::npos)
        return fmt::format("'{}' is not a whole number; {}", text, must_be());
    Number read{};
    const auto error = std::from_chars(text.data(), text.data() + text.size(), read).ec;
    if (error != std::errc{} || read < low || read > high)
        return fmt::format("{} is out of range; {}", text, must_be());
    value = read;
    return std::nullopt;
}

/// Adds an option that takes such a number; a wrong one is a usage_error.
///
/// \param take  Called with the number.
template <class Number>
CLI::Option* add_whole_number(CLI::App& app, const std::string& name, Number low, Number high,
                              std::function<void(Number)> take, const std::string& description,
                              const std::string& right = {}) {
    const auto read = [=](const std::string& text) {
        Number value{};
        if (const auto wrong = read_whole_number(std::string_view(text), low, high, value, right))
            throw usage_error(fmt::format("{} {}", name, *wrong));
        take(value);
    };
    return app.add_option_function<std::string>(name, read, description)
        ->type_name(!right.empty() ? right
                    : high == std::numeric_limits<Number>::max()
                        ? std::string("N")
                        : fmt::format("{} to {}", low, high));
}

/// The same for a number that has a default.
template <class Number>
CLI::Option* add_whole_number(CLI::App& app, const std::string& name, Number low, Number high,
                              Number& value, const std::string& description,
                              const std::string& right = {}) {
    const std::function<void(Number)> take = [&value](Number given) { value = given; };
    return add_whole_number(app, name, low, high, take, description, right)
        ->default_str(fmt::format("{}", value));
}

}  // namespace pidmap_stress
