// Goal: show that estimates of how many executions there are come near what was counted.

#include "harness/explorer/search/estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "harness/explorer/litmus/counted_programs.hpp"
#include "harness/explorer/litmus/pidmap_program.hpp"
#include "harness/explorer/run/explored.hpp"

namespace pidmap_stress::explore {
namespace {

using yardstick::pidmap_case;

/// As many as fit into a second.
constexpr unsigned rounds = 24;

/// The median over some seeds of how far estimates are away, as a share of the true number.
[[nodiscard]] double median_error(const program& p, model m, double executions) {
    std::vector<double> errors;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        const size_estimate seen = estimate_size(
            p, {.model = m, .on_failure = cas_failure_order::as_success, .seed = seed},
            {.rounds = rounds});
        EXPECT_EQ(seen.rounds, rounds);
        EXPECT_GE(seen.standard_error, 0);
        errors.push_back(std::abs(seen.executions / executions - 1));
    }
    std::ranges::sort(errors);
    return errors[errors.size() / 2];
}

/// The most that the median may be away.
constexpr double most = 0.25;

// All programs with more than 10,000 executions whose number this project's tests hold.

TEST(Estimate, OfThePidmapModelComesNearWhatWasCounted) {
    EXPECT_LE(median_error(pidmap_case<1, 1, 3, 1>(), model::rc11, 11'904), most);
    EXPECT_LE(median_error(pidmap_case<3, 1, 3, 1>(), model::rc11, 22'992), most);
    EXPECT_LE(median_error(pidmap_case<3, 1, 3, 1>(), model::sc, 18'416), most);
    EXPECT_LE(median_error(pidmap_case<3, 2, 2, 2>(), model::rc11, 148'150), most);
    EXPECT_LE(median_error(pidmap_case<3, 2, 3, 1>(), model::rc11, 571'210), most);
    EXPECT_LE(median_error(pidmap_case<3, 5, 2, 2>(), model::sc, 513'704), most);
    EXPECT_LE(median_error(pidmap_case<3, 5, 3, 1>(), model::sc, 680'806), most);
    EXPECT_LE(median_error(pidmap_case<1, 2, 2, 2>(), model::rc11, 682'130), most);
    EXPECT_LE(median_error(pidmap_case<1, 2, 3, 1>(), model::rc11, 6'031'752), most);
}

TEST(Estimate, OfLitmusTestsComesNearWhatWasCounted) {
    EXPECT_LE(median_error(counted_programs::increments_in_a_row(4), model::sc, 13'824), most);
    EXPECT_LE(median_error(counted_programs::writers_told_apart(4), model::rc11, 57'600), most);
    EXPECT_LE(median_error(counted_programs::writers_told_apart(4), model::sc, 49'776), most);
    EXPECT_LE(median_error(counted_programs::big0(), model::rc11, 82'472), most);
    EXPECT_LE(median_error(counted_programs::big0(), model::sc, 69'112), most);
    EXPECT_LE(median_error(counted_programs::fibonacci(), model::sc, 218'243), most);
}

TEST(Estimate, OfASmallTreeIsNearItsCount) {
    struct two {
        atomic<int> x;
        atomic<int> y;
    };
    const auto p = over<two>()
                       .thread([](two& s) {
                           s.x.store(1, std::memory_order::relaxed);
                           (void)s.y.load(std::memory_order::relaxed);
                       })
                       .thread([](two& s) {
                           s.y.store(1, std::memory_order::relaxed);
                           (void)s.x.load(std::memory_order::relaxed);
                       });
    const size_estimate seen = estimate_size(p, {}, {.rounds = 400});
    EXPECT_NEAR(seen.executions, 4, 0.5);
}

}  // namespace
}  // namespace pidmap_stress::explore
