#pragma once

/// Read-side critical sections and deferred release, by userspace RCU. Deferred work is done once
/// every section that was open when it was deferred has been left.
namespace pidmap_stress::read_side {

/// Enters and leaves a read-side critical section. Registers the thread on first use.
class section {
public:
    section() noexcept;
    ~section();
    section(const section&) = delete;
    section& operator=(const section&) = delete;
};

/// Calls `end(object)` later, in the reclaimer's thread.
/// \pre Only readers that are inside a section now can still find `object`.
void defer(void* object, void (*end)(void*) noexcept) noexcept;

/// Returns when all work that was deferred before has been done. \pre Not inside a section.
void drain() noexcept;

}  // namespace pidmap_stress::read_side
