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
/// \param name  Of a case, by to_string(): "sound/lookup/calls/2x4/max8/last4/4=af0/rc11". What it
///              says that it shows does not matter: nothing may break.
/// \returns     "" if nothing breaks; else what does, with a token. A sentence also if this build
///              does not know the name, or if the budget did not reach: then nothing is shown.
[[nodiscard]] std::string what_breaks(std::string_view name, std::uint64_t budget = 5'000'000);

/// A source file with a GoogleTest that explores the case by what_breaks(), and says in its
/// comments what was found.
/// \param headline  One sentence: what happened.
[[nodiscard]] std::string regression_test(const explored_case& what, std::string_view headline);

}  // namespace pidmap_stress::explore
