#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace pidmap_stress {

/// Ends this process when its parent ends, however that happens; at once if it has ended already.
/// To be called first in a process that would go on forever without its parent.
///
/// \param parent  The process that forked this one, by its own number.
inline void end_with_parent(pid_t parent) noexcept {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before, and then there is nothing left to wait for.
    if (::getppid() != parent) ::_exit(1);
}

}  // namespace pidmap_stress
