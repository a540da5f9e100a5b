// What is reported, and that it happens again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "harness/explorer/replay/token.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/search/gtest.hpp"

namespace pidmap_stress::explore {
namespace {

using enum std::memory_order;

struct two_cells {
    atomic<int> x{0};
    atomic<int> y{0};
};

TEST(Findings, AreFoundAgainOnTheirSchedule) {
    const auto p = over<two_cells>()
                       .thread([](two_cells& s) {
                           s.x.named("x").store(1, relaxed);
                           check(s.y.named("y").load(relaxed) == 0, "y is 0");
                       })
                       .thread([](two_cells& s) {
                           s.y.store(1, relaxed);
                           s.x.store(2, relaxed);
                       });
    const result r = explore(p);
    ASSERT_FALSE(r.ok());
    const finding& f = r.findings.front();
    const schedule_token token{.configuration = 7, .choices = f.schedule};
    const auto parsed = parse_token(to_string(token));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->choices, f.schedule);
    EXPECT_EQ(parsed->configuration, 7U);
    const replay_result again = replay(p, parsed->choices, {});
    EXPECT_TRUE(again.exact);
    ASSERT_EQ(again.findings.size(), 1U);
    EXPECT_TRUE(again.findings[0].same_as(f));
    ASSERT_FALSE(again.steps.empty());
    const step& last = again.steps.back();
    EXPECT_EQ(last.cell, "y");
    EXPECT_EQ(last.read, 1U);
    ASSERT_TRUE(last.read_from);
    EXPECT_EQ(again.steps[*last.read_from].written, 1U);
}

TEST(Findings, AnInvariantIsCheckedAfterEachStep) {
    const auto p = over<two_cells>()
                       .thread([](two_cells& s) {
                           s.x.store(1, relaxed);
                           s.y.store(1, relaxed);
                           s.x.store(0, relaxed);
                       })
                       .always([](const two_cells& s) {
                           check(s.x.peek() + s.y.peek() < 2, invariant::unique_pid);
                       });
    for (const strategy how : {strategy::random, strategy::bounded, strategy::exhaustive}) {
        const result r = explore(p, {.strategy = how});
        ASSERT_THAT(r, breaks(finding_kind::assertion)) << to_string(how);
        EXPECT_EQ(r.findings.front().broken, invariant::unique_pid);
    }
}

TEST(Findings, ADamagedTokenIsRefused) {
    std::string text =
        to_string(schedule_token{.configuration = 1, .choices = {1, 0, 0, 0, 2, 99}});
    ASSERT_TRUE(parse_token(text));
    text.back() = text.back() == '0' ? '1' : '0';
    EXPECT_FALSE(parse_token(text));
    EXPECT_FALSE(parse_token("nonsense"));
}

TEST(Findings, ALimitOfStepsIsReportedApart) {
    const auto p = over<two_cells>().thread([](two_cells& s) {
        for (;;) s.x.fetch_add(1, relaxed);
    });
    const result r = explore(p, {.limits = {.steps = 50}});
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.truncated);
    EXPECT_FALSE(r.complete);
    EXPECT_EQ(r.step_limited, 1U);
}

// What follows a failed check means nothing, so an execution that runs step by step ends there.
TEST(Findings, ATraceEndsWithTheFirstFailedCheck) {
    const auto p = over<two_cells>()
                       .thread([](two_cells& s) {
                           s.x.store(1, relaxed);
                           check(false, "for sure");
                       })
                       .thread([](two_cells& s) {
                           for (int i = 0; i < 50; ++i) s.y.store(i, relaxed);
                       });
    for (const strategy how : {strategy::random, strategy::pct, strategy::pos, strategy::surw,
                               strategy::bounded, strategy::stateful, strategy::exhaustive}) {
        const result r = explore(p, {.strategy = how});
        ASSERT_THAT(r, breaks(finding_kind::assertion)) << to_string(how);
        EXPECT_TRUE(r.findings.front().replayed);
        const replay_result again = replay(p, r.findings.front().schedule, {});
        EXPECT_TRUE(again.exact);
        ASSERT_FALSE(again.steps.empty());
        EXPECT_EQ(again.steps.back().thread, 1U) << to_string(how);
    }
}

TEST(Findings, AThrownExceptionEndsATraceToo) {
    const auto p = over<two_cells>()
                       .thread([](two_cells& s) {
                           s.x.store(1, relaxed);
                           throw std::runtime_error("thrown");
                       })
                       .thread([](two_cells& s) {
                           for (int i = 0; i < 20; ++i) s.y.store(i, relaxed);
                       });
    for (const strategy how : {strategy::random, strategy::exhaustive}) {
        const result r = explore(p, {.strategy = how});
        ASSERT_THAT(r, breaks(finding_kind::exception)) << to_string(how);
        const replay_result again = replay(p, r.findings.front().schedule, {});
        ASSERT_FALSE(again.steps.empty());
        EXPECT_EQ(again.steps.back().thread, 1U) << to_string(how);
    }
}

// Before all threads and after them no other thread can end a wait: the search ends, and says so.
TEST(Findings, AnEndlessSetUpOrFinalCheckIsOne) {
    const auto spins = [](two_cells& s) {
        while (s.x.load(relaxed) == 0) {
        }
    };
    const auto quiet = [](two_cells& s) { s.y.store(1, relaxed); };
    for (const strategy how : {strategy::random, strategy::exhaustive, strategy::prove}) {
        const result first =
            explore(over<two_cells>().first(spins).thread(quiet), {.strategy = how});
        ASSERT_THAT(first, breaks(finding_kind::progress)) << to_string(how);
        EXPECT_THAT(first.findings.front().what, testing::HasSubstr("the set-up never ends"));
        EXPECT_TRUE(first.findings.front().replayed);
        const result last =
            explore(over<two_cells>().thread(quiet).finally(spins), {.strategy = how});
        ASSERT_THAT(last, breaks(finding_kind::progress)) << to_string(how);
        EXPECT_THAT(last.findings.front().what, testing::HasSubstr("the final check never ends"));
        EXPECT_TRUE(last.findings.front().replayed);
    }
}

struct races_and_checks {
    atomic<int> x{0};
    plain<int> shared;
};

// A thread that fails at once, in each execution, hides neither a race nor a failed check of
// others.
TEST(Findings, OfOneThreadDoNotHideThoseOfOthers) {
    const auto p = over<races_and_checks>()
                       .thread([](races_and_checks&) { check(false, "at once"); })
                       .thread([](races_and_checks& s) {
                           s.x.store(1, relaxed);
                           s.shared.set(1);
                       })
                       .thread([](races_and_checks& s) {
                           s.x.store(2, relaxed);
                           s.shared.set(2);
                       })
                       .thread([](races_and_checks& s) {
                           s.x.store(3, relaxed);
                           check(false, "later");
                       });
    const result r = explore(p, {.stop_at_first = false});
    std::vector<std::string> told;
    for (const finding& f : r.findings) {
        EXPECT_TRUE(f.replayed) << f.what;
        told.push_back(f.what);
    }
    EXPECT_THAT(told, testing::UnorderedElementsAre("at once", "later",
                                                    "unordered accesses to a plain variable"));
}

// --- Sides --------------------------------------------------------------------------------------

struct box {
    plain<int> value{0};
};
using policy = explored<tiny_geometry<8, 2>>;
struct hands_over {
    atomic<box*> there{nullptr};
    plain<int> mask{0};
    hands_over() { mask.named("mask"); }
};

/// "1 uses memory at 3", for each side, of a finding that was replayed.
std::vector<std::string> sides_of(const program& p, finding_kind kind) {
    std::vector<std::string> sides;
    const result r = explore(p);
    for (const finding& f : r.findings) {
        EXPECT_EQ(f.kind, kind) << f.what;
        EXPECT_TRUE(f.replayed);
        const replay_result again = replay(p, f.schedule, {});
        for (const party& one : f.parties) {
            sides.push_back(std::to_string(one.thread) + " " + std::string(one.does) + " " +
                            one.what);
            if (one.thread == 0) continue;
            EXPECT_TRUE(one.step && *one.step < again.steps.size()) << sides.back();
            if (!one.step || *one.step >= again.steps.size()) continue;
            const step& there = again.steps[*one.step];
            EXPECT_EQ(there.thread, one.thread) << sides.back();
            EXPECT_EQ(there.label, one.call);
            EXPECT_EQ(there.site, one.site);
            EXPECT_NE(one.site, nullptr);
        }
    }
    return sides;
}

TEST(Findings, ARaceHasBothSides) {
    const auto p = over<hands_over>()
                       .thread([](hands_over& s) {
                           label("writer");
                           s.mask.set(1);
                       })
                       .thread([](hands_over& s) {
                           label("reader");
                           (void)s.mask.get();
                       });
    EXPECT_THAT(sides_of(p, finding_kind::data_race),
                testing::UnorderedElementsAre("1 writes mask", "2 reads mask"));
    const result r = explore(p);
    EXPECT_EQ(r.findings.at(0).what, "unordered accesses to mask");
}

// Whichever comes first: the user is never mistaken for the releaser.
TEST(Findings, AUseAfterReleaseHasBothSides) {
    for (const bool first : {false, true}) {
        const auto use = [](hands_over& s) {
            if (box* const b = s.there.load(relaxed)) (void)b->value.get();
        };
        const auto release = [](hands_over& s) { policy::destroy(s.there.load(relaxed)); };
        const auto p =
            over<hands_over>()
                .first([](hands_over& s) { s.there.store(policy::create<box>(), relaxed); })
                .thread([=](hands_over& s) { first ? use(s) : release(s); })
                .thread([=](hands_over& s) { first ? release(s) : use(s); });
        const std::string user = first ? "1" : "2";
        const std::string releaser = first ? "2" : "1";
        EXPECT_THAT(sides_of(p, finding_kind::use_after_free),
                    testing::UnorderedElementsAre(user + " uses memory 0.0",
                                                  releaser + " releases memory 0.0"));
    }
}

TEST(Findings, ASecondReleaseHasBothSides) {
    const auto p =
        over<hands_over>()
            .first([](hands_over& s) { s.there.store(policy::create<box>(), relaxed); })
            .threads(2, [](hands_over& s, unsigned) { policy::destroy(s.there.load(relaxed)); });
    EXPECT_THAT(sides_of(p, finding_kind::double_free),
                testing::UnorderedElementsAre("1 releases memory 0.0", "2 releases memory 0.0"));
}

TEST(Findings, ADeadlockHasAllSides) {
    const auto p = over<two_cells>()
                       .first([](two_cells& s) {
                           s.x.named("x");
                           s.y.named("y");
                       })
                       .thread([](two_cells& s) { s.x.wait(0); })
                       .thread([](two_cells& s) { s.y.wait(0); });
    EXPECT_THAT(
        sides_of(p, finding_kind::deadlock),
        testing::ElementsAre("1 waits for a notification of x", "2 waits for a notification of y"));
}

// A stale read reports what it saw, and what it missed.
TEST(Findings, AStaleReadTellsWhatItMissed) {
    const auto p = over<two_cells>()
                       .thread([](two_cells& s) {
                           s.x.store(1, relaxed);
                           s.x.store(2, relaxed);
                           s.y.store(1, relaxed);
                       })
                       .thread([](two_cells& s) {
                           if (s.y.load(relaxed) == 1) check(s.x.load(relaxed) != 1, "not stale");
                       });
    const result r = explore(p);
    ASSERT_EQ(r.findings.size(), 1U) << r.summary();
    const replay_result again = replay(p, r.findings[0].schedule, {});
    const step& last = again.steps.back();
    EXPECT_TRUE(last.stale);
    ASSERT_TRUE(last.read_from && last.missed);
    EXPECT_EQ(again.steps[*last.read_from].written, 1U);
    EXPECT_EQ(again.steps[*last.missed].written, 2U);
}

// What happens only after a failed check, in every order of the steps, is not a finding of its own.
TEST(Findings, WhatOnlyFollowsAFailedCheckIsNone) {
    const auto p = over<two_cells>()
                       .thread([](two_cells& s) {
                           s.x.store(1, release);
                           check(false, "first");
                       })
                       .thread([](two_cells& s) {
                           if (s.x.load(acquire) == 1) check(false, "second");
                       });
    const result r = explore(p, {.stop_at_first = false});
    ASSERT_EQ(r.findings.size(), 1U);
    EXPECT_EQ(r.findings.front().what, "first");
    EXPECT_TRUE(r.findings.front().replayed);
}

}  // namespace
}  // namespace pidmap_stress::explore
