#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct sticky_count_steps : sound_steps {
    static constexpr int most = 100;

    template <class Namespace>
    [[nodiscard]] static bool drop(Namespace& ns) noexcept {
        int count = ns.refcount.load(Namespace::orders::hint);
        while (count < most)  // (R3)
            if (ns.refcount.compare_exchange_strong(count, count - 1, Namespace::orders::put,
                                                    Namespace::orders::hint))
                return count == 1;
        return false;
    }
};

/// Mutant: a count of 100 counts as saturated and is never decremented again, so the namespace is
/// never released.
template <execution_policy P>
struct sticky_count : pid_namespace<P, sound_orders, sticky_count_steps> {
    using pid_namespace<P, sound_orders, sticky_count_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "sticky_count",
        .summary = "a count of 100 is never taken down",
        .kind = variant_kind::mutant,
        .breaks = {{.broken = invariant::refcount_equals_pages, .shown_by = "many_pages"},
                   {.broken = invariant::nothing_leaked, .shown_by = "many_references"}}};
};

}  // namespace pidmap_stress
