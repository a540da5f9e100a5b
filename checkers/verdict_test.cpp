#include "checkers/verdict.hpp"

#include <gtest/gtest.h>

namespace pidmap_stress {
namespace {

const finding underflow{.broken = invariant::no_underflow, .what = "the count is -1"};

// A run that did everything it was meant to do, and broke nothing, holds.
TEST(VerdictTest, HoldsIfNothingBrokeAndNothingIsMissing) {
    const verdict seen{.operations = 10, .cpu_seconds = 1.5};
    EXPECT_EQ(seen.kind(), verdict_kind::holds);
    EXPECT_EQ(to_string(seen), "holds (10 operations, 1.5 CPU seconds)");
}

// Vacuity is never a pass: neither without operations nor with a mark that was not hit.
TEST(VerdictTest, IsInconclusiveIfVacuous) {
    EXPECT_EQ(verdict{}.kind(), verdict_kind::inconclusive);
    const verdict unhit{.unhit_marks = {"a page emptied", "wrapped"}, .operations = 10};
    EXPECT_EQ(unhit.kind(), verdict_kind::inconclusive);
    EXPECT_EQ(to_string(unhit),
              "inconclusive, not hit: a page emptied, wrapped (10 operations, 0.0 CPU seconds)");
}

// A crash or a stall without a finding stays one, whatever marks were hit.
TEST(VerdictTest, TellsCrashAndStall) {
    EXPECT_EQ((verdict{.end = run_end::crashed, .operations = 10}.kind()), verdict_kind::crash);
    EXPECT_EQ((verdict{.end = run_end::stalled}.kind()), verdict_kind::stall);
}

// A finding is a proof: it outweighs vacuity, and a crash that came later.
TEST(VerdictTest, IsViolatedByAnyFinding) {
    verdict seen{.end = run_end::crashed, .unhit_marks = {"wrapped"}, .operations = 10};
    seen.add(underflow);
    EXPECT_EQ(seen.kind(), verdict_kind::violated);
    EXPECT_EQ(to_string(seen),
              "violated: no_underflow (1 time), then crashed, not hit: wrapped "
              "(10 operations, 0.0 CPU seconds)");
}

// All broken invariants are kept; of each one the first findings, and their number.
TEST(VerdictTest, KeepsEveryBrokenInvariant) {
    verdict seen;
    for (int i = 0; i < 1000; ++i) seen.add(underflow);
    seen.add(std::vector{finding{.broken = invariant::unique_pid, .what = "pid 7"}});
    EXPECT_EQ(seen.findings.size(), verdict::kept_per_invariant + 1);
    EXPECT_EQ(seen.times_broken[static_cast<std::size_t>(invariant::no_underflow)], 1000U);
    EXPECT_EQ(seen.broken(),
              invariant_set(invariant::no_underflow) | invariant_set(invariant::unique_pid));
}

// A finding prints as one sentence and its witness.
TEST(VerdictTest, PrintsAFindingWithItsWitness) {
    const finding found{.broken = invariant::unique_pid,
                        .what = "pid 7 twice",
                        .witness = {{.worker = 1, .pid = 7, .called = 2, .returned = 4}}};
    EXPECT_EQ(to_string(found), "unique_pid: pid 7 twice\n    worker 1: alloc -> 7 [2, 4]");
}

}  // namespace
}  // namespace pidmap_stress
