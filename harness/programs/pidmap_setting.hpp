#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "harness/programs/script/script.hpp"

/// Which program over which variant: what a cell of the safety matrix explores.
namespace pidmap_stress::explore {

struct pidmap_setting;

/// A scenario in the explorer: a function from its setting to a script. The class in
/// harness/scenarios that has such small programs has this as `small`.
struct explored_scenario {
    std::string_view name{};     ///< The file's and the class's name.
    std::string_view summary{};  ///< One line.
    discipline_set disciplines = every_discipline;
    unsigned most_threads = 4;
    unsigned most_turns = 8;
    /// Where a search starts after its first wrap.
    pid_nr reserved_pids = 1;
    /// It needs a variant whose namespaces nest, close, and have objects.
    bool needs_nesting = false;
    /// Programs that differ in one respect, which names them. The first is the usual one; empty if
    /// there is only one.
    std::span<const std::string_view> variations{};
    /// What else is wrong with a setting, in one line; nothing if it can be explored.
    std::optional<std::string> (*refuses)(const pidmap_setting& setting) = nullptr;
    /// The calls of its threads, and the state that they start from. \pre !why_not(setting).
    script (*calls)(const pidmap_setting& setting) = nullptr;
};
/// Every scenario, by name. Generated from the files of harness/scenarios.
[[nodiscard]] std::span<const explored_scenario* const> explored_scenarios() noexcept;
[[nodiscard]] const explored_scenario* find_explored_scenario(std::string_view name) noexcept;

/// A program in numbers.
struct pidmap_setting {
    discipline how = discipline::member;
    const explored_scenario* scenario = nullptr;
    unsigned threads = 2;
    unsigned turns = 1;  ///< Of each thread; the scenario says what a turn is.
    unsigned pages = 2;
    unsigned bits = 8;       ///< Pids of a page.
    unsigned variation = 0;  ///< An index into the scenario's.
};

/// What is wrong with a setting, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const pidmap_setting& setting);

/// "member/page_zero/2x1/2x8", and the variation if it is not the usual one.
[[nodiscard]] std::string to_string(const pidmap_setting& setting);
/// The inverse. \return nothing if the text is not a setting, or names what cannot be explored.
[[nodiscard]] std::optional<pidmap_setting> parse_pidmap_setting(std::string_view text);

}  // namespace pidmap_stress::explore
