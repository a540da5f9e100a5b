#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct zeroed_after_install_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static auto install(Namespace& ns, unsigned page) noexcept
        -> page_bits<typename Namespace::policy>* {
        using P = typename Namespace::policy;
        page_bits<P>* const fresh = P::template create<page_bits<P>>();
        if (fresh == nullptr) return nullptr;
        page_bits<P>* winner = nullptr;
        // (I1), and the loser takes the winner's page as (I2) does.
        if (!ns.pages[page].bits.compare_exchange_strong(
                winner, fresh, Namespace::orders::page_install, Namespace::orders::page_seen)) {
            P::destroy(fresh);
            return winner;
        }
        // One word is enough, and the kernel's page has many.
        for (unsigned bit = 0; bit < page_bits<P>::word_bits; ++bit)
            fresh->clear(bit, Namespace::orders::clear);  // (F1)
        return fresh;
    }
};

/// Mutant: a page is published first and zeroed afterwards, so bits that others set are lost.
template <execution_policy P>
struct zeroed_after_install : pid_namespace<P, sound_orders, zeroed_after_install_steps> {
    using pid_namespace<P, sound_orders, zeroed_after_install_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "zeroed_after_install",
        .summary = "a page is published before it is zeroed",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::unique_pid},
                   {.broken = invariant::bitmap_equals_held},
                   {.broken = invariant::nr_free_equals_clear_bits}}};
};

}  // namespace pidmap_stress
