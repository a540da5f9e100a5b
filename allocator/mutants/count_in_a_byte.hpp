#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct count_in_a_byte_steps : sound_steps {
    static constexpr int byte = 256;

    template <class Namespace>
    static void cut_off(Namespace& ns) noexcept {
        int count = ns.refcount.load(Namespace::orders::hint);
        while (count >= byte &&
               !ns.refcount.compare_exchange_strong(count, count % byte, Namespace::orders::get,
                                                    Namespace::orders::hint)) {
        }
    }
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        const page_answer answer = sound_steps::open_page(ns, page);
        cut_off(ns);
        return answer;
    }
};

/// Mutant: the count has eight bits, so the 256th reference makes it 0.
template <execution_policy P>
struct count_in_a_byte : pid_namespace<P, sound_orders, count_in_a_byte_steps> {
    using base = pid_namespace<P, sound_orders, count_in_a_byte_steps>;
    using base::base;
    void get() noexcept {
        base::get();
        count_in_a_byte_steps::cut_off(*this);
    }
    static constexpr variant_info info{
        .name = "count_in_a_byte",
        .summary = "the count has eight bits",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "many_pages"},
                   {.broken = invariant::refcount_equals_pages, .shown_by = "many_references"},
                   {.broken = invariant::no_get_from_zero},
                   {.broken = invariant::no_underflow},
                   {.broken = invariant::no_use_after_release},
                   {.broken = invariant::live_pid_pins_namespace}}};
};

}  // namespace pidmap_stress
