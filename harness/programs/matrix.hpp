#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "checkers/expectation.hpp"
#include "harness/explorer/search/estimate.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/programs/explored_case.hpp"

/// Explores a variant in one setting, and says what that shows: a cell of the safety matrix.
namespace pidmap_stress::explore {

[[nodiscard]] std::string_view to_string(family which) noexcept;

/// One way in which a cell fails: the first finding of that invariant, or the first crash.
struct broken_invariant {
    std::optional<defect> which{};  ///< Nothing: a fault of the harness.
    explore::finding finding{};
    std::string token{};
};

/// What a cell shows of a family of invariants.
enum class standing : std::uint8_t {
    holds,      ///< Nothing broke in any execution.
    unbroken,   ///< Nothing broke, but not all was explored, or findings ended some executions.
    fails,      ///< Something broke.
    crashes,    ///< Nothing broke, but some executions ended by a crash.
    unchecked,  ///< It was not checked.
};
[[nodiscard]] std::string_view to_string(standing which) noexcept;

struct cell_verdict {
    explored_case of{};
    result explored{};
    std::optional<result> progress{};  ///< Of check_progress(), if it was asked for.
    /// Each one once: crashes first, one for each place; then invariants in the order of the enum.
    std::vector<broken_invariant> broken{};
    assessment assessed{};

    /// Whether everything that broke is known to break, everything that must break did, nothing
    /// crashed, and the harness is not at fault.
    [[nodiscard]] bool as_expected() const noexcept;
    [[nodiscard]] bool crashed() const noexcept;
    /// Whether it was stopped before its end: see options::watched.
    [[nodiscard]] bool cut_short() const noexcept;
    /// Whether a finding is not the variant's own: it is the harness's, or did not happen again.
    [[nodiscard]] bool harness_at_fault() const noexcept;
    [[nodiscard]] standing of_family(family which) const noexcept;
};

/// When to check that threads complete although another stops forever: see check_progress().
enum class progress_check : std::uint8_t {
    never,
    if_nobody_waits,  ///< That is, if exploring the cell has already shown so.
    always,
};

/// What is done for a cell besides exploring it.
struct cell_checks {
    progress_check progress = progress_check::if_nobody_waits;
};
/// Explores a cell. The model and the frozen thread are the case's, not those of `how`.
[[nodiscard]] cell_verdict explore_cell(const explored_case& what, const options& how,
                                        cell_checks checks = {});

/// How many executions a cell has, before it is explored.
[[nodiscard]] size_estimate estimate_cell(const explored_case& what, const options& how,
                                          const estimate_effort& effort);

/// The table of the matrix: its head, and a row for each cell. Nothing in it depends on the build.
[[nodiscard]] std::string matrix_head();
[[nodiscard]] std::string matrix_row(const cell_verdict& seen);

/// One line: "holds, complete: 2 threads x 1 turn, 2 pages of 8 pids, rc11, 377 executions";
/// "unbroken, ..." where those are not all; or "fails: no_underflow, ...", and how many of all
/// executions were explored. Samples, which may repeat an execution, are counted apart.
[[nodiscard]] std::string to_string(const cell_verdict& seen);

}  // namespace pidmap_stress::explore
