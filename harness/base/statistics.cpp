#include "harness/base/statistics.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <fmt/format.h>
#include <boost/math/distributions/binomial.hpp>

namespace pidmap_stress::statistics {

interval proportion(std::uint64_t k, std::uint64_t n, double confidence) {
    assert(n > 0 && k <= n && confidence > 0 && confidence < 1);
    using exact = boost::math::binomial_distribution<double>;
    const double tail = (1 - confidence) / 2;
    const auto trials = static_cast<double>(n);
    const auto successes = static_cast<double>(k);
    return {.low = k == 0 ? 0 : exact::find_lower_bound_on_p(trials, successes, tail),
            .high = k == n ? 1 : exact::find_upper_bound_on_p(trials, successes, tail)};
}

std::string describe_proportion(std::uint64_t k, std::uint64_t n) {
    const interval p = proportion(k, n);
    return fmt::format("{} of {}, 95 % CI {:.0f}-{:.0f} %", k, n, 100 * p.low, 100 * p.high);
}

double rate_excluded(double exposure, double confidence) {
    assert(exposure > 0);
    return -std::log(1 - confidence) / exposure;
}

double exposure_to_exclude(double rate, double confidence) {
    assert(rate > 0);
    return -std::log(1 - confidence) / rate;
}

std::uint64_t runs_to_exclude(double probability, double confidence) {
    assert(probability > 0 && probability <= 1);
    if (probability >= 1) return 1;
    return static_cast<std::uint64_t>(
        std::ceil(std::log1p(-confidence) / std::log1p(-probability)));
}

median_estimate estimate_median(std::vector<double> values, double confidence) {
    assert(!values.empty());
    std::ranges::sort(values);
    const std::size_t n = values.size();
    const double low = values[(n - 1) / 2];
    const double high = values[n / 2];
    median_estimate estimate{.median = low == high ? low : (low + high) / 2};
    // How many of the values lie below the distribution's median is binomial with one half.
    const boost::math::binomial_distribution<double> below(static_cast<double>(n), 0.5);
    std::size_t cut = 0;  // This many values can be left out at either end.
    while (cut < n / 2 && 2 * boost::math::cdf(below, static_cast<double>(cut)) <= 1 - confidence)
        ++cut;
    if (cut > 0) estimate.within = {.low = values[cut - 1], .high = values[n - cut]};
    return estimate;
}

}  // namespace pidmap_stress::statistics
