#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "checkers/expectation.hpp"
#include "harness/explore/explore.hpp"
#include "harness/explore/pidmap_setting.hpp"

/// Explores a variant in one setting, and says what that shows: a cell of the safety matrix.
namespace pidmap_stress::explore {

/// The invariant that a finding breaks: the one that the program named, or the one that the
/// engine's kind of finding stands for. None if the finding is the harness's own fault.
[[nodiscard]] std::optional<invariant> broken_by(const finding& f) noexcept;

/// A variant in a setting, under a memory model: what a token is of.
struct matrix_case {
    const explored_variant* variant = nullptr;
    pidmap_setting setting{};
    explore::model model = explore::model::rc11;
};
/// "sound/lookup/page_zero/2x1/2x8/rc11".
[[nodiscard]] std::string to_string(const matrix_case& what);

/// One way in which a cell fails: the first finding of that invariant.
struct broken_invariant {
    std::optional<invariant> which{};  ///< None: a fault of the harness.
    explore::finding finding{};
    std::string token{};
};

struct cell_verdict {
    matrix_case of{};
    result explored{};
    std::vector<broken_invariant> broken{};  ///< In the order of the enum, each one once.
    assessment assessed{};

    /// What broke is known to break, and the harness is not at fault.
    [[nodiscard]] bool as_expected() const noexcept;
};

/// Explores a cell. Of `how`, the model is the cell's.
[[nodiscard]] cell_verdict explore_cell(const matrix_case& what, options how);

/// One line: "holds, complete: 2 threads x 1 round, 2 pages of 8 pids, rc11, 377 executions", or
/// "fails: no_underflow, ...", and how much of all executions that is of.
[[nodiscard]] std::string to_string(const cell_verdict& seen);

/// A token names its case and its schedule: `replay` needs nothing else.
[[nodiscard]] std::string make_token(const matrix_case& what, const schedule& choices,
                                     std::string_view build);
struct case_token {
    matrix_case of{};
    schedule choices{};
    bool same_build = false;
};
/// \return nothing if the text is no token, or names no case that is built.
[[nodiscard]] std::optional<case_token> parse_case_token(std::string_view text,
                                                         std::string_view build);

/// What tells this build from any other: a hash of the program that runs.
[[nodiscard]] const std::string& build_identity();

}  // namespace pidmap_stress::explore
