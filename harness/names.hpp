#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

/// Comma lists of names on the command line, of which `all` stands for every one.
namespace pidmap_stress {

/// Whether `name` is wanted, by itself or by `all`.
[[nodiscard]] inline bool selects(const std::vector<std::string>& wanted, std::string_view name) {
    return std::ranges::any_of(
        wanted, [name](const std::string& one) { return one == "all" || one == name; });
}

/// What is wrong with a name that is wanted and not known, in one line; nothing if all are known.
///
/// \param known  A range of names, each of which can be compared to a string.
template <class Names>
[[nodiscard]] std::optional<std::string> unknown_name(std::string_view option,
                                                      std::string_view wanted, const Names& known) {
    if (wanted == "all" || std::ranges::find(known, wanted) != std::ranges::end(known))
        return std::nullopt;
    return fmt::format("{} '{}' is unknown; known are: {}, and all", option, wanted,
                       fmt::join(known, ", "));
}

/// The first one of these, if there is one.
template <class Names>
[[nodiscard]] std::optional<std::string> unknown_name(std::string_view option,
                                                      const std::vector<std::string>& wanted,
                                                      const Names& known) {
    for (const std::string& one : wanted)
        if (auto wrong = unknown_name(option, std::string_view(one), known)) return wrong;
    return std::nullopt;
}

}  // namespace pidmap_stress
