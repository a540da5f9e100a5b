#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "allocator/contract.hpp"
#include "harness/explore/program.hpp"

/// Which program over which variant: what a cell of the safety matrix explores.
namespace pidmap_stress::explore {

/// Which page the threads make empty and non-empty.
enum class pidmap_scenario : std::uint8_t {
    page_zero,      ///< Page 0, while page 1, if it is used at all, is full and live.
    page_boundary,  ///< Page 1. Page 0 was filled and emptied once, and is left alone.
};
inline constexpr int pidmap_scenario_count = 2;
[[nodiscard]] std::string_view to_string(pidmap_scenario which) noexcept;
[[nodiscard]] std::optional<pidmap_scenario> parse_pidmap_scenario(std::string_view name) noexcept;

/// When the pid goes that the set-up of `lookup` leaves behind: thread 1 frees it.
enum class resident_leaves : std::uint8_t { first, last };

/// A program in numbers.
///
/// `member`: each thread holds a pid from the set-up; it allocates one, frees the one before, and
/// at its end frees the last. `reference`: each thread holds a counted reference, allocates and
/// frees, and puts the reference at its end. `lookup`: the threads hold nothing; they find the
/// namespace in a table inside a read-side critical section, allocate, and free what they got.
/// No other reference is left, so whoever is the last one out releases the namespace.
struct pidmap_setting {
    discipline how = discipline::member;
    pidmap_scenario scenario = pidmap_scenario::page_boundary;
    unsigned threads = 2;
    unsigned rounds = 1;  ///< Allocations of each thread, each with its free.
    unsigned pages = 2;
    unsigned bits = 8;  ///< Pids of a page.
    resident_leaves resident = resident_leaves::first;
};
inline constexpr unsigned most_pidmap_threads = 4;
inline constexpr unsigned most_pidmap_rounds = 8;

/// What is wrong with a setting, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const pidmap_setting& setting);

/// Of `setting`: "member/page_zero/2x1/2x8".
[[nodiscard]] std::string to_string(const pidmap_setting& setting);
/// The inverse. \return nothing if the text is none, or names what cannot be explored.
[[nodiscard]] std::optional<pidmap_setting> parse_pidmap_setting(std::string_view text);

/// A variant, types erased.
struct explored_variant {
    const variant_info* info;
    /// \pre !why_not(setting).
    std::unique_ptr<program> (*make)(const pidmap_setting& setting);
    /// Built for the usual size only, 2 pages of 8 pids: mutants are many.
    bool usual_size_only = false;
};
/// What is wrong with a setting for this variant, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const explored_variant& variant,
                                                 const pidmap_setting& setting);
/// Every variant there is, by name. Generated from the files of allocator/variants.
[[nodiscard]] std::span<const explored_variant> explored_variants() noexcept;
/// The same of allocator/mutants.
[[nodiscard]] std::span<const explored_variant> explored_mutants() noexcept;
/// A variant or a mutant.
[[nodiscard]] const explored_variant* find_explored_variant(std::string_view name) noexcept;

}  // namespace pidmap_stress::explore
