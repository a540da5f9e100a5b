#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How long nothing must be found before a bug counts as fixed.
namespace pidmap_stress {

/// How often a bug showed, before it was fixed.
struct bug_rate {
    enum class unit : std::uint8_t { run, cpu_hour, operation };

    unit per = unit::run;
    double rate = 0;      ///< Of `run`, a probability.
    std::string given{};  ///< As the user wrote it.
};

/// Reads "0.35", "35%" or "7/20", of runs; "3/h", of CPU hours; "2e-7/op", of operations.
///
/// Of "7/20" the lower end of its interval counts: a bug that was seen 7 times in 20 runs may well
/// be rarer than that.
/// \returns nullopt for anything else.
[[nodiscard]] std::optional<bug_rate> parse_bug_rate(std::string_view text);

/// What was run, without a finding.
struct clean_exposure {
    std::uint64_t runs = 0;
    double cpu_hours = 0;
    double operations = 0;
};

/// One line: how much must be clean to be 95 % sure that a bug of this rate is gone, and how to get
/// there.
///
/// \param at_once  How many workers can run at the same time: no more than there are processors.
[[nodiscard]] std::string describe_plan(const bug_rate& bug, unsigned at_once);
/// One line: whether that much was clean, or how much is missing.
[[nodiscard]] std::string describe_confirmation(const bug_rate& bug, const clean_exposure& clean);

}  // namespace pidmap_stress
