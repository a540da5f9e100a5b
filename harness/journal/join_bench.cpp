// The cost of a report of many parts: 1,000 journals of 1,000 slices, each in a folder of its own,
// read, added up and written as all kinds of reports.

#include <benchmark/benchmark.h>

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include "harness/journal/journal_file.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/journal/summary.hpp"
#include "harness/journal/testing/journals.hpp"

namespace pidmap_stress::journal {
namespace {

namespace fs = std::filesystem;

constexpr unsigned journals = 1000;
constexpr unsigned slices = 1000;
/// One slice in this many has a finding, with its interleaving.
constexpr unsigned slices_a_finding = 100;

[[nodiscard]] std::string time_after(unsigned seconds) {
    return fmt::format("2026-01-01T{:02}:{:02}:{:02}Z", seconds / 3600 % 24, seconds / 60 % 60,
                       seconds % 60);
}

/// Folders with journals, which are removed at the end.
class many_journals {
public:
    many_journals() : root_(fs::temp_directory_path() / fmt::format("join_bench.{}", ::getpid())) {
        for (unsigned n = 0; n < journals; ++n) {
            fs::create_directories(folder(n));
            campaign_record campaign = testing::some_campaign();
            campaign.part = {.index = n, .count = journals};
            campaign.canary_every_seconds = slices * 5;
            std::ofstream file(journal_path(folder(n)));
            file << to_line(campaign) << '\n' << to_line(testing::some_attempt(time_after(0)));
            file << '\n' << to_line(testing::some_canary(true)) << '\n' << slices_;
        }
    }
    ~many_journals() { fs::remove_all(root_); }
    many_journals(const many_journals&) = delete;
    many_journals& operator=(const many_journals&) = delete;

    [[nodiscard]] std::string folder(unsigned n) const { return root_ / std::to_string(n); }

private:
    [[nodiscard]] static std::string lines() {
        std::string text;
        for (unsigned n = 0; n < slices; ++n) {
            const std::string at = time_after(n * 5);
            text += to_line(n % slices_a_finding == 1 ? record(testing::some_finding(n, at))
                                                      : record(testing::some_slice(n, at))) +
                    "\n";
        }
        return text + to_line(end_record{.at = time_after(slices * 5), .reason = "done"}) + "\n";
    }

    fs::path root_;
    std::string slices_ = lines();
};

[[nodiscard]] double peak_mib() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
}

void join(benchmark::State& state) {
    const many_journals all;
    std::size_t page = 0;
    for (auto _ : state) {
        summarizer sum;
        for (unsigned n = 0; n < journals; ++n) sum.add(*read_journal(all.folder(n)));
        const summary night = std::move(sum).finish();
        if (night.slices != std::uint64_t{journals} * slices || night.exit_code != 0)
            state.SkipWithError(night.verdict.c_str());
        const comparison changes = compare(std::nullopt, night);
        const report_input input{.night = night, .changes = changes};
        page = to_html(input).size();
        benchmark::DoNotOptimize(to_junit(input).size() + to_markdown(input).size() +
                                 to_json_text(input).size() + to_plain_text(input).size());
    }
    state.counters["slices/s"] = benchmark::Counter(
        static_cast<double>(state.iterations()) * journals * slices, benchmark::Counter::kIsRate);
    state.counters["peak_MiB"] = peak_mib();
    state.counters["page_KiB"] = static_cast<double>(page) / 1024;
}
BENCHMARK(join)->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace pidmap_stress::journal

BENCHMARK_MAIN();
