// How fast the engine is, on one core: executions a second, and executions to a needle. Seconds are
// CPU time of this process, so that other load on the machine matters little.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "harness/explorer/litmus/counted_programs.hpp"
#include "harness/explorer/litmus/pidmap_program.hpp"
#include "harness/explorer/search/explore.hpp"

namespace pidmap_stress::explore {
namespace {

using yardstick::pidmap_case;

void report(benchmark::State& state, const result& r) {
    state.SetLabel(r.summary());
    state.counters["executions/s"] = benchmark::Counter(
        static_cast<double>(r.runs()), benchmark::Counter::kIsIterationInvariantRate);
}

void explore_all(benchmark::State& state, const program& p, model m) {
    result r;
    for (auto _ : state) r = explore(p, {.model = m, .on_failure = cas_failure_order::as_success});
    report(state, r);
}

void big0(benchmark::State& state) {
    explore_all(state, counted_programs::big0(), model::rc11);
}
void page_level_late_outsider_sc(benchmark::State& state) {
    explore_all(state, pidmap_case<3, 5, 2, 2>(), model::sc);
}
void reference_first_holders_rc11(benchmark::State& state) {
    explore_all(state, pidmap_case<1, 2, 2, 2>(), model::rc11);
}
void reference_first_three_holders_rc11(benchmark::State& state) {
    explore_all(state, pidmap_case<1, 2, 3, 1>(), model::rc11);
}

void random_walks(benchmark::State& state) {
    const auto p = pidmap_case<0, 1, 2, 1>();
    result r;
    for (auto _ : state)
        r = explore(p, {.strategy = strategy::random, .walks = 200'000, .stop_at_first = false});
    report(state, r);
}

/// Of correct forms, each to its end.
template <int How, int Where, int Threads, int Turns>
void walks(benchmark::State& state) {
    const auto p = pidmap_case<How, Where, Threads, Turns>();
    result r;
    for (auto _ : state) r = explore(p, {.strategy = strategy::random, .walks = 200'000});
    report(state, r);
}

void runs_to_needle(benchmark::State& state) {
    const auto p = pidmap_case<2, 5, 3, 2>();
    std::vector<double> runs;
    for (auto _ : state)
        for (std::uint64_t seed = 1; seed <= 100; ++seed)
            runs.push_back(static_cast<double>(
                explore(p, {.strategy = strategy::portfolio, .seed = seed}).runs()));
    std::ranges::sort(runs);
    state.counters["median"] = runs[runs.size() / 2];
    state.counters["p90"] = runs[runs.size() * 9 / 10];
    state.counters["max"] = runs.back();
}

BENCHMARK(page_level_late_outsider_sc)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(reference_first_holders_rc11)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(big0)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(random_walks)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();
BENCHMARK(walks<3, 1, 2, 1>)->Name("walks/3121")->MeasureProcessCPUTime();
BENCHMARK(walks<3, 1, 3, 1>)->Name("walks/3131")->MeasureProcessCPUTime();
BENCHMARK(walks<1, 2, 2, 2>)->Name("walks/1222")->MeasureProcessCPUTime();
BENCHMARK(runs_to_needle)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->Iterations(1);
BENCHMARK(reference_first_three_holders_rc11)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->Iterations(1);

}  // namespace
}  // namespace pidmap_stress::explore

BENCHMARK_MAIN();
