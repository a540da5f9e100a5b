#include "harness/programs/explored_variant.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "harness/programs/interpreter/interpreter.hpp"

namespace pidmap_stress::explore {

const explored_allocator* explored_variant::find(unsigned bits, unsigned pages,
                                                 pid_nr reserved_pids) const noexcept {
    const auto found = std::ranges::find_if(sizes, [&](const explored_allocator& one) {
        return one.bits_per_page == bits && one.max_pages == pages &&
               one.reserved_pids == reserved_pids;
    });
    return found == sizes.end() ? nullptr : &*found;
}

bool explored_variant::is_built_for(const explored_scenario& scenario) const noexcept {
    return sizes.front().nests || !scenario.needs_nesting;
}

std::unique_ptr<program> explored_variant::make(const script& s) const {
    assert(!why_not(*this, s));
    return make_program(*find(s.bits, s.pages, s.reserved), s);
}

std::unique_ptr<program> explored_variant::make(const pidmap_setting& s) const {
    return make(s.scenario->calls(s));
}

std::optional<std::string> why_not(const explored_variant& variant, const pidmap_setting& s) {
    if (!variant.is_built_for(*s.scenario))
        return fmt::format(
            "--scenario {} is for variants that nest, and --variant {} does not: see "
            "nesting_allocator",
            s.scenario->name, variant.info->name);
    if (auto wrong = why_not(s)) return wrong;
    if (variant.find(s.bits, s.pages, s.scenario->reserved_pids) != nullptr) return std::nullopt;
    const pidmap_setting usual;
    return fmt::format(
        "--pages {} --bits {} is not built for --variant {}, a mutant; it must be --pages {} "
        "--bits {}",
        s.pages, s.bits, variant.info->name, usual.pages, usual.bits);
}

std::optional<std::string> why_not(const explored_variant& variant, const script& s) {
    if (auto wrong = why_not(s)) return wrong;
    if (needs_nesting(s) && !variant.sizes.front().nests)
        return fmt::format("{} does not nest, close and have objects: see nesting_allocator",
                           variant.info->name);
    if (variant.find(s.bits, s.pages, s.reserved) != nullptr) return std::nullopt;
    return fmt::format("{} pages of {} pids are not built for {}, a mutant", s.pages, s.bits,
                       variant.info->name);
}

const explored_variant* find_explored_variant(std::string_view name) noexcept {
    for (const std::span<const explored_variant> list : {explored_variants(), explored_mutants()})
        for (const explored_variant& one : list)
            if (one.info->name == name) return &one;
    return nullptr;
}

}  // namespace pidmap_stress::explore
