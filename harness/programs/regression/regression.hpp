#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/programs/explored_case.hpp"

/// What was found once, as a test that stays: a small program that is explored in every
/// interleaving. Unlike a token it names no schedule, so it stays valid when the code moves.
namespace pidmap_stress::explore {

/// Explores a case in every interleaving.
///
/// \param name  As to_string() of a case has it: "sound/lookup/calls/2x4/max8/last4/4=af0/rc11".
/// What
///              it says that it shows is left out of account: nothing may break.
/// \returns     "" if nothing breaks; else what does, with a token. Also if the name is none of
/// this
///              build, or if not every interleaving was met within the budget: then nothing is
///              shown.
[[nodiscard]] std::string what_breaks(std::string_view name, std::uint64_t budget = 5'000'000);

/// A source file with a GoogleTest that explores the case by what_breaks(), and says in its
/// comments what was found.
/// \param headline  One sentence: what happened.
[[nodiscard]] std::string regression_test(const explored_case& what, std::string_view headline);

}  // namespace pidmap_stress::explore
