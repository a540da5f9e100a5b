#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checkers/finding.hpp"

/// linearizable: each call took effect at one instant between its call and its return (a pending
/// one: then or never), and the results are those of a set of pids.
///
/// The specification. The state is the set of held pids, the number of external references, whether
/// the namespace is dead, and whether it is closed. The namespace dies for good when it holds no
/// pid and no reference is left. Once closed, it stays closed; pids that are held then stay held.
///
/// | call    | result         | legal if                         | effect           |
/// |---------|----------------|----------------------------------|------------------|
/// | alloc   | a pid          | alive, open, the pid is not held | the pid is held  |
/// | alloc   | no_memory      | open                             | none             |
/// | alloc   | exhausted      | open, but see below              | none             |
/// | alloc   | namespace_dead | dead or closed                   | none             |
/// | free    |                | the pid is held                  | it is not held   |
/// | get     | done, or dead  | alive, or dead                   | a reference more |
/// | put     |                | there is a reference             | a reference less |
/// | disable | done, or dead  | open, or closed                  | it is closed     |
///
/// A set of pids is many independent pids, so histories without a death decompose: the whole is
/// linearizable if and only if the part of each pid is (Herlihy and Wing's locality). Each part is
/// searched after Wing, Gong and Lowe. What is not local to a pid is judged by conditions that
/// every linearizable history meets. They are necessary, not sufficient: they miss the case that
/// the only pid that held the namespace was freed and allocated again by calls that overlapped.
/// - `namespace_dead` must not return before the earliest instant at which the namespace can have
///   died. So no pid and no reference covers the whole call, and nothing called after it succeeds.
/// - There is a reference for every put.
/// - One disable closes the namespace, at an instant that separates the allocations: those that got
///   a pid, or failed for want of pids or memory, came before it; those that were told
///   `namespace_dead`, while the namespace cannot have been dead, came after it. Allocations before
///   it are judged pid by pid as if they had returned by then. Where there is no death and no
///   pending alloc, this is exact.
/// - Nothing called after an instant succeeds, if surely nothing held the namespace then. An alloc
///   that got no pid may have held it while it was under way: it has its reference first, and gives
///   it back at its end.
/// - `exhausted` is advisory while another call of the namespace overlaps it: a search may miss a
///   pid that is freed behind it. Alone, it must not miss a pid that is eligible and surely free:
///   in [reserved_pids, pid_max), and not the one that the last successful allocation returned,
///   because by design a call never returns the last_pid that it read; nor, after a call that may
///   have got a pid and given it back, one pid more, as the hint may be there. Pids below
///   reserved_pids are eligible before a wrap only, so they are left out.
///
/// A pending alloc without a pid explains no free, as no caller was told its pid; but it may hold
/// the namespace, and overlaps what comes later.
namespace pidmap_stress {

/// What is known beyond the history itself. It applies to each namespace of the history.
struct linearizability_rules {
    /// The lowest pid_max in force during the history. 0: `exhausted` is not judged.
    pid_nr lowest_pid_max = 0;
    pid_nr reserved_pids = 0;
    /// References at the beginning of the history; after a creation, the creator's.
    unsigned initial_references = 1;
    /// Pids that were held at the beginning of the history.
    std::span<const pid_nr> initially_held{};
    /// Whether it was closed for allocations at the beginning of the history.
    bool initially_closed = false;
    /// How far the clocks of two workers may differ, in ticks.
    ticks skew = 0;
    /// The search gives up after this many configurations for one pid; each takes some 100 bytes.
    std::uint64_t most_configurations = 2'000'000;
};

struct linearizability {
    std::vector<finding> findings{};
    /// Whether every search was completed. If not, the absence of a finding means nothing.
    bool decided = true;
};

/// Judges a history; one finding for each pid, and for each namespace's death and `exhausted`.
///
/// \param history  In any order, of any number of namespaces; complete from its beginning on.
[[nodiscard]] linearizability judge_linearizable(std::span<const operation> history,
                                                 const linearizability_rules& rules);

}  // namespace pidmap_stress
