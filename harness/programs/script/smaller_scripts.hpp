#pragma once

#include <optional>
#include <vector>

#include "harness/programs/script/script.hpp"

/// Scripts that are like a given one, but smaller: the candidates of shrinking.
namespace pidmap_stress::explore {

/// Every script that is one step smaller, the much smaller ones first. \pre !why_not(s).
/// \guarantees  !why_not() of each.
[[nodiscard]] std::vector<script> smaller_ones(const script& s);

/// The same, but from a new namespace: thread 1, which is the creator, makes the set-up's calls.
/// What other threads held, it holds.
/// \return nothing if there is no room, or the set-up has calls of its own.
[[nodiscard]] std::optional<script> from_nothing(const script& s);

/// The same on smaller pages: pids keep their pages and their order.
/// \return nothing if there is no room, or numbers in calls would have to change.
[[nodiscard]] std::optional<script> on_smaller_pages(const script& s, unsigned bits);

}  // namespace pidmap_stress::explore
