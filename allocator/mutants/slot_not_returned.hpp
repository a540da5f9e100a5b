#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct slot_not_returned_steps : sound_steps {
    template <class Namespace>
    static void close_page(Namespace&, unsigned /*page*/) noexcept {}
};

/// Mutant: a search that reserved a slot on a page and found no bit there keeps the slot.
template <execution_policy P>
struct slot_not_returned : pid_namespace<P, sound_orders, slot_not_returned_steps> {
    using pid_namespace<P, sound_orders, slot_not_returned_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "slot_not_returned",
        .summary = "a page that is left without a pid keeps the reserved slot",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::nr_free_equals_clear_bits},
                   {.broken = invariant::refcount_equals_pages},
                   {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
