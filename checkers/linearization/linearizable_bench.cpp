#include <benchmark/benchmark.h>

#include "checkers/linearization/linearizable.hpp"
#include "checkers/linearization/random_history.hpp"

namespace pidmap_stress {
namespace {

/// 10 000 calls of 4 or 16 workers, on 4096 pids, on 64, and all on one.
void judge_history(benchmark::State& state) {
    const std::vector<operation> history =
        make_random_history({.workers = static_cast<worker_nr>(state.range(0)),
                             .pids = static_cast<pid_nr>(state.range(1))});
    for (auto _ : state) benchmark::DoNotOptimize(judge_linearizable(history, {}));
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(history.size()));
}
BENCHMARK(judge_history)
    ->ArgNames({"workers", "pids"})
    ->ArgsProduct({{4, 16}, {4096, 64, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pidmap_stress

BENCHMARK_MAIN();
