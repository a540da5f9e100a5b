#pragma once

/// Turns a touch of released memory into a finding: the touch faults, and the handler looks where.
namespace pidmap_stress {

/// Installs it for this process. A fault that is no such touch is left to the system, which ends
/// the process by the signal. Does nothing under sanitizers: they see more.
void install_fault_handler() noexcept;

}  // namespace pidmap_stress
