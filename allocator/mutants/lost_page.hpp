#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct lost_page_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static auto install(Namespace& ns, unsigned page) noexcept
        -> page_bits<typename Namespace::policy>* {
        using P = typename Namespace::policy;
        page_bits<P>* const fresh = P::template create<page_bits<P>>();
        if (fresh == nullptr) return nullptr;
        page_bits<P>* winner = nullptr;
        // (I1), and the loser takes the winner's page as (I2) does.
        if (ns.pages[page].bits.compare_exchange_strong(
                winner, fresh, Namespace::orders::page_install, Namespace::orders::page_seen))
            return fresh;
        return winner;
    }
};

/// Mutant: a worker that loses the race to install a page forgets its own.
template <execution_policy P>
struct lost_page : pid_namespace<P, sound_orders, lost_page_steps> {
    using pid_namespace<P, sound_orders, lost_page_steps>::pid_namespace;
    static constexpr variant_info info{.name = "lost_page",
                                       .summary = "the loser of an install race leaks its page",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
