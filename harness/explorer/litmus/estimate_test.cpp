// Goal: show that estimates of how many executions there are come near what was counted.

#include "harness/explorer/search/estimate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "harness/explorer/litmus/pidmap_model.hpp"
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

struct wxyz {
    atomic<int> w, x, y, z;
};

TEST(Estimate, OfLitmusTestsComesNearWhatWasCounted) {
    using enum std::memory_order;
    const auto increments = over<wxyz>().threads(4, [](wxyz& s, unsigned) {
        for (atomic<int>* v : {&s.x, &s.y, &s.z}) v->fetch_add(1, relaxed);
    });
    EXPECT_LE(median_error(increments, model::sc, 13'824), most);
    const auto readers = [](atomic<int> wxyz::* other, int value) {
        return [=](wxyz& s) {
            s.x.store(value, release);
            (void)(s.*other).load(acquire);
            (void)s.x.load(acquire);
        };
    };
    const auto four_writers = over<wxyz>()
                                  .thread(readers(&wxyz::y, 1))
                                  .thread(readers(&wxyz::z, 2))
                                  .threads(4, [](wxyz& s, unsigned me) {
                                      s.y.store(static_cast<int>(me), release);
                                      s.z.store(static_cast<int>(me), release);
                                  });
    EXPECT_LE(median_error(four_writers, model::rc11, 57'600), most);
    EXPECT_LE(median_error(four_writers, model::sc, 49'776), most);
    const auto big0 = over<wxyz>()
                          .thread([](wxyz& s) {
                              for (atomic<int>* v : {&s.x, &s.y, &s.z, &s.w, &s.x, &s.y, &s.z})
                                  (void)v->load(acquire);
                          })
                          .thread([](wxyz& s) {
                              for (atomic<int>* v : {&s.x, &s.y, &s.z}) (void)v->load(acquire);
                          })
                          .thread([](wxyz& s) {
                              for (int i = 1; i <= 3; ++i)
                                  for (atomic<int>* v : {&s.x, &s.y}) v->store(i, release);
                          })
                          .thread([](wxyz& s) {
                              for (int i = 1; i <= 3; ++i)
                                  for (atomic<int>* v : {&s.z, &s.w}) v->store(i, release);
                          });
    EXPECT_LE(median_error(big0, model::rc11, 82'472), most);
    EXPECT_LE(median_error(big0, model::sc, 69'112), most);
    const auto add = [](atomic<int> wxyz::* to) {
        return [=](wxyz& s) {
            for (int i = 0; i < 5; ++i) {
                const int x = s.x.load(acquire);
                (s.*to).store(x + s.y.load(acquire), release);
            }
        };
    };
    const auto fibonacci = over<wxyz>()
                               .first([](wxyz& s) {
                                   s.x.store(1);
                                   s.y.store(1);
                               })
                               .thread(add(&wxyz::x))
                               .thread(add(&wxyz::y))
                               .thread([](wxyz& s) {
                                   (void)s.x.load(acquire);
                                   (void)s.y.load(acquire);
                               });
    EXPECT_LE(median_error(fibonacci, model::sc, 218'243), most);
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
