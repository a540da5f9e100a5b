#include "harness/world/board.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "harness/testing/child.hpp"

namespace pidmap_stress {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BoardTest : public ::testing::Test {
public:
    BoardTest() { use_board(seen.get()); }
    ~BoardTest() override { use_board(nullptr); }

    [[nodiscard]] std::uint64_t times(invariant which) const {
        return seen->times_broken[static_cast<std::size_t>(which)].load();
    }

    board_ptr seen = map_board();
};

// A report is on the board with its text and its invariant.
TEST_F(BoardTest, KeepsWhatIsReported) {
    report(invariant::no_underflow, "the count went from 0 to -1");
    ASSERT_EQ(seen->findings_reported, 1U);
    EXPECT_TRUE(seen->findings[0].ready);
    EXPECT_EQ(seen->findings[0].broken, invariant::no_underflow);
    EXPECT_STREQ(seen->findings[0].text.data(), "the count went from 0 to -1");
}

// A finding is reported by its sentence and its witness.
TEST_F(BoardTest, KeepsFindingsWithTheirWitness) {
    report({.broken = invariant::unique_pid,
            .what = "pid 7 is held twice",
            .witness = {{.worker = 2, .pid = 7, .called = 1, .returned = 2}}});
    EXPECT_THAT(seen->findings[0].text.data(), StartsWith("pid 7 is held twice\n"));
    EXPECT_THAT(seen->findings[0].text.data(), HasSubstr("worker 2: alloc"));
}

// A text that is longer than its place is cut, and still ends.
TEST_F(BoardTest, CutsTextsThatAreTooLong) {
    report(invariant::linearizable, std::string(5000, 'x'));
    EXPECT_EQ(std::string(seen->findings[0].text.data()), std::string(999, 'x'));
}

// One invariant that breaks all the time leaves room for the others, and is still counted.
TEST_F(BoardTest, CountsWhatIsBeyondItsRoom) {
    for (int n = 0; n < 1000; ++n) report(invariant::no_underflow, "again");
    report(invariant::pid_in_range, "once");
    EXPECT_EQ(times(invariant::no_underflow), 1000U);
    EXPECT_EQ(times(invariant::pid_in_range), 1U);
    EXPECT_EQ(seen->findings_reported, 5U);
    EXPECT_EQ(seen->findings[4].broken, invariant::pid_in_range);
}

// The examples of all invariants together have room.
TEST_F(BoardTest, HasRoomForExamplesOfEveryInvariant) {
    for (int which = 0; which < invariant_count; ++which)
        for (int n = 0; n < 4; ++n) report(static_cast<invariant>(which), "example");
    ASSERT_LE(seen->findings_reported, board::findings_kept);
    for (std::size_t n = 0; n < seen->findings_reported; ++n)
        EXPECT_TRUE(seen->findings[n].ready) << n;
}

// Exactly those invariants after which memory cannot be trusted end the trial.
TEST_F(BoardTest, EndsTheTrialWhenMemoryCannotBeTrusted) {
    constexpr std::array ending{invariant::unique_pid, invariant::no_use_after_release,
                                invariant::released_once, invariant::live_pid_pins_namespace,
                                invariant::nothing_leaked};
    for (int n = 0; n < invariant_count; ++n) {
        const auto which = static_cast<invariant>(n);
        seen->stop = board::go_on;
        report(which, "x");
        const bool ends = std::find(ending.begin(), ending.end(), which) != ending.end();
        EXPECT_EQ(seen->stop, ends ? board::end_trial : board::go_on) << to_string(which);
    }
}

// Without a board, a report goes nowhere and hurts nobody.
TEST_F(BoardTest, WithoutABoardReportsGoNowhere) {
    use_board(nullptr);
    report(invariant::unique_pid, "x");
    EXPECT_EQ(current_board(), nullptr);
    EXPECT_EQ(seen->findings_reported, 0U);
}

// What a process reports is there after its sudden death.
TEST_F(BoardTest, SurvivesTheDeathOfWhoReports) {
    const testing::child_end end = testing::in_child([] {
        report(invariant::no_get_from_zero, "last words");
        ::_exit(42);
    });
    EXPECT_EQ(end.times(invariant::no_get_from_zero), 1U);
    EXPECT_EQ(end.text(), "last words");
}

// The flight recorder shows the newest events, each as call@namespace=pid or the error.
TEST_F(BoardTest, ShowsTheLastEvents) {
    for (pid_nr nr = 1; nr <= 600; ++nr)  // More than its ring has places.
        seen->workers[0].record({flight_event::kind::alloc, 3, nr});
    seen->workers[0].record(
        {flight_event::kind::alloc, 3, -1 - static_cast<pid_nr>(alloc_error::exhausted)});
    seen->workers[0].record({flight_event::kind::free, 3, 600});
    seen->workers[max_workers].record({flight_event::kind::create, 3, 0});
    const std::string text = last_events(*seen, 2, 4);
    EXPECT_EQ(text,
              "worker 0: alloc@3=599 alloc@3=600 alloc@3=exhausted free@3=600\n"
              "setup: create@3\n");
}

// However many events are asked for, there are no more than the ring holds.
TEST_F(BoardTest, ShowsNoMoreThanItKept) {
    for (pid_nr nr = 1; nr <= 600; ++nr) seen->workers[0].record({flight_event::kind::free, 1, nr});
    const std::string text = last_events(*seen, 1, 10'000);
    EXPECT_THAT(text, StartsWith("worker 0: free@1=89 "));
    EXPECT_THAT(text, EndsWith("free@1=600\n"));
}

}  // namespace
}  // namespace pidmap_stress
