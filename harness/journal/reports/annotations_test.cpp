#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/sample_night.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Findings first and new ones before them, then what is wrong without a finding.
TEST(Annotations, BeginWithWhatIsNew) {
    EXPECT_THAT(to_annotations(testing::bad_night().input()),
                ElementsAre(AllOf(StartsWith("::error title=unique_pid of sound under lookup::"),
                                  HasSubstr("%0Anew")),
                            AllOf(StartsWith("::error title=stall of sound under member::"),
                                  HasSubstr("%0Acame back")),
                            StartsWith("::error title=no living canary::"),
                            StartsWith("::error title=memory grows::"),
                            AllOf(StartsWith("::error title=missing::"), HasSubstr("shard 3 of 8")),
                            StartsWith("::error title=symmetric under member in churn (tsan)::"),
                            HasSubstr("::inconclusive: never happened")));
}

// A reader sees how to run it again, and how often it comes again, without opening the report.
TEST(Annotations, HaveTheCommandAndTheRate) {
    EXPECT_THAT(to_annotations(testing::bad_night().input())[0],
                AllOf(HasSubstr("%0Arun it again with: ./run_stress.sh run --variant sound"),
                      HasSubstr("%0Ait came again in 7 of 20, 95 %25 CI 15-59 %25, runs")));
}

// A colon or a comma would end a property, a line's end the command, and a bare per cent sign would
// be decoded.
TEST(Annotations, EncodeWhatWouldEndThem) {
    testing::night all = testing::bad_night();
    all.sum.missing[0].what = "50 %: a,b\r\nnext ::error::";
    const std::vector<std::string> lines = to_annotations(all.input());
    EXPECT_THAT(lines, Each(AllOf(Not(HasSubstr("\n")), Not(HasSubstr("\r")))));
    EXPECT_EQ(lines[4], "::error title=missing::50 %25: a,b%0Anext ::error::");
    all.sum.findings[1].sightings[0].cell.discipline = "a,b:c";
    EXPECT_THAT(to_annotations(all.input())[0], HasSubstr("under a%2Cb%3Ac::"));
}

// GitHub shows ten errors of a step, so the tenth says how many more there are.
TEST(Annotations, AreTenAndTheLastIsForTheRest) {
    testing::night all = testing::good_night();
    all.sum.missing.resize(10, {.what = "shard 1"});
    EXPECT_THAT(to_annotations(all.input()), SizeIs(10));
    all.sum.missing.resize(37, {.what = "shard 1"});
    const std::vector<std::string> lines = to_annotations(all.input());
    ASSERT_THAT(lines, SizeIs(10));
    EXPECT_EQ(lines[9], "::error title=and more::28 more: see the report");
}

// Texts of any length: GitHub cuts what is longer than it likes.
TEST(Annotations, AreShort) {
    for (const std::string& line : to_annotations(testing::night_of_findings(3, 100'000).input()))
        EXPECT_LT(line.size(), 20'000U);
}

// A night that is as expected says nothing; one that is not says at least its verdict.
TEST(Annotations, AreOnlyOfWhatIsWrong) {
    EXPECT_THAT(to_annotations(testing::good_night().input()), IsEmpty());
    testing::night untold = testing::good_night();
    untold.sum.verdict = "memory ran out";
    untold.sum.exit_code = 3;
    EXPECT_THAT(to_annotations(untold.input()),
                ElementsAre("::error title=pidmap-stress::memory ran out"));
    EXPECT_THAT(to_annotations({.night = summarize({}), .changes = {}}),
                ElementsAre("::error title=nothing was run::nothing was run, so nothing was shown; "
                            "exit code 7"));
}

}  // namespace
}  // namespace pidmap_stress::journal
