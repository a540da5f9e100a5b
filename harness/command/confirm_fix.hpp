#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How long a run without findings must be before a bug counts as fixed.
namespace pidmap_stress {

/// How often a bug showed, before it was fixed.
struct bug_rate {
    enum class unit : std::uint8_t { run, cpu_hour, operation };

    unit per = unit::run;
    double rate = 0;      ///< For `run`, a probability.
    std::string given{};  ///< As the user wrote it.
};

/// Reads "0.35", "35%" or "7/20", for runs; "3/h", for CPU hours; "2e-7/op", for operations.
///
/// For "7/20" the lower end of its interval counts: a bug that was seen 7 times in 20 runs may well
/// be rarer than that.
/// \returns nullopt for anything else.
[[nodiscard]] std::optional<bug_rate> parse_bug_rate(std::string_view text);

/// The extent of a run without findings.
struct clean_exposure {
    std::uint64_t runs = 0;
    double cpu_hours = 0;
    double operations = 0;
};

/// One line: how long a clean run must be to be 95 % sure that a bug of this rate is gone, and how
/// to get there.
///
/// \param at_once  How many workers can run at the same time: at most the number of processors.
[[nodiscard]] std::string describe_plan(const bug_rate& bug, unsigned at_once);
/// One line: whether the run was long enough, or how much is missing.
[[nodiscard]] std::string describe_confirmation(const bug_rate& bug, const clean_exposure& clean);

}  // namespace pidmap_stress
