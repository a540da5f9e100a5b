#pragma once

#include <cstdint>
#include <string>

#include "allocator/contract.hpp"

namespace pidmap_stress {

/// What an exploration of the workers' last calls made of something that a native run found.
struct explanation {
    invariant broken{};
    std::uint64_t programs = 0;    ///< That were made of the workers' last calls.
    std::uint64_t executions = 0;  ///< Of all of them, shrinking included.
    std::string token{};           ///< Empty if it broke in none of them.
    std::string table{};           ///< The execution, step by step.
};

}  // namespace pidmap_stress
