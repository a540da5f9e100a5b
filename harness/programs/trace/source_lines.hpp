#pragma once

#include <string>

namespace pidmap_stress::explore {

/// Where in the sources the code at a return address comes from: "pid_namespace.hpp:235". Of
/// inlined frames, the innermost one that is the algorithm's own.
/// \return "" if this build has no line tables, or was made without libdw.
[[nodiscard]] std::string source_line(const void* address);

}  // namespace pidmap_stress::explore
