// Goal: show that a finding stays: as a word, as a test of the program's own that compiles and
// fails until the program is fixed, and that it says where it departed when the program changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "harness/explorer/replay/pinned.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using enum std::memory_order;

struct mailbox {
    plain<int> letter;
    atomic<int> ready;
};
/// \param more  Whether the program has changed: its writer does more, before the rest.
[[nodiscard]] auto hand_over(std::memory_order publish, bool more = false) {
    return over<mailbox>()
        .thread([=](mailbox& s) {
            if (more) (void)s.ready.load(relaxed);
            s.letter.set(42);
            s.ready.store(1, publish);
        })
        .thread([](mailbox& s) {
            if (s.ready.load(acquire) == 1) check(s.letter.get() == 42);
        });
}

TEST(Pinned, AFindingWritesItselfAsATest) {
    const result seen = explore(hand_over(relaxed));
    ASSERT_THAT(seen, breaks(finding_kind::data_race));
    const finding& f = seen.findings[0];
    const std::string text = to_test(f, {}, {.program = "hand_over(relaxed)"});
    EXPECT_EQ(text, "// data race: " + f.what +
                        "\n"
                        "TEST(Regression, DataRace) {\n"
                        "    const auto again = replay(hand_over(relaxed),\n"
                        "                              pinned(\"" +
                        to_word(f.schedule) +
                        "\"), {});\n"
                        "    EXPECT_THAT(again, shows_nothing());\n"
                        "}\n");
    // What it does:
    const auto again = replay(hand_over(relaxed), pinned(to_word(f.schedule)), {});
    EXPECT_THAT(again, shows(finding_kind::data_race));
    EXPECT_THAT(again, Not(shows_nothing()));
    EXPECT_THAT(replay(hand_over(release), pinned(to_word(f.schedule)), {}), shows_nothing());
}

TEST(Pinned, ItsOptionsAreThoseThatItWasFoundUnder) {
    finding f{.kind = finding_kind::use_after_free, .what = "memory 1.0 is used"};
    f.frozen_thread = 2;
    f.frozen_after = 3;
    const std::string text = to_test(f,
                                     {.model = model::sc,
                                      .on_failure = cas_failure_order::as_success,
                                      .limits = {.steps = 10, .spurious_failures = 1}},
                                     {.suite = "Queue", .name = "Late", .program = "p()"});
    EXPECT_THAT(text, HasSubstr("TEST(Queue, Late)"));
    EXPECT_THAT(text, HasSubstr("{.model = model::sc, .on_failure = cas_failure_order::as_success, "
                                ".limits = {.steps = 10, .spurious_failures = 1}, "
                                ".freeze = {.thread = 2, .after = 3}}"));
}

TEST(Pinned, WhereTheProgramHasChangedItSaysSo) {
    const result seen = explore(hand_over(relaxed));
    ASSERT_FALSE(seen.findings.empty());
    const replay_result same = replay(hand_over(relaxed), seen.findings[0].schedule, {});
    EXPECT_TRUE(same.exact);
    EXPECT_FALSE(same.departed_at);
    schedule longer = seen.findings[0].schedule;
    longer.push_back(0);
    const replay_result rest = replay(hand_over(relaxed), longer, {});
    EXPECT_FALSE(rest.exact);
    EXPECT_FALSE(rest.departed_at);
    EXPECT_THAT(rest.summary(), HasSubstr("the schedule has more"));
    const schedule shorter(1, 0);
    const replay_result other = replay(hand_over(relaxed, true), shorter, {});
    EXPECT_FALSE(other.exact);
    ASSERT_TRUE(other.departed_at);
    EXPECT_LT(*other.departed_at, other.steps.size());
    EXPECT_THAT(other.summary(), HasSubstr("depart from the schedule at step " +
                                           std::to_string(*other.departed_at)));
}

TEST(Pinned, ADamagedWordIsRefused) {
    const std::string word = to_word({1, 0, 0, 0, 0, 5});
    EXPECT_EQ(pinned(word), (schedule{1, 0, 0, 0, 0, 5}));
    EXPECT_THROW((void)pinned(word.substr(1)), std::invalid_argument);
    EXPECT_THROW((void)pinned("nonsense"), std::invalid_argument);
}

// An execution that is too long has a schedule, like any finding.
TEST(Pinned, WhatIsCutOffAtTheStepLimitCanBeLookedAt) {
    const auto p = over<mailbox>()
                       .thread([](mailbox& s) {
                           for (int i = 0; i < 20; ++i) s.ready.store(i, relaxed);
                       })
                       .thread([](mailbox& s) { (void)s.ready.load(relaxed); });
    for (const strategy by : {strategy::exhaustive, strategy::random}) {
        const options how{.strategy = by, .limits = {.steps = 12}};
        const result seen = explore(p, how);
        ASSERT_TRUE(seen.too_long) << seen.summary();
        EXPECT_GT(seen.step_limited, 0U);
        EXPECT_FALSE(seen.complete);
        const replay_result again = replay(p, *seen.too_long, how);
        EXPECT_TRUE(again.exact);
        EXPECT_EQ(again.steps.size(), 12U);
    }
    EXPECT_FALSE(explore(p).too_long);
}

}  // namespace
}  // namespace pidmap_stress::explore
