#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "checkers/finding.hpp"

namespace pidmap_stress {

enum class verdict_kind : std::uint8_t {
    holds,         ///< Everything intended was done, and no invariant broke.
    violated,      ///< An invariant broke: there is a finding.
    crash,         ///< The program died, and no finding says why.
    stall,         ///< Workers stopped making progress, and no finding says why.
    killed,        ///< The program was ended or stopped from outside: it says nothing.
    inconclusive,  ///< Nothing broke, but what was to be tried did not happen.
};

/// How a run ended.
enum class run_end : std::uint8_t { completed, crashed, stalled, killed };

/// What a run showed.
struct verdict {
    /// Findings of one invariant beyond this number are only counted: a broken variant breaks
    /// often.
    static constexpr std::size_t kept_per_invariant = 8;

    run_end end = run_end::completed;
    std::vector<finding> findings{};
    /// How often each invariant broke, those that are not in `findings` included.
    std::array<std::uint64_t, invariant_count> times_broken{};
    /// Marks that the scenario declared and that were not hit.
    std::vector<std::string> unhit_marks{};
    std::uint64_t operations = 0;
    double cpu_seconds = 0;  ///< Processor time of the workers, all together.

    /// Adds a finding. All findings of a verdict come in here.
    void add(finding what);
    void add(std::vector<finding> several);
    /// Every invariant that broke.
    [[nodiscard]] invariant_set broken() const noexcept;
    /// The verdict, by the first of these that applies:
    /// - a finding is a proof, so it is `violated` even if the program crashed later;
    /// - `crash`, `stall` and `killed`, as the run ended;
    /// - without operations, or with a mark unhit, nothing was shown: `inconclusive`;
    /// - `holds`.
    [[nodiscard]] verdict_kind kind() const noexcept;
};

/// One line: "holds (1234567 operations, 12.5 CPU seconds)", "violated: no_underflow (3 times)
/// ...".
[[nodiscard]] std::string to_string(const verdict& what);
[[nodiscard]] std::string_view to_string(verdict_kind which) noexcept;
[[nodiscard]] std::string_view to_string(run_end which) noexcept;

}  // namespace pidmap_stress
