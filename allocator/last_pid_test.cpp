#include "allocator/last_pid.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace pidmap_stress {
namespace {

/// The part of a namespace that the hint needs.
struct hint_only {
    struct orders {
        static constexpr auto hint = std::memory_order::relaxed;
    };
    std::atomic<pid_nr> last_pid{0};
};

/// What last_pid becomes if a search that read `last` found `nr`, and meanwhile another one had
/// moved the hint to `now`.
pid_nr hint_after(pid_nr last, pid_nr now, pid_nr nr) {
    hint_only ns;
    ns.last_pid = now;
    advance_last_pid_forward(ns, last, nr);
    return ns.last_pid;
}

TEST(PidBeforeTest, ComparesNumbersOnTheCircleThatStartsAtTheBase) {
    EXPECT_TRUE(pid_before(10, 11, 12));
    EXPECT_FALSE(pid_before(10, 12, 11));
    EXPECT_FALSE(pid_before(10, 11, 11));
    EXPECT_TRUE(pid_before(10, 12, 9)) << "9 is behind the wrap";
    EXPECT_TRUE(pid_before(10, 300, 9));
    EXPECT_TRUE(pid_before(10, 10, 11)) << "the base is where the circle starts";
    EXPECT_TRUE(pid_before(0, 1, 4194303));
}

// For a base, the circle is a strict order: exactly one of a < b, b < a, a == b.
TEST(PidBeforeTest, OrdersEveryTwoNumbersOneWay) {
    for (pid_nr base = 0; base < 9; ++base)
        for (pid_nr a = 0; a < 9; ++a)
            for (pid_nr b = 0; b < 9; ++b)
                EXPECT_EQ((pid_before(base, a, b) ? 1 : 0) + (pid_before(base, b, a) ? 1 : 0),
                          a == b ? 0 : 1);
}

TEST(LastPidTest, MovesToTheNewPidWhenNobodyElseMovedIt) {
    EXPECT_EQ(hint_after(5, 5, 6), 6);
}

TEST(LastPidTest, NeverMovesBackwards) {
    EXPECT_EQ(hint_after(5, 8, 6), 8) << "a slow allocation must not undo a faster one's step";
    EXPECT_EQ(hint_after(5, 6, 8), 8);
    EXPECT_EQ(hint_after(5, 6, 6), 6);
}

TEST(LastPidTest, KnowsThatAWrapIsForward) {
    EXPECT_EQ(hint_after(5, 8, 3), 3) << "3 was found after a wrap, so it is farther than 8";
    EXPECT_EQ(hint_after(5, 3, 8), 3) << "another search has wrapped already";
}

}  // namespace
}  // namespace pidmap_stress
