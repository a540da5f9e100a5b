#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace pidmap_stress::benchmarking {

/// A table of throughputs: candidates in rows, settings in columns, and in each cell the median of
/// several rounds and its ratio to the baseline's.
struct table_layout {
    std::string name;      ///< In the benchmarks' names; for --benchmark_filter.
    std::string title;     ///< Above the table.
    std::string baseline;  ///< The row that ratios are to.
};

/// A set of tables, measured in rounds and printed as Markdown in the end.
///
/// Every round runs every benchmark once, the candidates of a column one right after the other:
/// what disturbs the machine for a while disturbs all candidates alike. A ratio is the median of
/// the rounds' ratios, so it compares only what ran at about the same time.
class ratio_tables {
public:
    using function = std::function<void(benchmark::State&)>;

    /// Adds a table; the benchmarks that are added from now on belong to it.
    void begin_table(table_layout layout);
    /// Adds one cell. It reports its throughput by State::SetItemsProcessed().
    void add(const std::string& row, const std::string& column, int threads, function run);
    /// Adds the cost of one call in instructions to a row of the current table.
    ///
    /// \param make_calls  Makes as many calls as it is told to.
    void add_cost(const std::string& row, std::function<void(int)> make_calls);

    /// Measures and prints. `--rounds=N` says how many rounds; the rest are Google Benchmark's
    /// options. \returns The exit code for main(): 1 for bad options or a benchmark's error.
    [[nodiscard]] int run(int argc, char** argv);

    /// One round's results, by benchmark name.
    void record(const std::string& benchmark, double items_per_second);

private:
    struct table {
        table_layout layout;
        std::vector<std::string> rows;
        std::vector<std::string> columns;
        std::map<std::string, std::function<void(int)>> counted;
    };

    void print() const;
    void print(const table& one) const;
    [[nodiscard]] std::string cell(const table& one, const std::string& row,
                                   const std::string& column) const;
    [[nodiscard]] std::vector<double> results(const table& one, const std::string& row,
                                              const std::string& column) const;

    std::vector<table> tables_;
    std::map<std::string, std::vector<double>> results_;
};

}  // namespace pidmap_stress::benchmarking
