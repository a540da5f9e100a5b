#pragma once

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "checkers/history.hpp"
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace pidmap_stress {

/// How far the time stamps of two workers may differ. The kernel keeps invariant counters of the
/// cores of one machine within some tens of ticks of each other.
inline constexpr ticks clock_skew = 1000;

/// A time stamp that orders nothing, good enough to say roughly when an event happened.
[[nodiscard]] inline ticks rough_time() noexcept {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return static_cast<ticks>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// A time stamp not later than anything that follows in this thread.
[[nodiscard]] inline ticks time_before() noexcept {
    const ticks now = rough_time();
#if defined(__x86_64__)
    _mm_lfence();
#endif
    return now;
}

/// A time stamp not earlier than anything that precedes in this thread.
[[nodiscard]] inline ticks time_after() noexcept {
#if defined(__x86_64__)
    unsigned core = 0;
    return __rdtscp(&core);
#else
    return rough_time();
#endif
}

/// A moment on both clocks, to tell how long a tick is.
class two_clocks {
public:
    /// \pre Some microseconds have passed: the longer, the more exact.
    [[nodiscard]] std::uint64_t to_nanoseconds(ticks span) const noexcept {
        const std::chrono::duration<double, std::nano> passed =
            std::chrono::steady_clock::now() - time_;
        const auto ticks_passed = static_cast<double>(std::max<ticks>(rough_time() - ticks_, 1));
        return static_cast<std::uint64_t>(static_cast<double>(span) * passed.count() /
                                          ticks_passed);
    }

private:
    ticks ticks_ = rough_time();
    std::chrono::steady_clock::time_point time_ = std::chrono::steady_clock::now();
};

/// How long the calling thread has had a processor. Time in which it waits, or is stopped, does not
/// count.
[[nodiscard]] inline std::chrono::nanoseconds cpu_time_of_thread() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace pidmap_stress
