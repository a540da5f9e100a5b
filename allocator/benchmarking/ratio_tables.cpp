#include "allocator/benchmarking/ratio_tables.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "allocator/benchmarking/instruction_counter.hpp"

namespace pidmap_stress::benchmarking {
namespace {

constexpr int default_rounds = 5;
/// Short: a median comes from rounds, so there should be many rather than long ones.
constexpr char default_min_time[] = "--benchmark_min_time=0.03";

std::string name_of(const std::string& table, const std::string& row, const std::string& column) {
    return table + "/" + row + "/" + column;
}

/// \pre !values.empty()
double median(std::vector<double> values) {
    std::ranges::sort(values);
    const std::size_t half = values.size() / 2;
    return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string formatted(const char* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

void add_once(std::vector<std::string>& list, const std::string& text) {
    if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

/// What went wrong in a run, or nullptr. Google Benchmark has called it otherwise since 1.8.
template <class Run>
const std::string* error_of(const Run& run) {
    if constexpr (requires { run.error_occurred; })
        return run.error_occurred ? &run.error_message : nullptr;
    else
        return run.skipped != decltype(run.skipped){} ? &run.skip_message : nullptr;
}

/// Hands results to the tables instead of printing them.
class collector : public benchmark::BenchmarkReporter {
public:
    explicit collector(ratio_tables& tables) : tables_(&tables) {}
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& one : runs) {
            if (one.run_type != Run::RT_Iteration) continue;
            if (const std::string* const error = error_of(one)) {
                std::fprintf(stderr, "%s: %s\n", one.benchmark_name().c_str(), error->c_str());
                failed = true;
                continue;
            }
            tables_->record(one.run_name.function_name, one.counters.at("items_per_second"));
        }
    }
    bool failed = false;

private:
    ratio_tables* tables_;
};

/// Takes `--rounds=N` out of the arguments. \returns N, or 0 if it is not a number, 1 or more.
int take_rounds(std::vector<char*>& arguments) {
    constexpr std::string_view option = "--rounds=";
    int rounds = default_rounds;
    std::erase_if(arguments, [&](const char* argument) {
        if (!std::string_view(argument).starts_with(option)) return false;
        const char* const end = argument + std::strlen(argument);
        const auto [last, error] = std::from_chars(argument + option.size(), end, rounds);
        if (error != std::errc{} || last != end || rounds < 1) rounds = 0;
        return true;
    });
    return rounds;
}

}  // namespace

void ratio_tables::begin_table(table_layout layout) {
    tables_.push_back({.layout = std::move(layout), .rows = {}, .columns = {}, .counted = {}});
}

void ratio_tables::add(const std::string& row, const std::string& column, int threads,
                       function run) {
    table& current = tables_.back();
    add_once(current.rows, row);
    add_once(current.columns, column);
    benchmark::RegisterBenchmark(name_of(current.layout.name, row, column).c_str(), std::move(run))
        ->Threads(threads)
        ->UseRealTime();
}

void ratio_tables::add_cost(const std::string& row, std::function<void(int)> make_calls) {
    tables_.back().counted[row] = std::move(make_calls);
}

void ratio_tables::record(const std::string& benchmark, double items_per_second) {
    results_[benchmark].push_back(items_per_second);
}

int ratio_tables::run(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + argc);
    const int rounds = take_rounds(arguments);
    if (rounds == 0) {
        std::fprintf(stderr, "--rounds takes a whole number, 1 or more\n");
        return 1;
    }
    // In front, so that a user's own argument comes later and wins.
    std::string min_time = default_min_time;
    arguments.insert(arguments.begin() + 1, min_time.data());
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;

    // In a process that never had a second thread, the C library's locks lock nothing: then the
    // first column of the first round would measure something else than the rest.
    std::thread([] {}).join();
    collector results(*this);
    for (int round = 1; round <= rounds && !results.failed; ++round) {
        std::fprintf(stderr, "%s: round %d of %d\n", argv[0], round, rounds);
        benchmark::RunSpecifiedBenchmarks(&results);
    }
    print();
    return results.failed ? 1 : 0;
}

void ratio_tables::print() const {
    for (const table& one : tables_) print(one);
}

void ratio_tables::print(const table& one) const {
    const auto measured = [&](const std::string& row) {
        return std::ranges::any_of(one.columns, [&](const std::string& column) {
            return !results(one, row, column).empty();
        });
    };
    if (std::ranges::none_of(one.rows, measured)) return;  // Filtered out.

    std::map<std::string, instruction_cost> costs;
    for (const auto& [row, make_calls] : one.counted)
        if (measured(row))
            if (const auto cost = count_instructions(make_calls)) costs[row] = *cost;

    std::printf("\n### %s\n\nMillions per second, median of rounds; in brackets, times `%s`.",
                one.layout.title.c_str(), one.layout.baseline.c_str());
    if (!one.counted.empty())
        std::printf(" Instructions: %s.", std::string(instruction_counting_method()).c_str());
    std::printf("\n\n| |");
    for (const std::string& column : one.columns) std::printf(" %s |", column.c_str());
    if (!costs.empty()) std::printf(" instructions | atomic RMWs |");
    std::printf("\n|---|");
    for (std::size_t i = 0; i < one.columns.size() + (costs.empty() ? 0 : 2); ++i)
        std::printf("---:|");
    std::printf("\n");
    for (const std::string& row : one.rows) {
        if (!measured(row)) continue;
        std::printf("| `%s` |", row.c_str());
        for (const std::string& column : one.columns)
            std::printf(" %s |", cell(one, row, column).c_str());
        if (const auto cost = costs.find(row); cost != costs.end()) {
            std::printf(" %s |", formatted("%.1f", cost->second.instructions).c_str());
            const std::optional<double> rmws = cost->second.atomic_rmws;
            std::printf(" %s |", rmws ? formatted("%.1f", *rmws).c_str() : "-");
        } else if (!costs.empty()) {
            std::printf(" - | - |");
        }
        std::printf("\n");
    }
}

std::string ratio_tables::cell(const table& one, const std::string& row,
                               const std::string& column) const {
    const std::vector<double> own = results(one, row, column);
    const std::vector<double> base = results(one, one.layout.baseline, column);
    if (own.empty()) return "-";
    std::string rate = formatted("%.3g", median(own) / 1e6);
    if (base.size() != own.size()) return rate;
    std::vector<double> ratios;
    for (std::size_t round = 0; round < own.size(); ++round)
        ratios.push_back(own[round] / base[round]);
    return rate + " (" + formatted("%.2f", median(ratios)) + ")";
}

std::vector<double> ratio_tables::results(const table& one, const std::string& row,
                                          const std::string& column) const {
    const auto found = results_.find(name_of(one.layout.name, row, column));
    return found == results_.end() ? std::vector<double>{} : found->second;
}

}  // namespace pidmap_stress::benchmarking
