#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Names on the command line, and what to say of one that is wrong.
namespace pidmap_stress {

/// One of a few words that an option takes.
struct named_choice {
    std::string_view name;
    std::string_view summary;
};
[[nodiscard]] std::vector<std::string_view> names_of(std::span<const named_choice> choices);

/// Names that are known elsewhere: a user who wants one of them took the wrong option.
struct other_names {
    std::string_view what{};  ///< "a scenario: --scenario", in front of the name.
    std::vector<std::string_view> names{};
};

/// The names that an option takes.
struct known_names {
    std::string_view option;
    std::vector<std::string_view> names{};
    bool all = false;  ///< Whether `all` stands for all of `names`.
    /// Known too, but too many to list, and not part of `all`.
    std::vector<std::string_view> by_name_only{};
    std::string_view called{};  ///< What each of these is: "mutant". Named even if there are none.
    std::vector<other_names> elsewhere{};

    [[nodiscard]] bool contains(std::string_view name) const noexcept;
};

/// Whether `name` is wanted, by itself or by `all`.
[[nodiscard]] inline bool selects(const std::vector<std::string>& wanted, std::string_view name) {
    return std::ranges::any_of(
        wanted, [name](const std::string& one) { return one == "all" || one == name; });
}

/// What is wrong with a name, in one line: what was meant, perhaps, and what is known. Nothing if
/// it is known, or is `all` where that is a name.
[[nodiscard]] std::optional<std::string> unknown_name(const known_names& known,
                                                      std::string_view wanted);
/// The first unknown one among these, if any is.
[[nodiscard]] std::optional<std::string> unknown_name(const known_names& known,
                                                      std::span<const std::string> wanted);

/// The name that a user who wrote `wanted` meant: another case, a dash for an underscore, a slip of
/// a finger or two, or the beginning of exactly one name. Nothing if none is near.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view wanted,
                                                           std::span<const std::string_view> names);

}  // namespace pidmap_stress
