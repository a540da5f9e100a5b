#pragma once

#include <cstdint>

namespace pidmap_stress {

/// How many processes this machine's kernel has killed so far because memory ran out, in any
/// control group; 0 if it does not say.
/// \source Linux's /proc/vmstat, `oom_kill`, since 4.13.
[[nodiscard]] std::uint64_t oom_kills();

}  // namespace pidmap_stress
