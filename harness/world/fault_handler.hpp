#pragma once

/// Turns a touch of released memory into a finding: the touch faults, and the handler looks where.
namespace pidmap_stress {

/// Installs it for this process. Any other fault, and an abort, is a crash: if the board says that
/// there is a supervisor, the process leaves a note there and stops itself, as the stacks of its
/// threads can only be read from outside; otherwise the system ends it by the signal. Does nothing
/// under sanitizers: they see more.
void install_fault_handler() noexcept;

}  // namespace pidmap_stress
