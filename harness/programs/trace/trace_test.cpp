// How a replay is shown.

#include "harness/programs/trace/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "harness/programs/shrink.hpp"

namespace pidmap_stress::explore {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

replayable open(std::string_view script_text, std::string_view variant, invariant shows) {
    const auto small = shrink({.variant = find_explored_variant(variant),
                               .calls = *parse_script(script_text),
                               .shows = shows},
                              [](const replay_result&) { return true; });
    return std::move(*open_token(small->token(), build_identity()));
}

/// The get that comes too late: thread 1 leaves, thread 2 has found the namespace and comes in.
const trace& late_get() {
    static const trace seen = [] {
        const replayable r =
            open("lookup/calls/2x2/max4/last1/1=f0+=a", "symmetric", invariant::no_get_from_zero);
        return make_trace(r, r.replay(), "./run_stress.sh");
    }();
    return seen;
}

// A table begins with what is about to be seen, and marks the step that breaks.
TEST(Trace, TheTableSaysWhatHappensAndWhere) {
    const std::string table = to_table(late_get(), false);
    EXPECT_THAT(table, ContainsRegex("^symmetric under lookup: at step [0-9]+, in its alloc, "
                                     "thread 2 takes a reference from a count of 0"));
    EXPECT_THAT(table, HasSubstr("Thread 1, which holds pid 1, frees its oldest pid."));
    EXPECT_THAT(table, HasSubstr("again: ./run_stress.sh replay symmetric/lookup/calls/"));
    EXPECT_THAT(table, HasSubstr("step | thread 1"));
    EXPECT_THAT(table, ContainsRegex(">> [0-9]+ \\|.*alloc: refcount 0 -> 1 \\(add, relaxed\\)"));
    EXPECT_THAT(table, ContainsRegex(">> BROKEN at step [0-9]+: no_get_from_zero"));
    EXPECT_THAT(table, HasSubstr("--full shows all steps"));
    EXPECT_THAT(table, HasSubstr("THE NAMESPACE IS RELEASED"));
}

// With --full, every step is there, and nothing is said to be left out.
TEST(Trace, TheFullTableHasEveryStep) {
    const std::string table = to_table(late_get(), true);
    EXPECT_THAT(table, Not(HasSubstr("not shown")));
    for (const trace_row& row : late_get().rows)
        EXPECT_THAT(table, HasSubstr(row.text)) << row.what.number;
    EXPECT_GT(late_get().rows.size(), late_get().shown());
}

// Rows tell the counts after them, and from which step a value came.
TEST(Trace, RowsTellCountsAndSources) {
    const trace& seen = late_get();
    const auto broken = std::ranges::find_if(seen.rows, [](const trace_row& row) {
        return std::ranges::any_of(
            row.broken, [](const std::string& b) { return b.starts_with("no_get_from_zero"); });
    });
    ASSERT_NE(broken, seen.rows.end());
    EXPECT_EQ(broken->edge, "R1");
    ASSERT_EQ(broken->refcounts.size(), 1U);
    EXPECT_EQ(broken->refcounts.front().value, 1);
    ASSERT_TRUE(broken->what.read_from);
    const trace_row& writer = seen.rows[*broken->what.read_from];
    EXPECT_EQ(writer.edge, "R3");
    EXPECT_EQ(writer.what.thread, 1U);
    EXPECT_EQ(writer.refcounts.front().value, 0);
    EXPECT_EQ(writer.nr_free.size(), broken->nr_free.size());
}

// Where the build has line tables, a row names the algorithm's own line.
TEST(Trace, RowsNameLinesOfTheAlgorithm) {
    std::size_t named = 0;
    for (const trace_row& row : late_get().rows) {
        if (row.place.empty()) continue;
        ++named;
        EXPECT_TRUE(std::regex_match(row.place, std::regex("[a-z_]+\\.[ch]pp:[0-9]+")))
            << row.place;
        if (row.edge == "R3") {
            EXPECT_THAT(row.place, HasSubstr("default_steps.hpp:"));
        }
        if (row.edge == "C1") {
            EXPECT_THAT(row.place, HasSubstr("as_posted.hpp:"));
        }
    }
    if (named == 0) GTEST_SKIP() << "this build has no line tables, or no libdw";
}

// Both sides of a race are shown, and nothing of the walk to the page.
TEST(Trace, ShowsBothSidesOfARace) {
    const replayable r =
        open("reference/calls/2x2/max4/last2/=af0+=a", "symmetric", invariant::reuse_happens_after);
    const trace seen = make_trace(r, r.replay(), "pidmap-stress");
    const std::string table = to_table(seen, false);
    std::set<unsigned> sides;
    for (const trace_row& row : seen.rows)
        if (row.matters && row.text.starts_with("the pid's slot")) sides.insert(row.what.thread);
    EXPECT_EQ(sides.size(), 2U) << table;
    EXPECT_THAT(table, Not(HasSubstr("pid_max is")));
}

// A use after a release is told with both sides, as they are, whichever comes first, and neither is
// left out of the table.
TEST(Trace, NamesWhoUsesAndWhoReleases) {
    const struct {
        std::string_view script, variant;
        bool use_first;
    } cases[] = {{"reference/calls/2x8/max9/last0/=p+=p", "relaxed_put", true},
                 {"lookup/calls/2x2/max4/last1/1=f0+=af0", "symmetric", false}};
    for (const auto& one : cases) {
        const replayable r = open(one.script, one.variant, invariant::no_use_after_release);
        const replay_result run = r.replay();
        const trace seen = make_trace(r, run, "pidmap-stress");
        const std::string table = to_table(seen, false);
        const std::string release = "thread [12] releases the namespace at step [0-9]+, in its .*";
        const std::string use = "thread [12] uses the namespace at step [0-9]+, in its .*";
        EXPECT_THAT(seen.headline, ContainsRegex(one.use_first ? use + release : release + use));
        EXPECT_THAT(table, HasSubstr("THE NAMESPACE IS RELEASED"));
        std::size_t sides = 0;
        for (const finding& f : run.findings)
            for (const party& side : f.parties) {
                ASSERT_TRUE(side.step);
                const trace_row& row = seen.rows[*side.step];
                EXPECT_EQ(row.what.thread, side.thread) << table;
                EXPECT_EQ(row.what.kind == step_kind::retire, side.does == "releases") << table;
                EXPECT_TRUE(row.matters || broken_by(f) != r.shows) << table;
                ++sides;
            }
        EXPECT_GE(sides, 2U) << table;
    }
}

// What is broken when all is done is told at the end.
TEST(Trace, TellsWhatIsBrokenInTheEnd) {
    const replayable r =
        open("member/calls/2x2/max3/last2/2=a", "as_posted", invariant::refcount_equals_pages);
    const trace seen = make_trace(r, r.replay(), "pidmap-stress");
    EXPECT_THAT(to_table(seen, false),
                AllOf(HasSubstr("when all is done, the count is 1"),
                      HasSubstr(">> when all is done: BROKEN refcount_equals_pages: ")));
    EXPECT_TRUE(seen.breaks_anything());
}

// As text, a step is a line.
TEST(Trace, TheTextHasALineForEachStep) {
    const std::string text = to_text(late_get(), false);
    EXPECT_THAT(text, ContainsRegex("\n[0-9]+\\. thread 2, alloc: refcount 0 -> 1 \\(add, "
                                    "relaxed\\), read from step [0-9]+"));
    EXPECT_THAT(text, HasSubstr("   >> BROKEN no_get_from_zero"));
}

// A Mermaid diagram has one statement a line, and no character in a message that ends one.
TEST(Trace, TheDiagramIsWellFormed) {
    const std::string text = to_mermaid(late_get(), true);
    EXPECT_TRUE(text.starts_with("sequenceDiagram\n"));
    const std::regex statement(
        "    (%% .*|participant [TN][0-9]* as [a-z 0-9]+|T[0-9]+->>N: .*|Note over "
        "[TN][0-9]*,N: .*)");
    std::size_t messages = 0;
    std::istringstream lines(text.substr(text.find('\n') + 1));
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(std::regex_match(line, statement)) << line;
        if (line.starts_with("    %%")) continue;
        messages += line.find("->>N: ") != std::string::npos ? 1U : 0U;
        const std::string body =
            line.substr(line.find(": ") == std::string::npos ? line.size() : line.find(": ") + 2);
        // A ';' or '#' stands in an entity only.
        const std::string rest = std::regex_replace(body, std::regex("#[0-9]+;"), "");
        EXPECT_EQ(rest.find_first_of(";#{}\""), std::string::npos) << line;
    }
    EXPECT_EQ(messages, late_get().rows.size());
}

// Text that is no statement's is escaped, whatever it is.
TEST(Trace, TheDiagramEscapes) {
    trace odd;
    odd.threads = 1;
    odd.headline = "a;b#c\n<d>";
    EXPECT_THAT(to_mermaid(odd, true), HasSubstr("a#59;b#35;c<br/>#60;d#62;"));
}

// The Chrome trace is an object with events that Perfetto knows: each has what its phase asks for.
TEST(Trace, TheChromeTraceIsValid) {
    const json file = json::parse(to_perfetto(late_get(), true));
    ASSERT_TRUE(file.is_object());
    ASSERT_TRUE(file["traceEvents"].is_array());
    std::map<std::string, std::size_t> phases;
    std::map<int, std::pair<int, int>> arrows;  // By id: beginnings and ends.
    std::set<std::string> counters;
    for (const json& event : file["traceEvents"]) {
        const std::string phase = event.at("ph");
        ++phases[phase];
        EXPECT_TRUE(event.at("pid").is_number_integer());
        EXPECT_TRUE(event.at("tid").is_number_integer());
        EXPECT_TRUE(event.at("name").is_string());
        if (phase == "M") continue;
        EXPECT_GE(event.at("ts").get<int>(), 0);
        if (phase == "X") {
            EXPECT_GT(event.at("dur").get<int>(), 0);
        }
        if (phase == "C") {
            EXPECT_TRUE(event.at("args").at("value").is_number_integer());
            counters.insert(event.at("name"));
        }
        if (phase == "s") ++arrows[event.at("id")].first;
        if (phase == "f") {
            ++arrows[event.at("id")].second;
            EXPECT_EQ(event.at("bp"), "e");
        }
        if (phase == "i") {
            EXPECT_TRUE(event.at("s") == "t" || event.at("s") == "p");
        }
    }
    EXPECT_EQ(phases["X"], late_get().rows.size());
    EXPECT_EQ(phases["M"], 3U) << "a process and two threads";
    EXPECT_GE(phases["i"], 1U);
    EXPECT_FALSE(arrows.empty());
    for (const auto& [id, ends] : arrows) EXPECT_EQ(ends, std::pair(1, 1)) << id;
    EXPECT_TRUE(counters.contains("refcount"));
    EXPECT_TRUE(counters.contains("nr_free of page 0"));
}

TEST(Trace, ATokenKeepsItsModel) {
    explored_case what{.variant = find_explored_variant("symmetric"),
                       .calls = *parse_script("lookup/calls/2x2/max4/last1/1=f0+=a"),
                       .shows = invariant::no_get_from_zero};
    for (const model m : {model::rc11, model::cxx20, model::sc}) {
        what.model = m;
        const auto opened = open_token(make_token(what, {0, 1, 1}, "this build"), "this build");
        ASSERT_TRUE(opened) << to_string(m);
        EXPECT_EQ(opened->model, m) << to_string(m);
    }
}

// A token of another build or program is told apart, and a damaged one is none.
TEST(Trace, TokensAreToldApart) {
    const explored_case what{.variant = find_explored_variant("symmetric"),
                             .calls = *parse_script("lookup/calls/2x2/max4/last1/1=f0+=a"),
                             .shows = invariant::no_get_from_zero};
    const std::string token = make_token(what, {0, 1, 1}, "this build");
    ASSERT_TRUE(open_token(token, "this build"));
    EXPECT_TRUE(open_token(token, "this build")->same_build);
    EXPECT_FALSE(open_token(token, "that build")->same_build);
    const std::string schedule = token.substr(token.find(':'));
    const auto another = open_token(
        "sound/lookup/calls/2x2/max4/last1/1=f0+=a/rc11/no_get_from_zero" + schedule, "this build");
    ASSERT_TRUE(another);
    EXPECT_FALSE(another->same_build);
    const auto shows_nothing =
        open_token("symmetric/lookup/calls/2x2/max4/last1/1=f0+=a/rc11" + schedule, "this build");
    ASSERT_TRUE(shows_nothing);
    EXPECT_FALSE(shows_nothing->same_build);
    for (const std::string& wrong :
         {std::string{}, schedule, token.substr(0, token.size() - 1), token + "0", "no" + token,
          "symmetric/lookup/calls/2x2/max4/last1/1=f0+=a/tso/no_get_from_zero" + schedule})
        EXPECT_FALSE(open_token(wrong, "this build")) << wrong;
}

}  // namespace
}  // namespace pidmap_stress::explore
