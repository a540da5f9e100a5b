#include "harness/world/jitter.hpp"

#include <chrono>
#include <thread>

#include "allocator/execution_policy.hpp"
#include "harness/world/clock.hpp"

namespace pidmap_stress {

void delay_here() noexcept {
    if (jitter_one_in == 0) {
        self.accesses_until_delay = UINT32_MAX;
        return;
    }
    self.accesses_until_delay = self.delays.below(2 * jitter_one_in);
    const std::uint32_t draw = self.delays.below(256);
    if (draw == 0)
        std::this_thread::sleep_for(std::chrono::microseconds(self.delays.below(100)));
    else if (draw < 64)
        std::this_thread::yield();
    else
        for (std::uint32_t n = self.delays.below(256); n > 0; --n) native::pause();
}

void wait_for_stroke() noexcept {
    // About five microseconds: long enough for another worker to end an object.
    constexpr ticks period = ticks{1} << 14;
    constexpr unsigned pauses_per_yield = 8;
    if (self.delays.one_in(2)) return;
    const ticks stroke = (rough_time() | (period - 1)) + 1;
    for (unsigned n = 1; rough_time() < stroke; ++n)
        if (n % pauses_per_yield == 0)
            std::this_thread::yield();
        else
            native::pause();
}

}  // namespace pidmap_stress
