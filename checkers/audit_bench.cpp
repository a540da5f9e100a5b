#include "checkers/audit.hpp"

#include <benchmark/benchmark.h>

namespace pidmap_stress {
namespace {

/// One correct page of 32768 bits, with a few pids held or a few thousand.
void audit_page(benchmark::State& state) {
    constexpr unsigned bits = 32768;
    std::vector<std::uint64_t> bitmap(bits / 64);
    bitmap[0] = 1;
    std::vector<pid_nr> held;
    for (std::int64_t i = 1; i <= state.range(0); ++i) {
        const auto pid = static_cast<pid_nr>(i * 3);
        held.push_back(pid);
        bitmap[static_cast<std::size_t>(pid) / 64] |= std::uint64_t{1} << pid % 64;
    }
    const namespace_evidence evidence{
        .refcount = 2,
        .external_references = 1,
        .pid_max = bits,
        .bits_per_page = bits,
        .pages = {{.installed = true,
                   .nr_free = static_cast<long>(bits) - 1 - static_cast<long>(held.size()),
                   .bitmap = bitmap}},
        .held = held};
    if (!audit(evidence).empty()) state.SkipWithError("the page is not correct");
    for (auto _ : state) benchmark::DoNotOptimize(audit(evidence));
}
BENCHMARK(audit_page)
    ->ArgName("held")
    ->Arg(10)
    ->Arg(1000)
    ->Arg(4000)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pidmap_stress

BENCHMARK_MAIN();
