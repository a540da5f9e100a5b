#pragma once

#include <chrono>
#include <cstdint>

#include <sys/types.h>

namespace pidmap_stress {

/// The memory of a process, in KiB; 0 if the system does not say.
[[nodiscard]] std::uint64_t resident_kib(pid_t process);

/// The most that a process had in memory, looked at now and then.
class memory_looks {
public:
    /// Looks, unless it did so a short while ago.
    void look(pid_t process, std::chrono::steady_clock::time_point now);
    /// In KiB; 0 if it never looked.
    [[nodiscard]] std::uint64_t most() const noexcept { return most_; }

private:
    std::chrono::steady_clock::time_point looked_{};
    std::uint64_t most_ = 0;
};

}  // namespace pidmap_stress
