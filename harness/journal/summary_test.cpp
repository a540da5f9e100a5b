#include "harness/journal/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "harness/journal/reports/pages.hpp"
#include "harness/journal/testing/journals.hpp"

namespace pidmap_stress::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

[[nodiscard]] summary sum_of(const journal_text& journal) {
    return summarize({journal});
}

// A campaign in which all is as its variants say is a pass, and says what it rests on.
TEST(Summary, OfWhatIsAsExpectedIsAPass) {
    const summary all = sum_of(testing::some_journal());
    EXPECT_EQ(all.exit_code, 0) << all.verdict;
    EXPECT_THAT(all.verdict, HasSubstr("as expected: 1 cell holds, 1 breaks as known"));
    ASSERT_THAT(all.cells, SizeIs(2));
    EXPECT_EQ(all.cells[1].plan.name.variant, "sound");
    EXPECT_EQ(all.cells[1].verdict, "holds");
    EXPECT_EQ(all.cells[1].operations, 2'000'000U);
    EXPECT_EQ(all.cells[0].verdict, "violated");
    EXPECT_EQ(all.operations, 3'000'000U);
    EXPECT_EQ(all.clean_operations, 2'000'000U);
    EXPECT_EQ(all.began, "2026-01-01T00:00:10Z");
    EXPECT_EQ(all.ended, "2026-01-01T00:02:00Z");
}

// Of no journal, and of one without a slice, nothing is shown: that is no pass.
TEST(Summary, OfNothingIsNoPass) {
    EXPECT_EQ(summarize({}).exit_code, 7);
    journal_text empty = testing::some_journal();
    empty.slices.clear();
    EXPECT_EQ(sum_of(empty).exit_code, 7);
    EXPECT_THAT(sum_of(empty).verdict, HasSubstr("nothing was run"));
}

// What else was done counts like a cell, and is named.
TEST(Summary, HasTheExitCodesOfOtherParts) {
    const auto with = [](int code) {
        summarizer all;
        all.add(testing::some_journal());
        all.add(other_part{.name = "explorer", .code = code, .sentence = "as it was"});
        return std::move(all).finish();
    };
    EXPECT_EQ(with(0).exit_code, 0);
    EXPECT_EQ(with(0).others.at(0).sentence, "as it was");
    EXPECT_THAT(with(0).verdict, HasSubstr("1 of 1 other part as it should be"));
    for (const int code : {2, 3, 5, 6, 7, 85}) EXPECT_EQ(with(code).exit_code, code);
    EXPECT_EQ(with(1).exit_code, 7) << "it did not do what it was to do";
    EXPECT_THAT(with(2).verdict, HasSubstr("explorer ended with 2"));
}

// AddressSanitizer keeps freed memory, up to its quarantine: that is no leak.
TEST(Summary, AllowsAddressSanitizerItsQuarantine) {
    journal_text journal = testing::some_journal();
    const slice_record one = journal.slices.front();
    journal.slices.clear();
    for (std::uint64_t n = 0; n < 30; ++n) {
        journal.slices.push_back(one);
        journal.slices.back().number = n;
        journal.slices.back().resident_kib = 40'000 + 2'000 * n;
    }
    EXPECT_TRUE(sum_of(journal).memory.at(0).grows);
    journal.campaign.world = "asan";
    EXPECT_FALSE(sum_of(journal).memory.at(0).grows);
    for (slice_record& slice : journal.slices) slice.resident_kib *= 1 + slice.number;
    EXPECT_TRUE(sum_of(journal).memory.at(0).grows) << "more than it may keep";
}

// Each way to fail has its exit code, and the gravest one counts.
TEST(Summary, HasTheExitCodeOfTheWorst) {
    journal_text journal = testing::some_journal();
    const auto code = [&journal] { return sum_of(journal).exit_code; };
    journal.ends.clear();
    EXPECT_EQ(code(), 85) << "it was not brought to its end";
    journal.slices[1].out_of_resources = true;
    EXPECT_EQ(code(), 3);
    journal.slices[1].end = "stalled";
    EXPECT_EQ(code(), 6);
    journal.slices[0].end = "crashed";
    EXPECT_EQ(code(), 5);
    journal.slices[0].broken = {{"unique_pid", 1}};
    EXPECT_EQ(code(), 2);
}

// A crash of a cell that broke as known is known as well; alone, it is not.
TEST(Summary, TakesACrashBesideAKnownBreakageForKnown) {
    journal_text journal = testing::some_journal();
    journal.slices.push_back(testing::some_slice(5, "2026-01-01T00:01:30Z"));
    journal.slices.back().cell = 1;
    journal.slices.back().end = "crashed";
    const summary known = sum_of(journal);
    EXPECT_EQ(known.exit_code, 0) << known.verdict;
    ASSERT_THAT(known.findings, SizeIs(2));
    EXPECT_TRUE(known.findings[0].expected && known.findings[1].expected);
    journal.slices.back().cell = 0;
    const summary alone = sum_of(journal);
    EXPECT_EQ(alone.exit_code, 5);
    EXPECT_FALSE(alone.findings[0].expected);
}

// A mark that no slice hit, a known breakage that none showed: inconclusive. One slice is enough.
TEST(Summary, NeedsEachMarkAndEachRequiredBreakageOnce) {
    journal_text journal = testing::some_journal();
    journal.slices[0].marks.clear();
    EXPECT_EQ(sum_of(journal).exit_code, 0);
    journal.slices[1].marks.clear();
    EXPECT_EQ(sum_of(journal).exit_code, 7);
    EXPECT_THAT(sum_of(journal).cells[1].unhit_marks, ElementsAre("a pid was freed after others"));
    journal = testing::some_journal();
    journal.slices[2].broken.clear();
    journal.slices[2].findings.clear();
    EXPECT_EQ(sum_of(journal).exit_code, 7);
    EXPECT_THAT(sum_of(journal).cells[0].missing, ElementsAre("no_underflow"));
}

// A planted bug that was missed, is long ago or was never looked for is red, whatever else there
// is.
TEST(Summary, IsRedWithoutALivingCanary) {
    journal_text journal = testing::some_journal();
    EXPECT_FALSE(sum_of(journal).canaries.at(0).dead);
    journal.canaries.push_back(testing::some_canary(false));
    journal.canaries.push_back(testing::some_canary(true));
    EXPECT_EQ(sum_of(journal).exit_code, 7);
    EXPECT_THAT(sum_of(journal).canaries.at(0).why, HasSubstr("wrap_to_zero"));
    journal.canaries.clear();
    EXPECT_EQ(sum_of(journal).exit_code, 7);
    journal.canaries = {testing::some_canary(true, 2)};
    journal.campaign.canary_every_seconds = 3;
    EXPECT_EQ(sum_of(journal).exit_code, 7)
        << "13 s of work without one, where one is due each 3 s";
}

// Memory that grows from the first third of the slices to the last is a verdict of its own.
TEST(Summary, TellsMemoryThatGrows) {
    journal_text journal = testing::some_journal();
    journal.slices.clear();
    for (std::uint64_t n = 0; n < 30; ++n) {
        journal.slices.push_back(testing::some_slice(n, "2026-01-01T00:00:10Z"));
        journal.slices.back().resident_kib = 20'000 + n % 3 * 100;
    }
    journal.slices.push_back(testing::some_finding());
    EXPECT_FALSE(sum_of(journal).memory.at(0).grows);
    for (std::uint64_t n = 0; n < 30; ++n) journal.slices[n].resident_kib = 20'000 + n * 200;
    EXPECT_TRUE(sum_of(journal).memory.at(0).grows);
    EXPECT_EQ(sum_of(journal).exit_code, 2);
}

// The same invariant by the same program is one finding, whoever saw it; by another one, another.
TEST(Summary, GroupsFindingsByInvariantAndProgram) {
    journal_text journal = testing::some_journal();
    journal.slices.push_back(testing::some_finding(1, "2026-01-01T00:01:10Z"));
    journal_text other = testing::some_journal("e", "jitter");
    other.slices[2].findings[0].explained->program = "another one";
    const summary all = summarize({journal, other});
    ASSERT_THAT(all.findings, SizeIs(2));
    const auto twice = std::ranges::find_if(
        all.findings, [](const finding_group& one) { return one.sightings.size() == 2; });
    ASSERT_NE(twice, all.findings.end());
    EXPECT_EQ(twice->first_seen, "2026-01-01T00:01:00Z");
    EXPECT_EQ(twice->last_seen, "2026-01-01T00:01:10Z");
    EXPECT_EQ(twice->count, 6U);
    EXPECT_EQ(twice->again.runs, 10U);
    EXPECT_TRUE(twice->expected);
    EXPECT_EQ(all.findings[0].family, all.findings[1].family);
}

// A sighting that nobody had explained belongs to what its soak had explained.
TEST(Summary, GroupsLaterSightingsWithTheOneThatWasExplained) {
    journal_text journal = testing::some_journal();
    journal.slices.push_back(testing::some_finding(1, "2026-01-01T00:01:10Z"));
    journal.slices.back().findings[0].explained.reset();
    EXPECT_THAT(sum_of(journal).findings,
                ElementsAre(::testing::Field(&finding_group::sightings, SizeIs(2))));
}

// What a summary says depends neither on the order of the journals nor on one that is named twice.
TEST(Summary, DependsOnNoOrder) {
    std::vector<journal_text> journals{
        testing::some_journal("a"), testing::some_journal("b", "tsan"),
        testing::some_journal("c", "jitter"), testing::some_journal("d", "asan")};
    journals[1].slices[2].broken = {{"unique_pid", 1}};
    journals[3].ends.clear();
    const summary first = summarize(journals);
    const std::string text = to_json_text({.night = first, .changes = {}});
    std::mt19937 random(1);
    for (int n = 0; n < 20; ++n) {
        std::ranges::shuffle(journals, random);
        std::vector<journal_text> some = journals;
        some.push_back(journals[0]);
        const summary again = summarize(some);
        ASSERT_EQ(to_json_text({.night = again, .changes = {}}), text);
    }
    EXPECT_EQ(first.exit_code, 2);
}

// Four shards that share out the slices of a campaign come to what one that has all of them does.
TEST(Summary, OfShardsIsThatOfTheWhole) {
    constexpr unsigned count = 4;
    journal_text whole = testing::some_journal("whole");
    whole.slices.clear();
    for (std::uint64_t n = 0; n < 24; ++n) {
        const std::string at = "2026-01-01T00:00:" + std::to_string(10 + n) + "Z";
        whole.slices.push_back(n % 3 == 0 ? testing::some_finding(n, at)
                                          : testing::some_slice(n, at));
        whole.slices.back().operations = 1000 * (n + 1);
        if (n % 4 != 2) whole.slices.back().marks.clear();
    }
    std::vector<journal_text> shards;
    for (unsigned index = 0; index < count; ++index) {
        journal_text& part = shards.emplace_back(whole);
        part.folder = "shard" + std::to_string(index);
        part.campaign.part = {.index = index, .count = count};
        std::erase_if(part.slices, [&part](const slice_record& one) {
            return !part.campaign.part.takes(one.number + one.cell);
        });
        EXPECT_FALSE(part.slices.empty());
    }
    const summary one = sum_of(whole);
    const summary all = summarize(shards);
    EXPECT_EQ(all.exit_code, one.exit_code);
    EXPECT_EQ(all.verdict, one.verdict);
    EXPECT_EQ(all.slices, one.slices);
    EXPECT_EQ(all.operations, one.operations);
    EXPECT_EQ(all.clean_operations, one.clean_operations);
    EXPECT_DOUBLE_EQ(all.clean_cpu_seconds, one.clean_cpu_seconds);
    EXPECT_EQ(all.canaries.size(), count);
    ASSERT_EQ(all.cells.size(), one.cells.size());
    for (std::size_t n = 0; n < one.cells.size(); ++n) {
        EXPECT_EQ(all.cells[n].plan, one.cells[n].plan);
        EXPECT_EQ(all.cells[n].operations, one.cells[n].operations);
        EXPECT_EQ(all.cells[n].marks, one.cells[n].marks);
        EXPECT_EQ(all.cells[n].broken, one.cells[n].broken);
        EXPECT_EQ(all.cells[n].near_misses, one.cells[n].near_misses);
        EXPECT_EQ(all.cells[n].clear_to_put_ns, one.cells[n].clear_to_put_ns);
        EXPECT_EQ(all.cells[n].verdict, one.cells[n].verdict);
    }
    ASSERT_EQ(all.findings.size(), one.findings.size());
    for (std::size_t n = 0; n < one.findings.size(); ++n) {
        EXPECT_EQ(all.findings[n].id, one.findings[n].id);
        EXPECT_EQ(all.findings[n].count, one.findings[n].count);
        EXPECT_EQ(all.findings[n].sightings.size(), one.findings[n].sightings.size());
        EXPECT_EQ(all.findings[n].again.runs, one.findings[n].again.runs);
        EXPECT_EQ(all.findings[n].first_seen, one.findings[n].first_seen);
        EXPECT_EQ(all.findings[n].last_seen, one.findings[n].last_seen);
    }
}

// A shard that is not there is missing, by its number, and no pass.
TEST(Summary, MissesAShardThatIsNotThere) {
    std::vector<journal_text> shards;
    for (unsigned n = 0; n < 3; ++n) {
        shards.push_back(testing::some_journal("shard" + std::to_string(n)));
        shards.back().campaign.part = {.index = n, .count = 3};
    }
    EXPECT_EQ(summarize(shards).exit_code, 0);
    EXPECT_THAT(summarize(shards).missing, IsEmpty());
    shards.erase(shards.begin() + 1);
    const summary all = summarize(shards);
    EXPECT_EQ(all.exit_code, 7);
    ASSERT_THAT(all.missing, SizeIs(1));
    EXPECT_THAT(all.missing[0].what, HasSubstr("shard 2 of 3 is missing"));
}

// The bound and the interval are those of the field: nothing in 3 h is below 1 an hour.
TEST(Summary, BoundsRates) {
    EXPECT_NEAR(excluded_rate(3), 1, 0.01);
    EXPECT_EQ(excluded_rate(0), 0);
    EXPECT_NEAR(interval_of({.runs = 5, .with_findings = 5}).low, 0.478, 0.01);
    EXPECT_EQ(interval_of({}).high, 1);
}

}  // namespace
}  // namespace pidmap_stress::journal
