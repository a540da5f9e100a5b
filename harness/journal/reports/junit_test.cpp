#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include <fmt/format.h>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/sample_night.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress::journal {
namespace {

using pidmap_stress::testing::program_end;
using pidmap_stress::testing::run_by_shell;
using pidmap_stress::testing::scratch_folder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// The whole of a testcase.
[[nodiscard]] std::string test_case(const std::string& xml, const std::string& classname,
                                    const std::string& name) {
    const std::size_t from =
        xml.find(fmt::format("<testcase classname=\"{}\" name=\"{}\"", classname, name));
    if (from == std::string::npos) return "there is no such testcase";
    const std::size_t next = xml.find("    <testcase", from);
    return xml.substr(from, std::min(next, xml.find("  </testsuite>", from)) - from);
}

// Cells are named by what they are, so that a CI system knows them again the next night.
TEST(JunitReport, HasATestcaseForEachCell) {
    const std::string xml = to_junit(testing::bad_night().input());
    EXPECT_THAT(test_case(xml, "native.sound.member", "churn"),
                AllOf(HasSubstr(" time=\"50.500\">"),
                      HasSubstr("<system-out>holds: 2.00 M operations</system-out>")));
    EXPECT_THAT(test_case(xml, "native.sound.lookup", "churn"),
                AllOf(HasSubstr("<failure type=\"violation\" message=\"violated (!): unique_pid"),
                      HasSubstr("--seed 9"), HasSubstr("it came again in 7 of 20"),
                      HasSubstr("step | thread 1 | thread 2"), HasSubstr("worker 2: free@639")));
    EXPECT_THAT(test_case(xml, "tsan.sound.member", "churn"),
                AllOf(HasSubstr("<error type=\"stall\" message=\"stall: stalled in 2 slices\""),
                      HasSubstr("no worker finished a call"), HasSubstr("thread 1: free_pidmap")));
    EXPECT_THAT(test_case(xml, "tsan.per_pid.member", "churn"),
                HasSubstr("<skipped type=\"inconclusive\" message=\"inconclusive: never happened: "
                          "a namespace"));
}

// A breakage that is known and did not show is an error: a green night would hide a blind harness.
TEST(JunitReport, FailsWhereWhatHadToBreakDidNot) {
    testing::night all = testing::bad_night();
    EXPECT_THAT(test_case(to_junit(all.input()), "tsan.symmetric.member", "churn"),
                HasSubstr("<error type=\"did_not_break\" message=\"holds: had to break and did "
                          "not: reuse_happens_after\""));
    for (cell_total& cell : all.sum.cells) cell.slices = 0;
    EXPECT_THAT(test_case(to_junit(all.input()), "tsan.symmetric.member", "churn"),
                HasSubstr("<skipped type=\"not_run\" message=\"it was not run\""));
}

// What a variant is known to break passes, and its note says what that was.
TEST(JunitReport, PassesAKnownBreakageWithANote) {
    EXPECT_THAT(
        test_case(to_junit(testing::good_night().input()), "native.as_posted.lookup", "page_zero"),
        AllOf(HasSubstr("<system-out>violated (known): no_underflow\n"),
              HasSubstr("known to break here: no_underflow 36 times"),
              HasSubstr("the refcount went from 0 to -1"), HasSubstr("--seed 9"),
              Not(HasSubstr("<failure"))));
}

// Canaries, memory and missing shards are testcases too: cells that hold show nothing without them.
TEST(JunitReport, HasTestcasesForWatchesAndMissingParts) {
    const std::string xml = to_junit(testing::bad_night().input());
    EXPECT_THAT(test_case(xml, "campaign.canary", "native"),
                HasSubstr("<system-out>native (out/native-0): wrap_to_zero under member in"));
    EXPECT_THAT(test_case(xml, "campaign.canary", "tsan"),
                HasSubstr("<error type=\"canary\" message=\"tsan: the planted bug was not found"));
    EXPECT_THAT(test_case(xml, "campaign.memory", "native"), HasSubstr("<system-out>"));
    EXPECT_THAT(test_case(xml, "campaign.memory", "tsan"),
                HasSubstr("<error type=\"memory\" message=\"out/tsan-0: memory grew from 20000"));
    EXPECT_THAT(test_case(xml, "campaign.missing", "native: shard 3 of 8 is missing"),
                HasSubstr("<error type=\"missing\""));
}

// The numbers in the heads are those of the testcases, for each world and for all.
TEST(JunitReport, CountsItsTestcases) {
    const std::string xml = to_junit(testing::bad_night().input());
    EXPECT_THAT(xml, HasSubstr("<testsuites name=\"pidmap-stress\" tests=\"12\" failures=\"1\" "
                               "errors=\"5\" time=\"306.000\">"));
    EXPECT_EQ(testing::times(xml, "<testcase "), 12U);
    EXPECT_EQ(testing::times(xml, "<failure "), 1U);
    EXPECT_EQ(testing::times(xml, "<error "), 5U);
    EXPECT_THAT(xml, AllOf(HasSubstr("<testsuite name=\"campaign\" tests=\"6\" failures=\"0\" "
                                     "errors=\"3\""),
                           HasSubstr("<testsuite name=\"native\" tests=\"3\" failures=\"1\" "
                                     "errors=\"0\""),
                           HasSubstr("<testsuite name=\"tsan\" tests=\"3\" failures=\"0\" "
                                     "errors=\"2\" time=\"151.500\" skipped=\"1\" "
                                     "timestamp=\"2026-01-02T00:00:10Z\">")));
}

// Journals of several shards have the same watches, and no two testcases the same name.
TEST(JunitReport, GivesEachTestcaseANameOfItsOwn) {
    testing::night all = testing::bad_night();
    for (int n = 0; n < 3; ++n) {
        all.sum.canaries.push_back(all.sum.canaries[0]);
        all.sum.memory.push_back(all.sum.memory[0]);
    }
    const std::string xml = to_junit(all.input());
    std::set<std::string> names;
    for (std::size_t at = xml.find("<testcase "); at != std::string::npos;
         at = xml.find("<testcase ", at + 1))
        names.insert(xml.substr(at, xml.find(" time=", at) - at));
    EXPECT_EQ(names.size(), testing::times(xml, "<testcase "));
    EXPECT_THAT(xml, HasSubstr("classname=\"campaign.canary\" name=\"native, journal 4\""));
}

// XML 1.0 forbids most control characters even as entities: one of them, and a CI system shows
// nothing at all.
TEST(JunitReport, EscapesAndReplacesWhatXmlForbids) {
    const std::string xml = to_junit(testing::bad_night().input());
    EXPECT_THAT(xml, AllOf(HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; "
                                     "]]&gt; |a|"),
                           Not(HasSubstr("<script>")), Not(HasSubstr("\x1b")),
                           Not(HasSubstr("\x01")), Not(HasSubstr("\xff"))));
}

// A text is cut at 64 kB, and the file has no more of them than it has room for.
TEST(JunitReport, IsCappedAndSaysWhatIsCut) {
    testing::night long_one = testing::good_night();
    long_one.sum.missing = {{.what = std::string(200'000, 'x')}};
    const std::string one = to_junit(long_one.input());
    EXPECT_THAT(one, HasSubstr(" bytes are left out)"));
    EXPECT_LT(one.size(), 70'000U);
    const std::string all = to_junit(testing::night_of_findings(200, 20'000).input());
    EXPECT_LT(all.size(), 11'000'000U);
    EXPECT_GT(all.size(), 8'000'000U) << "much is left out for no reason";
    EXPECT_THAT(all, AllOf(HasSubstr("(left out: a text of "), HasSubstr(" texts left out: ")));
    EXPECT_EQ(testing::times(all, "<failure "), 200U) << "the failures themselves are all there";
}

// Nothing run is a failed test, and not an empty list of tests, which CI systems take for a pass.
TEST(JunitReport, OfNothingHasAnError) {
    const std::string xml = to_junit({.night = summarize({}), .changes = {}});
    EXPECT_THAT(xml, HasSubstr("tests=\"1\" failures=\"0\" errors=\"1\""));
    EXPECT_THAT(test_case(xml, "campaign.run", "something was run"),
                HasSubstr("message=\"nothing was run, so nothing was shown; exit code 7\""));
}

// By a schema that has what the common readers agree on.
TEST(JunitReport, IsValidByItsSchema) {
    if (run_by_shell("xmllint --version").code != 0)
        GTEST_SKIP() << "xmllint is not installed (Debian: libxml2-utils)";
    const scratch_folder folder;
    const std::string path = folder.path("junit.xml");
    const auto check = [&path](const std::string& xml) {
        std::ofstream(path, std::ios::binary) << xml;
        return run_by_shell(fmt::format("xmllint --noout --huge --relaxng '{}' '{}'",
                                        PIDMAP_STRESS_JUNIT_SCHEMA, path));
    };
    for (const testing::night& one :
         {testing::good_night(), testing::bad_night(), testing::night{.sum = summarize({})},
          testing::night_of_findings(20, 80'000)}) {
        const program_end end = check(to_junit(one.input()));
        EXPECT_EQ(end.code, 0) << end.err;
    }
    EXPECT_NE(check("<testsuites name=\"pidmap-stress\"/>").code, 0) << "the schema takes anything";
}

}  // namespace
}  // namespace pidmap_stress::journal
