#pragma once

#include <cstdint>

namespace pidmap_stress::explore {

/// Faults that a test plants in the engine, one per rule of its algorithm: the engine's own oracle
/// must notice each of them. Each is tested where its rule is applied, off the hot paths.
enum class planted_fault : std::uint8_t {
    none,
    previous_without_porf,   ///< Maximality forgets the prefix of the revisiting write.
    no_swap_of_rmws,         ///< A write that breaks atomicity offers no revisits.
    store_splits_rmw,        ///< A store may go between the halves of a read-modify-write.
    any_choice_deletable,    ///< A revisit may delete a choice whatever it chose.
    lower_reader_ignored,    ///< A write that an older event reads counts as maximal.
    stale_read_deletable,    ///< A revisit may delete a read of any write.
    stale_write_deletable,   ///< A revisit may delete a write wherever it lies in its order.
    bound_too_old,           ///< Coherence lets a read go one write too far back.
    one_place_for_writes,    ///< A new write only goes to the end of modification order.
    no_backward_revisits,    ///< A new write is never offered to the reads that came before it.
    success_not_recomputed,  ///< A compare-exchange keeps its outcome when it reads anew.
    no_psc,                  ///< Sequential consistency's axiom is not checked.

    // Of that axiom, which every search shares: only the axioms themselves are another witness.
    psc_of_cxx20,          ///< model::rc11 has the axiom of model::cxx20.
    psc_without_po_hb_po,  ///< Of what happens before, only program order is in it.
    psc_without_hb_loc,    ///< What happens before at the same location is not in it.
    psc_splits_updates,    ///< A read-modify-write is two operations in it.
    psc_without_fences,    ///< What coherence orders between two fences is not in it.

    // Of what tells states apart.
    state_without_history,     ///< What a thread remembers is left out.
    state_without_memory,      ///< What a flat program remembers in memory is left out.
    state_without_old_writes,  ///< What threads may read beside the newest writes is left out.
    state_without_releases,    ///< What an acquire lets its thread know is left out.
    state_without_knowledge,   ///< Who knows of accesses that are no events is left out.
    state_without_graph,       ///< Fences and the order of strong operations are left out.
    nothing_learnt,            ///< What threads do is not learnt, so they seem to do nothing.
};
inline constexpr int first_axiom_fault = static_cast<int>(planted_fault::psc_of_cxx20);
inline constexpr int first_state_fault = static_cast<int>(planted_fault::state_without_history);
inline constexpr int planted_fault_count = static_cast<int>(planted_fault::nothing_learnt) + 1;

}  // namespace pidmap_stress::explore
