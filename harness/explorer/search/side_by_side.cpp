#include "harness/explorer/search/side_by_side.hpp"

#include "harness/explorer/run/sanitizers.hpp"

#ifdef PIDMAP_STRESS_TSAN
#include <thread>
#include <vector>
#else
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#endif

namespace pidmap_stress::explore {

void side_by_side(unsigned jobs, const std::function<void(unsigned)>& work) {
    if (jobs <= 1) {
        work(0);
        return;
    }
#ifdef PIDMAP_STRESS_TSAN
    // A system's libtbb is not instrumented, and its hand-overs look like races.
    std::vector<std::jthread> threads;
    for (unsigned j = 0; j < jobs; ++j) threads.emplace_back([&work, j] { work(j); });
#else
    const tbb::global_control allow(tbb::global_control::max_allowed_parallelism, jobs);
    tbb::task_arena arena(static_cast<int>(jobs));
    arena.execute([&] { tbb::parallel_for(0U, jobs, 1U, work, tbb::simple_partitioner{}); });
#endif
}

}  // namespace pidmap_stress::explore
