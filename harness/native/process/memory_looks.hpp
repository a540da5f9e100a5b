#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace pidmap_stress {

/// What a process has in memory, in KiB; 0 if the system does not say.
[[nodiscard]] std::uint64_t resident_kib(pid_t process);

/// What a process had in memory, looked at now and then.
class memory_looks {
public:
    /// Looks, unless it did a short while ago.
    void look(pid_t process, std::chrono::steady_clock::time_point now);
    /// In KiB; 0 if it never looked.
    [[nodiscard]] std::uint64_t most() const;
    /// By how much it grew in the second half of its time, in KiB; 0 if it was short. In the first
    /// half, what is used for the first time is no leak.
    [[nodiscard]] std::int64_t growth() const;

private:
    std::chrono::steady_clock::time_point looked_{};
    std::vector<std::uint64_t> seen_;
};

}  // namespace pidmap_stress
