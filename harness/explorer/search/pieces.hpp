#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/explorer/search/search.hpp"

/// Explorations in pieces that are explored side by side, with a result that does not depend on how
/// many run at once.
namespace pidmap_stress::explore {

/// What a piece did in one turn.
struct turn {
    result found{};
    std::vector<std::uint64_t> seen{};  ///< Fingerprints, if they are asked for.
    bool more = false;                  ///< Whether it has more to explore.
    bool any = false;                   ///< A bounded search: whether the bound was reached.
};

/// A part of an exploration that does not depend on the others.
class piece {
public:
    piece() = default;
    piece(const piece&) = delete;
    piece& operator=(const piece&) = delete;
    virtual ~piece() = default;
    /// Continues for at most this many runs that count, or up to a finding if that is enough.
    [[nodiscard]] virtual turn explore(exploration& w, std::uint64_t most) = 0;
    /// Splits off what it would explore last, if it has enough left.
    [[nodiscard]] virtual std::unique_ptr<piece> split() = 0;
};

/// Explores everything, or as much as `how.budget` allows.
///
/// In rounds: each piece has its turn, and a piece that is not done by then is cut into more
/// pieces. The budget is shared out before a round, by the number of pieces. So the rounds, and
/// with them the result, follow from the program and the options alone, whichever job explores a
/// piece.
/// \return  found: as explore() has it, except `complete`. more: whether the budget or a finding
///          ended it early.
[[nodiscard]] turn explore_in_pieces(std::unique_ptr<piece> whole, const program& p,
                                     const options& how);

}  // namespace pidmap_stress::explore
