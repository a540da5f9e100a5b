#pragma once

#include "allocator/variants/per_pid.hpp"

namespace pidmap_stress {

struct reserved_too_early_steps : per_pid_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        if (ns.pages[page].nr_free.load(Namespace::orders::hint) == 0) return page_answer::full;
        // (C1) Relaxed, as the variant has it: a hint.
        ns.pages[page].nr_free.fetch_sub(1, Namespace::orders::account);
        return page_answer::open;
    }

    template <class Namespace>
    static void bit_claimed(Namespace&, unsigned /*page*/) noexcept {}
};

/// Mutant: the hint nr_free is decremented before the bit is claimed, and stays so when no bit is
/// found. (Where it is given back, nothing breaks: a hint may be too low for a while.)
template <execution_policy P>
struct reserved_too_early : pid_namespace<P, per_pid_orders, reserved_too_early_steps> {
    using pid_namespace<P, per_pid_orders, reserved_too_early_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "reserved_too_early",
        .summary = "nr_free is decremented before the bit is claimed",
        .kind = variant_kind::mutant,
        .counts = counting::per_pid,
        .breaks = {{.broken = invariant::nr_free_equals_clear_bits}}};
};

}  // namespace pidmap_stress
