#include "harness/native/flights.hpp"

#include <algorithm>

namespace pidmap_stress {

std::vector<flight_log> read_flights(const board& seen, unsigned workers, std::size_t most) {
    std::vector<flight_log> all(workers);
    for (unsigned i = 0; i < workers; ++i) {
        const flight_recorder& recorder = seen.workers[i];
        const std::uint64_t recorded = recorder.recorded.load(std::memory_order::relaxed);
        const std::uint64_t count =
            std::min<std::uint64_t>({recorded, most, flight_recorder::events});
        for (std::uint64_t back = count; back > 0; --back)
            all[i].events.push_back(recorder.ring[(recorded - back) % flight_recorder::events]);
    }
    return all;
}

}  // namespace pidmap_stress
