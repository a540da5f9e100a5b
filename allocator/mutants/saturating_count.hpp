#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct saturating_count_steps : sound_steps {
    static constexpr int most = 16;

    template <class Namespace>
    static void saturate(Namespace& ns) noexcept {
        int count = ns.refcount.load(Namespace::orders::hint);
        while (count > most && !ns.refcount.compare_exchange_strong(
                                   count, most, Namespace::orders::get, Namespace::orders::hint)) {
        }
    }
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        const page_answer answer = sound_steps::open_page(ns, page);
        saturate(ns);
        return answer;
    }
};

/// Mutant: the count saturates at 16 and is decremented from there, so with more pages in use the
/// namespace is released too early.
template <execution_policy P>
struct saturating_count : pid_namespace<P, sound_orders, saturating_count_steps> {
    using base = pid_namespace<P, sound_orders, saturating_count_steps>;
    using base::base;
    void get() noexcept {
        base::get();
        saturating_count_steps::saturate(*this);
    }
    static constexpr variant_info info{
        .name = "saturating_count",
        .summary = "the count saturates at 16",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "many_pages"},
                   {.broken = invariant::no_use_after_release},
                   {.broken = invariant::live_pid_pins_namespace}}};
};

}  // namespace pidmap_stress
