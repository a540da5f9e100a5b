#pragma once

#include <map>
#include <string>

#include <sys/types.h>

namespace pidmap_stress {

/// The stacks of all threads of another process, innermost frame first: a heading for each thread,
/// then a line for each frame, with its function and where in the source it is.
///
/// The process is examined from outside, so it may be in any state. Its threads stop meanwhile.
///
/// \param process  Was forked from this one, so that both have the same code at the same addresses.
/// \param names    What to call its threads, by thread id; others are "another thread".
/// \returns  If they cannot be read, one sentence instead: the library that reads them is missing,
///           or the system does not let one process examine another.
[[nodiscard]] std::string stacks_of(pid_t process, const std::map<pid_t, std::string>& names);

}  // namespace pidmap_stress
