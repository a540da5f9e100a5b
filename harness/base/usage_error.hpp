#pragma once

#include <stdexcept>

namespace pidmap_stress {

/// The command line is wrong: one sentence that names the wrong word, and what would be right.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace pidmap_stress
