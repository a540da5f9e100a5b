#include "harness/journal/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/journal/testing/journals.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

[[nodiscard]] metrics of(const journal_text& journal) {
    metrics all(journal.campaign);
    for (const slice_record& slice : journal.slices) all.add(slice);
    for (const canary_record& canary : journal.canaries) all.add(canary);
    return all;
}

// Goal: show that the numbers are those of the journal, with the world as their label.
TEST(Metrics, AreThoseOfTheJournal) {
    const journal_text journal = testing::some_journal();
    const std::string text = of(journal).to_text();
    EXPECT_THAT(text,
                AllOf(HasSubstr("\npidmap_stress_slices_total{world=\"native\"} 3\n"),
                      HasSubstr("pidmap_stress_operations_total{world=\"native\"} 3000000\n"),
                      HasSubstr(",expected=\"true\"} "),
                      HasSubstr("pidmap_stress_canaries_total{world=\"native\",found=\"true\"} "),
                      Not(HasSubstr("expected=\"false\""))));
}

// When something last happened, and not when somebody last asked: else a soak that is dead, or
// begun again after a day, looks alive.
TEST(Metrics, KnowWhenTheLastSliceEnded) {
    metrics all(testing::some_journal().campaign);
    all.add(testing::some_slice(0, "2026-01-01T00:01:00.500Z"));  // It took six seconds.
    all.add(testing::some_canary(true));                          // That was before.
    EXPECT_THAT(all.to_text(), HasSubstr("timestamp_seconds{world=\"native\"} 1767225666.5\n"));
}

// A breakage that nobody declared is a series of its own: an alarm can be set on it.
TEST(Metrics, TellWhatIsExpectedFromWhatIsNot) {
    journal_text journal = testing::some_journal();
    for (slice_record& slice : journal.slices) slice.broken["unique_pid"] = 3;
    EXPECT_THAT(of(journal).to_text(),
                HasSubstr("invariant=\"unique_pid\",expected=\"false\"} 9\n"));
}

// What comes from outside must not end a label.
TEST(Metrics, EscapeWhatIsInLabels) {
    journal_text journal = testing::some_journal();
    journal.campaign.world = "a\"b\\c\ne";
    EXPECT_THAT(of(journal).to_text(), HasSubstr("{world=\"a\\\"b\\\\c\\ne\"}"));
}

// A dashboard that asks for a number that is not there shows nothing, and looks well.
TEST(Metrics, AreWhatTheDashboardAsksFor) {
    std::set<std::string> known;
    for (const metric_family& one : of(testing::some_journal()).families()) known.insert(one.name);
    const std::string dashboard = pidmap_stress::testing::text_of(PIDMAP_STRESS_DASHBOARD);
    ASSERT_TRUE(nlohmann::json::accept(dashboard));
    std::set<std::string> asked;
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_";
    for (std::size_t at = 0; (at = dashboard.find("pidmap_stress_", at)) != std::string::npos;) {
        const std::size_t end = dashboard.find_first_not_of(letters, at);
        asked.insert(dashboard.substr(at, end - at));
        at = end;
    }
    EXPECT_THAT(asked, ::testing::SizeIs(::testing::Ge(8U)));
    EXPECT_THAT(known, ::testing::IsSupersetOf(asked));
}

// The reader that they are for has no complaint.
TEST(Metrics, AreValidForPromtool) {
    if (pidmap_stress::testing::run_by_shell("promtool --version").code != 0)
        GTEST_SKIP() << "promtool is not installed (Debian: prometheus)";
    const pidmap_stress::testing::scratch_folder folder;
    const std::string path = folder.path("x.prom");
    std::ofstream(path) << of(testing::some_journal()).to_text();
    const auto end =
        pidmap_stress::testing::run_by_shell("promtool check metrics < '" + path + "'");
    EXPECT_EQ(end.code, 0) << end.out << end.err;
    EXPECT_EQ(end.out + end.err, "");
}

}  // namespace
}  // namespace pidmap_stress::journal
