#pragma once

#include <string>
#include <vector>

#include "allocator/contract.hpp"
#include "checkers/history.hpp"

namespace pidmap_stress {

/// A broken invariant and its proof.
struct finding {
    invariant broken{};
    /// One sentence, with numbers.
    std::string what{};
    /// The operations that prove it, as far as operations can; in order of their calls.
    std::vector<operation> witness{};

    friend bool operator==(const finding&, const finding&) = default;
};

/// "unique_pid: pid 7 is held by ...", then one indented line for each operation of the witness.
[[nodiscard]] std::string to_string(const finding& what);

}  // namespace pidmap_stress
