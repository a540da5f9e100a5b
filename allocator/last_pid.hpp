#pragma once

#include "allocator/pid_search.hpp"

namespace pidmap_stress {

/// Moves the hint to `nr`, but never backwards on the circle that starts at `last`.
///
/// \param last  The hint's value when the search began.
/// \source set_last_pid(), Linux 5fdee8c4a5e1: a slow allocation must not undo a faster one's step;
///         otherwise the pids between are handed out again at once.
template <class Namespace>
void advance_last_pid_forward(Namespace& ns, pid_nr last, pid_nr nr) noexcept {
    pid_nr current = last;
    // Relaxed: a hint. Coherence ensures that a caller that has seen an allocation return also sees
    // this store, or a later one, given the happens-before by which it learned of that.
    while (!ns.last_pid.compare_exchange_strong(current, nr, Namespace::orders::hint,
                                                Namespace::orders::hint))
        if (!pid_before(last, current, nr)) return;  // It is there already, or farther.
}

}  // namespace pidmap_stress
