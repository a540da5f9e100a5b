#pragma once

#include "allocator/variants/as_posted.hpp"

namespace pidmap_stress {

/// The posted steps with page 0 put right: alloc corrects for bit 0 as free does.
struct symmetric_steps : as_posted_steps {
    /// The creator's: page 0 has none to begin with.
    static constexpr int initial_references = 1;

    template <class Namespace>
    [[nodiscard]] static bool filled_first(unsigned page, int free_pids,
                                           const Namespace&) noexcept {
        return free_pids == Namespace::capacity(page) - 1;
    }
};

/// The obvious repair of the patch. Its get still comes after the page is visibly non-empty, so it
/// needs callers whose own reference outlasts the call. As in the posted form, at its end an object
/// touches its namespace, which may be gone by then.
template <execution_policy P>
struct symmetric : pid_namespace<P, as_posted_orders, symmetric_steps> {
    using pid_namespace<P, as_posted_orders, symmetric_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "symmetric",
        .summary = "as posted, but page 0 is counted in alloc as in free",
        .breaks = {
            {.broken = invariant::no_get_from_zero,
             .where = discipline::lookup,
             .shown_by = "lookup"},
            {.broken = invariant::no_use_after_release, .shown_by = "outliving_pid"},
            {.broken = invariant::live_pid_pins_namespace,
             .where = discipline::lookup,
             .shown_by = "lookup"},
            {.broken = invariant::no_underflow, .where = discipline::lookup},
            {.broken = invariant::released_once, .where = discipline::lookup},
            {.broken = invariant::refcount_equals_pages, .where = discipline::lookup},
            {.broken = invariant::nothing_leaked, .where = discipline::lookup},
            // Whatever comes of the use of a released namespace: it has lost its pages with their
            // bits, pid 0's too, and new ones come in their place.
            {.broken = invariant::pid_in_range, .where = discipline::lookup},
            {.broken = invariant::unique_pid, .where = discipline::lookup},
            {.broken = invariant::bitmap_equals_held, .where = discipline::lookup},
            {.broken = invariant::nr_free_equals_clear_bits, .where = discipline::lookup},
            {.broken = invariant::linearizable},
            {.broken = invariant::reference_covers_pages},
            {.broken = invariant::no_immediate_reuse},
            {.broken = invariant::reuse_happens_after},
        }};
};

}  // namespace pidmap_stress
