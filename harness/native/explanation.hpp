#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "allocator/contract.hpp"

namespace pidmap_stress {

/// A step of an interleaving.
struct explained_step {
    unsigned thread = 0;  ///< From 1.
    std::string call{};   ///< "alloc", "free of pid 3".
    std::string what{};   ///< "refcount 1 -> 0 (sub, seq_cst)".
    std::string edge{};   ///< "R3", or nothing.
    std::string place{};  ///< "default_steps.hpp:84", or nothing.
    /// Which of the steps shown wrote what it read; nothing if none of them did.
    std::optional<unsigned> reads_from{};
    std::vector<std::string> broken{};  ///< "no_underflow: ...".
};

/// What the explorer made of a finding of a native run, by programs made of the workers' last calls
/// and, if it broke in none of these, by small ones of the same scenario.
struct explanation {
    invariant broken{};
    std::uint64_t programs = 0;    ///< How many were tried.
    std::uint64_t executions = 0;  ///< Of all of them, shrinking included.
    std::string token{};           ///< Empty if it broke in none of them.
    bool of_last_calls = true;     ///< Otherwise a small program of the same scenario.
    std::string table{};           ///< The execution, step by step.
    std::string headline{};        ///< One sentence: which thread does what, and what breaks.
    std::string program{};         ///< The program, in the language of scripts, with its variant.
    unsigned threads = 0;
    std::vector<explained_step> steps{};  ///< That a reader is shown.
};

}  // namespace pidmap_stress
