#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/sample_night.hpp"

namespace pidmap_stress::journal {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

[[nodiscard]] json document_of(const report_input& what) {
    return json::parse(to_json_text(what));
}

// The members of a cell are named as those of `run --json` are.
TEST(JsonReport, NamesACellsMembersAsRunDoes) {
    const json all = document_of(testing::bad_night().input());
    EXPECT_EQ(all["schema"], 1);
    EXPECT_EQ(all["program"], "pidmap-stress");
    EXPECT_EQ(all["exit_code"], 2);
    ASSERT_THAT(all["cells"], SizeIs(6));
    const json& cell = all["cells"][0];
    EXPECT_EQ(cell["variant"], "as_posted");
    EXPECT_EQ(cell["discipline"], "lookup");
    EXPECT_EQ(cell["scenario"], "page_zero");
    EXPECT_EQ(cell["verdict"], "violated");
    EXPECT_EQ(cell["as_expected"], true);
    EXPECT_EQ(cell["broken"], json({{"no_underflow", 36}}));
    EXPECT_EQ(cell["operations"], 2'000'000);
    EXPECT_EQ(cell["cpu_seconds"], 100);
    EXPECT_EQ(all["cells"][4]["missing"], json::array({"reuse_happens_after"}));
    EXPECT_EQ(all["cells"][5]["unhit_marks"],
              json::array({"a namespace died between lookup and use"}));
}

// A finding has all that is needed to run it again, and the interleaving step by step.
TEST(JsonReport, HasAllOfAFinding) {
    const json all = document_of(testing::bad_night().input());
    const json& finding = all["findings"][1];
    EXPECT_EQ(finding["id"], "00000000000c");
    EXPECT_EQ(finding["family"], "00000000000c");
    EXPECT_EQ(finding["invariant"], "unique_pid");
    EXPECT_EQ(finding["change"], "new");
    EXPECT_EQ(finding["repeated"], 20);
    EXPECT_EQ(finding["repeated_with_findings"], 7);
    EXPECT_DOUBLE_EQ(finding["reproduction"]["rate"], 0.35);
    EXPECT_LT(finding["reproduction"]["interval_95"][0], 0.35);
    EXPECT_GT(finding["reproduction"]["interval_95"][1], 0.35);
    EXPECT_THAT(finding["sightings"][0]["reproduce"], HasSubstr("--seed 9"));
    EXPECT_EQ(finding["sightings"][0]["slice"], 7);
    EXPECT_EQ(finding["model"]["token"], "sound/lookup/calls=abc");
    ASSERT_THAT(finding["model"]["steps"], SizeIs(2));
    EXPECT_EQ(finding["model"]["steps"][0]["reads_from"], nullptr);
    EXPECT_EQ(finding["model"]["steps"][1]["reads_from"], 0);
    EXPECT_EQ(all["findings"][0]["invariant"], nullptr) << "a stall";
    EXPECT_EQ(all["findings"][0]["model"], nullptr);
}

// Watches, missing parts, builds and the comparison are there too.
TEST(JsonReport, HasWhatIsNotAFinding) {
    const json all = document_of(testing::bad_night().input());
    EXPECT_EQ(all["canaries"][0]["last"]["variant"], "wrap_to_zero");
    EXPECT_EQ(all["canaries"][1]["dead"], true);
    EXPECT_EQ(all["canaries"][1]["last"], nullptr);
    EXPECT_EQ(all["memory"][1]["last_third_kib"], 90'000);
    EXPECT_EQ(all["over_time"][0]["moments"][0]["operations_per_second"], 4e4);
    EXPECT_EQ(all["missing_parts"][0], "native: shard 3 of 8 is missing");
    EXPECT_EQ(all["attempts"][0]["build"]["compiler"], "Clang 19.1.7");
    EXPECT_EQ(all["worlds"], json::array({"native", "tsan"}));
    EXPECT_NEAR(all["rate_below_per_cpu_hour"], 107.8, 0.1);
    EXPECT_EQ(all["changes"]["has_baseline"], true);
    ASSERT_THAT(all["changes"]["findings"], SizeIs(5));
    EXPECT_EQ(all["changes"]["findings"][2]["change"], "not_seen");
    EXPECT_EQ(all["changes"]["findings"][2]["cpu_seconds_to_confirm"], 7200);
    EXPECT_EQ(all["changes"]["slower"][0]["before"], 4e6);
}

// Text that is not UTF-8 must not keep a report from being written.
TEST(JsonReport, TakesAnyBytes) {
    const json all = document_of(testing::bad_night().input());
    EXPECT_THAT(all["findings"][1]["sightings"][0]["what"].get<std::string>(),
                HasSubstr("<script>alert(1)</script> & \"x\""));
}

TEST(JsonReport, OfNothingHasExitCode7) {
    const json all = document_of({.night = summarize({}), .changes = {}});
    EXPECT_EQ(all["exit_code"], 7);
    EXPECT_EQ(all["verdict"], "nothing was run, so nothing was shown");
    EXPECT_EQ(all["cells"], json::array());
    EXPECT_EQ(all["rate_below_per_operation"], nullptr);
}

}  // namespace
}  // namespace pidmap_stress::journal
