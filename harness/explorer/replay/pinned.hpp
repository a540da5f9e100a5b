#pragma once

#include <string>
#include <string_view>

#include "harness/explorer/search/explore.hpp"

/// An execution that stays: the choices of a finding, in a test of the program's own.
namespace pidmap_stress::explore {

/// A schedule as a word of letters, digits, '-', '_' and '.'.
[[nodiscard]] std::string to_word(const schedule& choices);
/// The inverse. \throws std::invalid_argument if the word was damaged.
[[nodiscard]] schedule pinned(std::string_view word);

/// What a test is called, and what it tests.
struct test_names {
    std::string suite = "Regression";
    std::string name{};     ///< Empty: made of what the finding is.
    std::string program{};  ///< An expression that gives the program: "hand_over(relaxed)".
};
/// A GoogleTest that runs the finding's execution again and asks that it shows nothing. It fails
/// until the program is fixed. It needs pidmap_stress/explorer_gtest.hpp.
///
/// Once the program has changed, the choices may not fit it any more: then the test shows where it
/// departed, and is no longer about this execution. What proves a fix is to explore again.
/// \param how  Under which the finding was made.
[[nodiscard]] std::string to_test(const finding& f, const options& how, const test_names& names);

}  // namespace pidmap_stress::explore
