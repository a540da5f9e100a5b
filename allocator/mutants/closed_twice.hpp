#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

/// Mutant: every worker that closes the namespace is told that it was the first, so each of them
/// drops the reference that only the first one should.
template <execution_policy P>
struct closed_twice : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "closed_twice",
        .summary = "two that close a namespace both clean up",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "dying_namespace"},
                   {.broken = invariant::no_underflow, .shown_by = "dying_namespace"},
                   {.broken = invariant::live_pid_pins_namespace, .shown_by = "dying_namespace"},
                   {.broken = invariant::no_use_after_release, .shown_by = "dying_namespace"}}};

    bool disable_pid_allocation() noexcept {
        // Relaxed, as (D1); but it takes two steps, between which others may come.
        const bool was_closed = this->closed.load(std::memory_order::relaxed);
        this->closed.store(true, std::memory_order::relaxed);
        return !was_closed;
    }
};

}  // namespace pidmap_stress
