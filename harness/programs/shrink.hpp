#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/programs/matrix.hpp"

/// Makes what was found small enough to be read. Deterministic: budgets are executions, not time.
namespace pidmap_stress::explore {

struct shrink_options {
    /// Executions that one smaller program is worth.
    std::uint64_t for_each_program = 3'000;
    /// Executions that the search for the simplest schedule is worth, at each bound.
    std::uint64_t for_schedule = 4'000;
    unsigned preemptions = 3;
    /// Who may end it early: then it has what it has.
    watch* watched = nullptr;
    /// Whether a script that shows nothing is tried from a new namespace, too.
    bool from_nothing = true;
};

/// What replays exactly, and breaks the same invariant ...
struct shrunk_finding {
    explored_case of{};
    schedule choices{};
    finding shown_as{};               ///< ... by this.
    std::vector<finding> findings{};  ///< All that the replay shows.
    std::size_t shown = 0;            ///< Steps that a reader is shown.

    [[nodiscard]] std::string token() const { return make_token(of, choices, build_identity()); }
};

/// Whether an execution is one to show, beyond that it breaks the invariant.
using shows_the_same = std::function<bool(const replay_result&)>;

/// The simplest schedule on which `p` breaks `which`, as far as the budget goes: with the fewest
/// preemptions, then with the fewest stale reads, then with the fewest steps that a reader is
/// shown.
/// \return nothing if none was met.
[[nodiscard]] std::optional<schedule> simplest_schedule(const program& p, model under, defect which,
                                                        const shows_the_same& accept,
                                                        const shrink_options& how,
                                                        std::uint64_t& executions);

/// Makes a program that breaks `*what.shows` smaller: fewer threads, calls and held pids, smaller
/// pages; then takes the simplest schedule.
/// \return nothing if it does not break within the budget.
/// \param executions  If given, what it took is added here, whatever comes of it.
/// \param known       A schedule on which it breaks, if there is one: it may be rare.
[[nodiscard]] std::optional<shrunk_finding> shrink(explored_case what, const shows_the_same& accept,
                                                   const shrink_options& how = {},
                                                   std::uint64_t* executions = nullptr,
                                                   const schedule* known = nullptr);

/// The same for what a cell of the matrix shows.
/// \return nothing if nothing simpler was found.
[[nodiscard]] std::optional<shrunk_finding> shrink(const explored_case& what,
                                                   const broken_invariant& found,
                                                   const shrink_options& how = {});

}  // namespace pidmap_stress::explore
