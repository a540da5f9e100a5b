#pragma once

/// Read-side critical sections and deferred release, by userspace RCU. What is deferred happens
/// once every section that was open at that time has been left.
namespace pidmap_stress::read_side {

/// Enters and leaves a read-side critical section. Registers the thread when it first comes.
class section {
public:
    section() noexcept;
    ~section();
    section(const section&) = delete;
    section& operator=(const section&) = delete;
};

/// Calls `end(object)` later, in the reclaimer's thread.
/// \pre No reader can find `object` any more who is not inside a section now.
void defer(void* object, void (*end)(void*) noexcept) noexcept;

/// Returns when all that was deferred before has been done. \pre Not inside a section.
void drain() noexcept;

}  // namespace pidmap_stress::read_side
