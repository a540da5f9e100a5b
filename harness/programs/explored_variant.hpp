#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explorer/run/program.hpp"
#include "harness/programs/explored_allocator.hpp"
#include "harness/programs/pidmap_setting.hpp"
#include "harness/programs/script/script.hpp"

namespace pidmap_stress::explore {

/// A variant on pages of each size that it is built for.
struct explored_variant {
    const variant_info* info;
    std::vector<explored_allocator> sizes;

    /// nullptr if the variant is not built for this size.
    [[nodiscard]] const explored_allocator* find(unsigned bits, unsigned pages,
                                                 pid_nr reserved_pids) const noexcept;
    /// Whether the variant has everything that the scenario needs, on pages of some size.
    [[nodiscard]] bool is_built_for(const explored_scenario& scenario) const noexcept;
    /// \pre !why_not(*this, s).
    [[nodiscard]] std::unique_ptr<program> make(const script& s) const;
    /// \pre !why_not(*this, setting).
    [[nodiscard]] std::unique_ptr<program> make(const pidmap_setting& setting) const;
};
/// What is wrong with a setting for this variant, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const explored_variant& variant,
                                                 const pidmap_setting& setting);
[[nodiscard]] std::optional<std::string> why_not(const explored_variant& variant, const script& s);
/// Every variant, by name. Generated from the files of allocator/variants.
[[nodiscard]] std::span<const explored_variant> explored_variants() noexcept;
/// The mutants likewise, from allocator/mutants; empty in a program that was linked without them.
[[nodiscard]] std::span<const explored_variant> explored_mutants() noexcept;
/// A variant or a mutant.
[[nodiscard]] const explored_variant* find_explored_variant(std::string_view name) noexcept;

}  // namespace pidmap_stress::explore
