#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct page_stored_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static auto install(Namespace& ns, unsigned page) noexcept
        -> page_bits<typename Namespace::policy>* {
        using P = typename Namespace::policy;
        page_bits<P>* const fresh = P::template create<page_bits<P>>();
        if (fresh == nullptr) return nullptr;
        ns.pages[page].bits.store(fresh, Namespace::orders::page_install);  // (I1)
        return fresh;
    }
};

/// Mutant: a page is installed by a store. The one that was there, and the pids on it, are lost.
template <execution_policy P>
struct page_stored : pid_namespace<P, sound_orders, page_stored_steps> {
    using pid_namespace<P, sound_orders, page_stored_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "page_stored",
        .summary = "a page is installed over that of a faster worker",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::nothing_leaked},
                   {.broken = invariant::unique_pid},
                   {.broken = invariant::bitmap_equals_held},
                   {.broken = invariant::nr_free_equals_clear_bits}}};
};

}  // namespace pidmap_stress
