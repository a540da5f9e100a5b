#pragma once

#include <string>
#include <string_view>

#include "harness/journal/ledger.hpp"
#include "harness/journal/summary.hpp"
#include "harness/journal/text/counted.hpp"

/// Sentences that more than one kind of report has.
namespace pidmap_stress::journal {

/// "1 h 05 m". Any number is fine: what is not positive is "0 s", what is endless "centuries".
[[nodiscard]] std::string duration_text(double seconds);
/// "violated (known)", "violated (!)", "holds".
[[nodiscard]] std::string verdict_text(const cell_total& cell);
/// What a cell's verdict rests on, or why it is none: "2 M operations", "never happened: ...".
[[nodiscard]] std::string reason_text(const cell_total& cell);
/// "no_underflow of as_posted under lookup": what broke, and in what.
[[nodiscard]] std::string title_text(const finding_group& finding);
/// "5 of 5 runs, 95 % CI 48-100 %"; empty if it was not run again.
[[nodiscard]] std::string reproduction_text(const reproduction& again);
/// "new", "still there, seen in 3 nights since 2026-01-01", ...
[[nodiscard]] std::string change_text(const finding_change& change);
/// What changed about a finding tonight; nullptr where nothing is compared.
[[nodiscard]] const finding_change* change_of(const finding_group& finding,
                                              const comparison& changes);
/// The same as text; empty where nothing is compared.
[[nodiscard]] std::string age_text(const finding_group& finding, const comparison& changes);
/// Whether this night is the first that has it.
[[nodiscard]] bool is_new(const finding_group& finding, const comparison& changes);
/// "0 violations in 0.5 CPU hours and 2 G operations: rate below ..."; empty if nothing held.
[[nodiscard]] std::string bound_text(const summary& night);
/// "native (d): wrap_to_zero under member in wraparound, found in 0.2 s", or why it is dead.
[[nodiscard]] std::string canary_text(const canary_state& canary);

}  // namespace pidmap_stress::journal
