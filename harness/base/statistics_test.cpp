// Statistics against values from tables, and against counting: an interval that is too narrow is a
// lie.

#include "harness/base/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pidmap_stress::statistics {
namespace {

using ::testing::DoubleNear;

// Published examples of the exact interval.
TEST(Proportion, IsTheIntervalOfClopperAndPearson) {
    const auto expect = [](std::uint64_t k, std::uint64_t n, double low, double high) {
        EXPECT_THAT(proportion(k, n).low, DoubleNear(low, 5e-5)) << k << " of " << n;
        EXPECT_THAT(proportion(k, n).high, DoubleNear(high, 5e-5)) << k << " of " << n;
    };
    expect(7, 20, 0.1539, 0.5922);
    expect(5, 10, 0.1871, 0.8129);
    expect(81, 263, 0.2527, 0.3676);
    expect(15, 148, 0.0578, 0.1617);
    expect(1, 29, 0.0009, 0.1776);
}

TEST(Proportion, OfNothingSeenBeginsAtZeroAndOfAllSeenEndsAtOne) {
    const interval none = proportion(0, 20);
    EXPECT_EQ(none.low, 0);
    EXPECT_THAT(none.high, DoubleNear(1 - std::pow(0.025, 1.0 / 20), 1e-12));
    const interval all = proportion(20, 20);
    EXPECT_EQ(all.high, 1);
    EXPECT_THAT(all.low, DoubleNear(std::pow(0.025, 1.0 / 20), 1e-12));
}

// The promise itself, computed: whatever the true value is, the interval covers it often enough.
TEST(Proportion, CoversTheTrueValueAtLeastAsOftenAsItSays) {
    constexpr unsigned n = 12;
    for (double p = 0.01; p < 1; p += 0.01) {
        double covered = 0;
        for (unsigned k = 0; k <= n; ++k) {
            const double ways = std::round(
                std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0)));
            const interval seen = proportion(k, n);
            if (seen.low <= p && p <= seen.high)
                covered += ways * std::pow(p, k) * std::pow(1 - p, n - k);
        }
        EXPECT_GE(covered, 0.95) << p;
    }
}

TEST(Proportion, IsToldWithItsCounts) {
    EXPECT_EQ(describe_proportion(7, 20), "7 of 20, 95 % CI 15-59 %");
    EXPECT_EQ(describe_proportion(3, 3), "3 of 3, 95 % CI 29-100 %");
}

TEST(Rate, IsExcludedByTheRuleOfThree) {
    EXPECT_THAT(rate_excluded(1), DoubleNear(2.9957, 1e-4));
    EXPECT_THAT(rate_excluded(100), DoubleNear(0.029957, 1e-6));
    EXPECT_THAT(rate_excluded(1, 0.99), DoubleNear(4.6052, 1e-4));
}

TEST(Rate, IsExcludedAfterTheExposureThatItTakes) {
    for (const double rate : {1e-9, 0.5, 3.0, 40.0})
        EXPECT_THAT(rate_excluded(exposure_to_exclude(rate)), DoubleNear(rate, rate * 1e-12));
}

// The smallest number of clean runs that a bug of this probability survives in 5 % of all cases.
TEST(Runs, AreAsManyAsItTakesAndNotOneMore) {
    for (const double p : {0.001, 0.1, 0.35, 0.5, 0.9}) {
        const auto n = static_cast<double>(runs_to_exclude(p));
        EXPECT_LE(std::pow(1 - p, n), 0.05) << p;
        EXPECT_GT(std::pow(1 - p, n - 1), 0.05) << p;
    }
    EXPECT_EQ(runs_to_exclude(1), 1);
    EXPECT_EQ(runs_to_exclude(0.5), 5);
    EXPECT_EQ(runs_to_exclude(0.01), 299);
}

TEST(Median, HasAnIntervalFromSixValuesOn) {
    EXPECT_FALSE(estimate_median({3, 1, 2, 5, 4}).within);
    const median_estimate six = estimate_median({6, 1, 2, 5, 4, 3});
    EXPECT_EQ(six.median, 3.5);
    ASSERT_TRUE(six.within);
    EXPECT_EQ(six.within->low, 1);
    EXPECT_EQ(six.within->high, 6);
}

// Tables of the sign test: of 10 values the 2nd and the 9th, of 20 the 6th and the 15th.
TEST(Median, LiesBetweenTheValuesThatTheSignTestSays) {
    const auto places = [](std::size_t n) {
        std::vector<double> values;
        for (std::size_t i = 1; i <= n; ++i) values.push_back(static_cast<double>(i));
        return *estimate_median(values).within;
    };
    EXPECT_EQ(places(10).low, 2);
    EXPECT_EQ(places(10).high, 9);
    EXPECT_EQ(places(20).low, 6);
    EXPECT_EQ(places(20).high, 15);
}

TEST(Median, OfWhatMostlyDidNotHappenIsInfinite) {
    constexpr double never = std::numeric_limits<double>::infinity();
    EXPECT_EQ(estimate_median({1, never, never}).median, never);
    EXPECT_EQ(estimate_median({1, 2, never}).median, 2);
    const median_estimate most = estimate_median({1, 2, 3, 4, 5, never});
    EXPECT_EQ(most.median, 3.5);
    EXPECT_EQ(most.within->high, never);
}

}  // namespace
}  // namespace pidmap_stress::statistics
