// From stress to model: the workers' last calls, as programs for the explorer.

#include "harness/command/flight_scripts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/command/explain.hpp"
#include "harness/native/supervisor.hpp"

namespace pidmap_stress {
namespace {

using explore::script;
using kind = flight_event::kind;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr unsigned bits = 32768;

std::vector<std::string> texts(const std::vector<script>& scripts) {
    std::vector<std::string> all;
    for (const script& one : scripts) all.push_back(to_string(one));
    return all;
}

// Calls keep their order and their pids' places; a pid that is freed and was not allocated was held
// before.
TEST(FlightScripts, CallsBecomeAScript) {
    const flight_log log{
        {{kind::alloc, 7, 400}, {kind::free, 7, 300}, {kind::alloc, 7, 401}, {kind::free, 7, 400}}};
    const auto scripts = to_scripts(discipline::lookup, {log}, 7, bits);
    EXPECT_THAT(texts(scripts), Contains("lookup/calls/2x4/max8/last1/1=af0af0"));
    // Only the last two of them, where there were 400.
    EXPECT_THAT(texts(scripts), Contains("lookup/calls/2x4/max8/last1/1=af0"));
}

// Page 0 stays page 0, with pids that are live elsewhere on page 1; any other page becomes page 1.
TEST(FlightScripts, PagesBecomeTwo) {
    const flight_log on_zero{{{kind::alloc, 7, 301}, {kind::free, 7, 301}}};
    EXPECT_THAT(texts(to_scripts(discipline::member, {on_zero}, 7, bits)),
                Contains("member/calls/2x2/max3/last2/2=af1"));
    const flight_log far_away{{{kind::alloc, 7, 4 * 32768}, {kind::free, 7, 4 * 32768}}};
    EXPECT_THAT(texts(to_scripts(discipline::member, {far_away}, 7, bits)),
                Contains("member/calls/2x2/max4/last2/2=af1"));
}

// Other namespaces, other pages and everything before a namespace was made are left out.
TEST(FlightScripts, LeavesOutWhatIsNotInvolved) {
    const flight_log log{{{kind::free, 7, 5},
                          {kind::create, 7, 0},
                          {kind::alloc, 8, 1},
                          {kind::round, 0, 0},
                          {kind::alloc, 7, 1},
                          {kind::alloc, 7, 40000},
                          {kind::alloc, 7, 2}}};
    EXPECT_EQ(busiest_namespaces({log}, 1), std::vector<std::uint16_t>{7});
    for (const script& one : to_scripts(discipline::reference, {log}, 7, bits))
        for (const explore::script_thread& thread : one.threads)
            EXPECT_LE(std::ranges::count(thread.does, explore::script_call::kind::alloc,
                                         &explore::script_call::what),
                      2);
    EXPECT_THAT(to_scripts(discipline::reference, {log}, 9, bits), IsEmpty());
    EXPECT_THAT(to_scripts(discipline::reference, {}, 7, bits), IsEmpty());
}

// Whatever workers did, the resulting programs can be explored, and none comes twice.
TEST(FlightScripts, MakesOnlyWhatCanBeExplored) {
    std::vector<flight_log> logs(5);
    for (int worker = 0; worker < 5; ++worker)
        for (int n = 0; n < 40; ++n) {
            const auto what = static_cast<kind>(1 + (n * 7 + worker * 3) % 5);
            const pid_nr pid = what == kind::alloc && n % 9 == 0 ? -2 : 1 + (n * 5 + worker) % 11;
            logs[static_cast<std::size_t>(worker)].events.emplace_back(what, 3, pid);
        }
    for (int how = 0; how < discipline_count; ++how) {
        const auto scripts = to_scripts(static_cast<discipline>(how), logs, 3, bits);
        EXPECT_FALSE(scripts.empty());
        for (std::size_t i = 0; i < scripts.size(); ++i) {
            EXPECT_FALSE(why_not(scripts[i])) << to_string(scripts[i]);
            EXPECT_EQ(std::ranges::count(scripts, scripts[i]), 1) << to_string(scripts[i]);
        }
    }
}

// Calls that look up objects become a program with objects: each number leads to the one that has
// it.
TEST(FlightScripts, ObjectsComeAlong) {
    const flight_log owner{{{kind::alloc, 7, 301}, {kind::free, 7, 300}, {kind::drop, 7, 301}}};
    const flight_log stranger{{{kind::find, 7, 300}, {kind::drop, 7, 300}, {kind::find, 7, 999}}};
    EXPECT_THAT(texts(to_scripts(discipline::member, {owner, stranger}, 7, bits)),
                Contains("member/calls/2x4/max8/last0!ooo/1,2=of1d+3=i2d"));
}

// A worker that creates namespaces does so in the program, and its tasks have a number at each
// level.
TEST(FlightScripts, ChildrenComeAlong) {
    const flight_log log{{{kind::create, 8, 7 + 1},
                          {kind::alloc, 8, 1},
                          {kind::alloc, 7, 305},
                          {kind::put, 8, 0},
                          {kind::free, 8, 1},
                          {kind::free, 7, 305}}};
    EXPECT_THAT(texts(to_scripts(discipline::member, {log}, 7, bits)),
                Contains("member/calls/2x4/max8/last1/1=na@1p@1f1"));
    EXPECT_THAT(texts(to_scripts(discipline::reference, {log}, 7, bits)),
                Contains("reference/calls/2x4/max8/last0/=na@1p@1f0"));
}

cell_result found(std::string_view variant, discipline how, invariant broken,
                  std::vector<flight_log> flights) {
    cell_result result{.what = {.variant = find_subject(variant), .how = how}};
    result.seen.add(finding{.broken = broken, .what = "namespace 7.0: something"});
    result.flights = std::move(flights);
    return result;
}
const flight_log comes_and_goes{
    {{kind::alloc, 7, 301}, {kind::free, 7, 301}, {kind::alloc, 7, 302}, {kind::free, 7, 302}}};

// What breaks natively breaks in the model, and is reported with a token; once for each.
TEST(Explain, BreaksWhatTheRunBroke) {
    explained_before before;
    const cell_result page_zero =
        found("as_posted", discipline::member, invariant::live_pid_pins_namespace,
              {comes_and_goes, comes_and_goes});
    const auto told = explain_findings(page_zero, "pidmap-stress", before);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_THAT(told[0].token, HasSubstr("as_posted/member/calls/"));
    EXPECT_THAT(describe(told[0]), HasSubstr("again: pidmap-stress replay " + told[0].token));
    EXPECT_THAT(explain_findings(page_zero, "pidmap-stress", before), IsEmpty())
        << "once is enough";
    const auto late =
        explain_findings(found("symmetric", discipline::lookup, invariant::no_get_from_zero,
                               {comes_and_goes, comes_and_goes}),
                         "pidmap-stress", before);
    ASSERT_EQ(late.size(), 1U);
    EXPECT_THAT(late[0].table, HasSubstr("takes a reference from a count of 0"));
}

// Where the model holds, the report says so, and how much was tried.
TEST(Explain, SaysThatItFoundNothing) {
    explained_before before;
    const auto told =
        explain_findings(found("sound", discipline::lookup, invariant::no_get_from_zero,
                               {comes_and_goes, comes_and_goes}),
                         "pidmap-stress", before);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].token, "");
    EXPECT_GT(told[0].executions, 100U);
    EXPECT_THAT(describe(told[0]), HasSubstr("found no such interleaving in "));
    EXPECT_EQ(std::ranges::count(describe(told[0]), '\n'), 0);
}

}  // namespace
}  // namespace pidmap_stress
