#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "checkers/expectation.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/programs/explored_variant.hpp"

/// Explores a variant in one setting, and says what that shows: a cell of the safety matrix.
namespace pidmap_stress::explore {

/// What a finding shows: a crash; or the invariant that the program named, or the one that the
/// engine's kind of finding stands for. None if the finding is the harness's own fault.
[[nodiscard]] std::optional<defect> broken_by(const finding& f) noexcept;

/// What an invariant is about. A variant may fail in one and hold in another, and a hint that goes
/// astray must not hide what the references do.
enum class family : std::uint8_t {
    references,  ///< The count at rest, and the life of the namespace that hangs on it.
    cover,       ///< The count at every instant: it may lag behind where that does no harm.
    pids,        ///< Who has which pid, and the books of the map.
    reuse,       ///< When a pid comes back, and whether its last owner's writes are seen.
    progress,    ///< Whether one thread that stops forever stops others.
};
inline constexpr int family_count = static_cast<int>(family::progress) + 1;
[[nodiscard]] family family_of(invariant which) noexcept;
[[nodiscard]] std::string_view to_string(family which) noexcept;

/// A variant in a setting, under a memory model: what a token is of.
struct matrix_case {
    const explored_variant* variant = nullptr;
    pidmap_setting setting{};
    explore::model model = explore::model::rc11;
    freeze_point freeze{};          ///< A thread that stops forever, if progress is at stake.
    std::optional<defect> shows{};  ///< What an execution of it is there to show.
};
/// "sound/lookup/page_zero/2x1/2x8/rc11", then "/stopped-1-after-5" if thread 1 stops forever, and
/// "/no_underflow" if that is to be shown.
[[nodiscard]] std::string to_string(const matrix_case& what);
/// `how`, with what the case itself says: for explore() and replay().
[[nodiscard]] options options_of(const matrix_case& what, options how = {});

/// One way in which a cell fails: the first finding of that invariant, or the first crash.
struct broken_invariant {
    std::optional<defect> which{};  ///< None: a fault of the harness.
    explore::finding finding{};
    std::string token{};
};

/// What a cell shows of a family.
enum class standing : std::uint8_t {
    holds,      ///< Nothing broke, in any execution there is.
    unbroken,   ///< Nothing broke, but not all was explored, or findings ended some executions.
    fails,      ///< Something broke.
    crashes,    ///< Nothing broke, but some executions ended by a crash.
    unchecked,  ///< Nobody looked.
};
[[nodiscard]] std::string_view to_string(standing which) noexcept;

struct cell_verdict {
    matrix_case of{};
    result explored{};
    std::optional<result> progress{};  ///< Of check_progress(), if it was asked for.
    /// Each one once: crashes first, at each place one; then invariants in the order of the enum.
    std::vector<broken_invariant> broken{};
    assessment assessed{};

    /// What broke is known to break, what must break did, and nothing crashed, nor is the harness
    /// at fault.
    [[nodiscard]] bool as_expected() const noexcept;
    [[nodiscard]] bool crashed() const noexcept;
    /// Whether it was ended before its end: see options::watched.
    [[nodiscard]] bool cut_short() const noexcept;
    /// Whether a finding is not the variant's: it is the harness's, or did not happen again.
    [[nodiscard]] bool harness_at_fault() const noexcept;
    [[nodiscard]] standing of_family(family which) const noexcept;
};

/// Whether it is checked that threads complete whoever stops forever: see check_progress().
enum class progress_check : std::uint8_t {
    never,
    if_nobody_waits,  ///< That is, if exploring the cell has shown it already.
    always,
};

/// What is done for a cell besides exploring it.
struct cell_checks {
    progress_check progress = progress_check::if_nobody_waits;
};
/// Explores a cell. Of `how`, the model and the frozen thread are the case's.
[[nodiscard]] cell_verdict explore_cell(const matrix_case& what, const options& how,
                                        cell_checks checks = {});

/// The table of the matrix: its head, and a row for each cell. Nothing in it depends on the build.
[[nodiscard]] std::string matrix_head();
[[nodiscard]] std::string matrix_row(const cell_verdict& seen);

/// One line: "holds, complete: 2 threads x 1 turn, 2 pages of 8 pids, rc11, 377 executions";
/// "unbroken, ..." where those are not all; or "fails: no_underflow, ...", and how much of all
/// executions that is of. Samples, which may repeat an execution, are counted apart.
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

/// What tells this build from any other: a hash of the program that runs, as far as it is loaded.
/// Commit and date of the build are left out: another commit with the same code has the same
/// tokens.
[[nodiscard]] const std::string& build_identity();

}  // namespace pidmap_stress::explore
