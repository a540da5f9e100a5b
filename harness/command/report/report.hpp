#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/command/options.hpp"
#include "harness/native/supervisor.hpp"

namespace pidmap_stress {

/// Prints the results of a run for people: a row for each cell as it comes, then the findings.
class table_report {
public:
    /// \param colours  Whether `out` is a terminal that shows them.
    table_report(std::FILE* out, bool colours, const std::vector<cell>& cells);

    void print_head() const;
    void print_row(const cell_result& result) const;

private:
    std::FILE* out_;
    bool colours_;
    std::size_t variant_width_;
};

/// What a sanitizer reported in all cells together: each cause once. Empty if it reported nothing.
[[nodiscard]] std::string describe_sanitizer_findings(const std::vector<cell_result>& results);

/// The finding in full, the last events, and the command that runs the cell again.
[[nodiscard]] std::string describe_findings(const cell_result& result, const std::string& command);

/// What a clean run excludes: "0 violations in 0.5 CPU hours and 2.3 G operations: rate below 6
/// per CPU hour and 1.3e-09 per operation at 95 % confidence".
/// \pre cpu_seconds > 0 && operations > 0.
[[nodiscard]] std::string describe_clean(double cpu_seconds, std::uint64_t operations);

/// The safety matrix of a run: a line for each variant and discipline, all scenarios together.
[[nodiscard]] std::string describe_matrix(const std::vector<cell_result>& results);

/// A command for the shell that runs one cell of `how` again.
[[nodiscard]] std::string reproduction(const cell& what, const run_options& how,
                                       const std::string& program);

/// The results file, as documented in the README.
[[nodiscard]] nlohmann::json to_json(const std::vector<cell_result>& results,
                                     const run_options& how, const std::string& program,
                                     double seconds, bool complete, int exit_code);

}  // namespace pidmap_stress
