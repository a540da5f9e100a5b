#pragma once

/// Requests to end: SIGINT, SIGTERM and SIGHUP. A command that heeds them stops its work, reports
/// and keeps what it has, and says that it is incomplete.
namespace pidmap_stress {

/// From now on the first of these signals makes interrupted() true, and another one more than a
/// second later ends the process at once. A signal that is already ignored, as nohup ignores
/// SIGHUP, stays ignored.
void heed_interruptions() noexcept;

/// Whether the process was asked to end.
[[nodiscard]] bool interrupted() noexcept;

/// From now on SIGUSR1 asks for the state of the work, and ends nothing.
void heed_status_requests() noexcept;

/// Whether the state of the work was asked for since the last call.
[[nodiscard]] bool take_status_request() noexcept;

/// For a child process whose parent decides when it ends: it ignores these signals, which a
/// terminal sends to both.
void ignore_interruptions() noexcept;

/// For a child process that these signals are to end, as they end any process.
void end_by_interruptions() noexcept;

}  // namespace pidmap_stress
