#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/journal/reports/pages.hpp"

/// What the reports in text tell, and in which order. How they tell it is their own matter.
///
/// What is quoted from journals is as it was written, except in account_text(): see safe_text.
namespace pidmap_stress::journal {

// --- Findings -----------------------------------------------------------------------------------

/// Its first sighting in a cell of a world; nullptr if it was not seen there.
[[nodiscard]] const sighting* seen_in(const finding_group& group, const cell_total& cell);
/// Findings that no variant declares: new ones first, then those that came back, then the others.
[[nodiscard]] std::vector<const finding_group*> unexpected_findings(const report_input& what);
/// "36 times in 3 slices, from ... to ...; new".
[[nodiscard]] std::string occurrence_text(const finding_group& group, const comparison& changes);
/// "7 of 20, 95 % CI 15-59 %, runs", or that it was not run again.
[[nodiscard]] std::string recurrence_text(const reproduction& again);
/// The command that shows the explorer's interleaving; empty if there is none.
[[nodiscard]] std::string replay_command(const finding_group& group);

struct account_limits {
    std::size_t table_bytes = 16'000;
    bool events_and_stacks = true;
};
/// All that is known of a finding but its title, fit to be shown, as lines: sentence, when it was
/// seen, how to run it again, how often it comes again, the interleaving, last events, stacks.
///
/// \param at  The sighting whose sentence and command are told.
[[nodiscard]] std::string account_text(const finding_group& group, const sighting& at,
                                       const comparison& changes, const account_limits& limits);

// --- What changed -------------------------------------------------------------------------------

/// What to tell of a comparison, the most important first: findings that are no known breakages,
/// cells that are slower, and known breakages that did something else than stay.
struct told_changes {
    /// With what the night was compared, or why with nothing.
    std::string compared_with{};
    std::vector<std::string> sentences{};
    std::uint64_t known_still_there = 0;  ///< Known breakages that are as they were.
};
[[nodiscard]] told_changes changes_to_tell(const comparison& changes);

// --- What else is wrong -------------------------------------------------------------------------

/// "memory grew from 20000 KiB in the first third to 90000 KiB in the last".
[[nodiscard]] std::string memory_text(const memory_watch& memory);

/// What is not as it should be and is not a finding: a canary, memory, a missing part, a cell.
struct problem {
    std::string title{};
    std::string sentence{};
};
/// Cells that were not run are one problem, however many they are.
[[nodiscard]] std::vector<problem> other_problems(const summary& night);
/// What was done besides soaks and is as it should be: "explorer: ...".
[[nodiscard]] std::vector<std::string> others_of(const summary& night);

// --- What was exercised -------------------------------------------------------------------------

/// A variant under a discipline, in all scenarios and worlds.
struct matrix_entry {
    std::set<std::string> scenarios{};
    std::set<std::string> broken{};
    bool broke_unexpectedly = false;
    bool did_not_break = false;  ///< What is declared to break did not, in at least one cell.
    std::set<std::string> verdicts{};
    std::uint64_t operations = 0;
};
struct safety_matrix {
    std::vector<std::string> variants{};     ///< Rows, in the order of the cells.
    std::vector<std::string> disciplines{};  ///< Columns.
    std::map<std::pair<std::string, std::string>, matrix_entry> entries{};  ///< Not all pairs.
};
[[nodiscard]] safety_matrix matrix_of(const summary& night);
/// "holds", "fails (known)", "fails (!)", ...: (!) marks what is not as the variant declares.
[[nodiscard]] std::string entry_text(const matrix_entry& entry);

/// What one world did.
struct world_total {
    std::uint64_t cells = 0;
    std::uint64_t as_expected = 0;
    std::uint64_t slices = 0;
    std::uint64_t operations = 0;
    double cpu_seconds = 0;
};
[[nodiscard]] std::map<std::string, world_total> worlds_of(const summary& night);

}  // namespace pidmap_stress::journal
