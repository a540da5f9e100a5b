#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "checkers/finding.hpp"

namespace pidmap_stress {

/// How many objects of one kind were created and destroyed.
struct object_count {
    std::string_view kind{};  ///< In the plural, as in "pages".
    std::uint64_t created = 0;
    std::uint64_t destroyed = 0;
};

/// Judges the end of a run: everything is freed, all references are dropped, deferred releases
/// drained.
///
/// Objects that are left break nothing_leaked; more destroyed than created breaks released_once.
[[nodiscard]] std::vector<finding> judge_leaks(std::span<const object_count> counts);

}  // namespace pidmap_stress
