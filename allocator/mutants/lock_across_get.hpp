#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

template <execution_policy P>
struct lock_across_get;

struct lock_across_get_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& held = static_cast<lock_across_get<typename Namespace::policy>&>(ns).held;
        // (L1) acquire, from (L2): what the last holder did is seen.
        while (held.exchange(true, std::memory_order::acquire)) Namespace::policy::pause();
        const page_answer answer = sound_steps::open_page(ns, page);
        held.store(false, std::memory_order::release);  // (L2) release, read by (L1).
        return answer;
    }
};

/// Mutant: a worker that fills an empty page holds a lock while it takes the reference. Only the
/// promise of lock-freedom breaks: if the worker stops there, all others wait.
template <execution_policy P>
struct lock_across_get : pid_namespace<P, sound_orders, lock_across_get_steps> {
    using pid_namespace<P, sound_orders, lock_across_get_steps>::pid_namespace;
    typename P::template atomic<bool> held{false};
    static constexpr variant_info info{.name = "lock_across_get",
                                       .summary = "a lock is held across the get",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::progress}},
                                       .worlds = world::explorer};
};

}  // namespace pidmap_stress
