#pragma once

#include "allocator/variants/sound.hpp"

namespace pidmap_stress {

struct torn_nr_free_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        const int free_pids = nr_free.load(Namespace::orders::hint) + 1;
        Namespace::policy::pause();
        nr_free.store(free_pids, std::memory_order::release);  // (C2)
        if (free_pids == Namespace::capacity(page)) ns.put();
    }
};

/// Mutant: free pids are counted by a load and a store, so one of two frees is lost.
template <execution_policy P>
struct torn_nr_free : pid_namespace<P, sound_orders, torn_nr_free_steps> {
    using pid_namespace<P, sound_orders, torn_nr_free_steps>::pid_namespace;
    static constexpr variant_info info{.name = "torn_nr_free",
                                       .summary = "nr_free is counted in two steps",
                                       .kind = variant_kind::mutant,
                                       .breaks = {{.broken = invariant::nr_free_equals_clear_bits},
                                                  {.broken = invariant::refcount_equals_pages},
                                                  {.broken = invariant::nothing_leaked}}};
};

}  // namespace pidmap_stress
