#pragma once

/// Turns a touch of released memory into a finding: the touch faults, and the handler looks where.
namespace pidmap_stress {

/// Installs it for this process. A fault that is no such touch, and an abort, is a crash: if the
/// board says that there is a supervisor, the process leaves a note there and stops itself, as the
/// stacks of its threads can be read from outside only; else the system ends it by the signal. Does
/// nothing under sanitizers: they see more.
void install_fault_handler() noexcept;

}  // namespace pidmap_stress
