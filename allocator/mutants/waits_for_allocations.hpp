#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

template <execution_policy P>
struct waits_for_allocations;

struct waits_for_allocations_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static auto& under_way(Namespace& ns) noexcept {
        return static_cast<waits_for_allocations<typename Namespace::policy>&>(ns).under_way;
    }
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        // Relaxed: a number to wait for; nothing is published by it.
        under_way(ns).fetch_add(1, std::memory_order::relaxed);
        const page_answer answer = sound_steps::open_page(ns, page);
        under_way(ns).fetch_sub(1, std::memory_order::relaxed);
        return answer;
    }
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        // Relaxed: the read orders nothing, the counting below does.
        while (under_way(ns).load(std::memory_order::relaxed) != 0) Namespace::policy::pause();
        sound_steps::vacate(ns, page);
    }
};

/// Mutant: a worker that frees a pid waits until no allocation is under way. Only the promise of
/// lock-freedom breaks: if one stops midway, no worker can free any more.
template <execution_policy P>
struct waits_for_allocations : pid_namespace<P, sound_orders, waits_for_allocations_steps> {
    using pid_namespace<P, sound_orders, waits_for_allocations_steps>::pid_namespace;
    typename P::template atomic<int> under_way{0};
    static constexpr variant_info info{.name = "waits_for_allocations",
                                       .summary = "a free waits for allocations that are under way",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::progress}},
                                       .worlds = world::explorer};
};

}  // namespace pidmap_stress
