#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What counts and times show, and no more: exact intervals, not approximations.
namespace pidmap_stress::statistics {

inline constexpr double usual_confidence = 0.95;

struct interval {
    double low = 0;
    double high = 0;
};

/// An interval for the probability of an outcome that was seen `k` times in `n` independent runs.
///
/// \pre     k <= n, n > 0, 0 < confidence < 1.
/// \returns An interval that covers the true value with at least this confidence, whatever it is.
/// \source  C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
[[nodiscard]] interval proportion(std::uint64_t k, std::uint64_t n,
                                  double confidence = usual_confidence);

/// "7 of 20, 95 % CI 15-59 %".
/// \pre As for proportion().
[[nodiscard]] std::string describe_proportion(std::uint64_t k, std::uint64_t n);

/// The rate, in events for each unit of exposure, that is excluded by no event in `exposure` units:
/// -ln(0.05) = 2.996 events would have been expected, which is called the rule of three.
/// \pre exposure > 0.
[[nodiscard]] double rate_excluded(double exposure, double confidence = usual_confidence);

/// The inverse: for how long nothing must happen to make sure that events are rarer than `rate`.
/// \pre rate > 0.
[[nodiscard]] double exposure_to_exclude(double rate, double confidence = usual_confidence);

/// How many runs in a row must be clean to be sure that a bug that shows in a run with
/// `probability` is gone.
/// \pre 0 < probability <= 1.
[[nodiscard]] std::uint64_t runs_to_exclude(double probability,
                                            double confidence = usual_confidence);

/// The median of some values, and an interval for that of the distribution they are drawn from.
struct median_estimate {
    double median = 0;
    /// Between two of the values, whatever the distribution is. Nothing if there are too few of
    /// them: less than 6 say nothing with 95 %.
    std::optional<interval> within{};
};
/// \param values  May contain infinity, for what had not happened when the observation ended.
/// \pre           Not empty.
[[nodiscard]] median_estimate estimate_median(std::vector<double> values,
                                              double confidence = usual_confidence);

}  // namespace pidmap_stress::statistics
