#pragma once

#include <cstdint>
#include <string>

#include "allocator/contract.hpp"

namespace pidmap_stress {

/// What the explorer made of something that a native run found, by programs made of the workers'
/// last calls and, if it broke in none of these, by small ones of the same scenario.
struct explanation {
    invariant broken{};
    std::uint64_t programs = 0;    ///< That were tried.
    std::uint64_t executions = 0;  ///< Of all of them, shrinking included.
    std::string token{};           ///< Empty if it broke in none of them.
    bool of_last_calls = true;     ///< Else it is a small program of the same scenario.
    std::string table{};           ///< The execution, step by step.
};

}  // namespace pidmap_stress
