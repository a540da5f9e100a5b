#include "harness/journal/text/mermaid.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/journal/testing/sample_night.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Steps are numbered from 1, by the thread that takes them; what reads says from which step.
TEST(MermaidDrawing, HasEachStepAndWhatBroke) {
    EXPECT_EQ(to_mermaid(testing::some_explanation()),
              "sequenceDiagram\n"
              "    participant T1 as thread 1\n"
              "    participant T2 as thread 2\n"
              "    participant N as namespace\n"
              "    T1->>N: 1. alloc: A1: word load 0\n"
              "    T2->>N: 2. alloc: A1: word load 0#59; #60;set#62;, from step 1\n"
              "    Note over T2,N: BROKEN unique_pid: pid 301 has two tenants\n");
}

// Of a long interleaving the end is drawn, because that is where it breaks.
TEST(MermaidDrawing, LeavesOutTheBeginningOfALongOne) {
    explained_finding shown = testing::some_explanation();
    shown.steps.resize(100, shown.steps[0]);
    shown.steps[99].what = "the last";
    EXPECT_THAT(to_mermaid(shown),
                AllOf(HasSubstr("60 steps before these are left out"), HasSubstr(" 61. alloc"),
                      Not(HasSubstr(" 60. alloc")), HasSubstr("100. alloc: A1: the last")));
}

// Mermaid shows an error in place of what is too long, so there is no drawing then.
TEST(MermaidDrawing, IsNoneWhereThereIsNothingToDrawOrTooMuch) {
    EXPECT_EQ(to_mermaid({}), "");
    explained_finding shown = testing::some_explanation();
    shown.steps.resize(100, shown.steps[1]);
    for (interleaving_step& step : shown.steps) {
        step.what = std::string(1000, '<');
        step.broken.resize(9, step.what);
    }
    EXPECT_LT(to_mermaid(shown).size(), 50'000U);
}

}  // namespace
}  // namespace pidmap_stress::journal
