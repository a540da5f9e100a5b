// Goal: show that the measurement can be trusted: a new mutant is found, an equivalent one is not,
// and nothing that a mutant does to a process is lost.

#include "harness/power/study.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "allocator/variants/sound.hpp"
#include "harness/base/forked.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/native/subject_of.hpp"
#include "harness/programs/explored_allocator_of.hpp"

namespace pidmap_stress::power {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Declares only its name, its summary, its kind and an invariant, as other mutants do.
struct unseen_steps : sound_steps {
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::vacate);
    }
};
template <execution_policy P>
struct unseen : pid_namespace<P, sound_orders, unseen_steps> {
    using pid_namespace<P, sound_orders, unseen_steps>::pid_namespace;
    static constexpr variant_info info{.name = "unseen",
                                       .summary = "never puts",
                                       .kind = variant_kind::mutant,
                                       .breaks = invariant::refcount_equals_pages};
};
/// The same frame, with nothing wrong.
template <execution_policy P>
struct blameless : pid_namespace<P, sound_orders, sound_steps> {
    using pid_namespace<P, sound_orders, sound_steps>::pid_namespace;
    static constexpr variant_info info{
        .name = "blameless", .summary = "as sound", .kind = variant_kind::mutant};
};

template <template <class> class Mutant>
struct planted {
    subject_entry native = make_subject_entry<Mutant>();
    explore::explored_variant explored = explore::make_usual_explored_variant<Mutant>();
    candidate what{.native = &native, .explored = &explored};
};

const effort little{.seconds = 20, .executions = 20'000, .program = "pidmap-stress"};

TEST(Attempt, OfTheExplorerFindsAnUnseenMutantByWhatItNames) {
    const planted<unseen> mutant;
    for (const strategy by : {strategy::random, strategy::pct, strategy::pos, strategy::surw,
                              strategy::bounded, strategy::exhaustive}) {
        const attempt made = explore_programs(mutant.what, by, 1, little);
        EXPECT_TRUE(made.named) << to_string(by);
        EXPECT_THAT(made.broken, Contains("refcount_equals_pages"));
        EXPECT_THAT(made.command, HasSubstr("pidmap-stress replay unseen/"));
        EXPECT_GT(made.executions, 0);
    }
}

TEST(Attempt, OfHammeringFindsAnUnseenMutantByWhatItNames) {
    const planted<unseen> mutant;
    for (const strategy by : {strategy::native, strategy::jitter}) {
        attempt made;
        run_forked({[&] { return to_json(hammer(mutant.what, by, 1, little)).dump(); }}, 1, 200,
                   [&](std::size_t, const task_end& end) {
                       EXPECT_EQ(end.how, task_end::kind::returned) << end.text;
                       made = attempt_from(nlohmann::json::parse(end.text));
                       return true;
                   });
        EXPECT_TRUE(made.named) << to_string(by);
        EXPECT_THAT(made.command, HasSubstr("pidmap-stress run --variant unseen --scenario "));
    }
}

TEST(Attempt, DoesNotReportWhatIsEquivalent) {
    const planted<blameless> mutant;
    for (const strategy by : {strategy::random, strategy::exhaustive}) {
        const attempt made = explore_programs(mutant.what, by, 1, little);
        EXPECT_THAT(made.broken, ElementsAre());
        EXPECT_GT(made.executions, 100);
    }
}

TEST(Attempt, IsReadAsItWasWritten) {
    const attempt one{.of = "a",
                      .by = strategy::pos,
                      .seed = 7,
                      .broken = {"unique_pid", "crash"},
                      .named = true,
                      .seconds = 0.25,
                      .executions = 12,
                      .what = "so",
                      .command = "again"};
    EXPECT_EQ(to_json(attempt_from(to_json(one))), to_json(one));
    EXPECT_THROW((void)attempt_from({{"of", "a"}}), nlohmann::json::exception);
}

// --- The results of attempts ---------------------------------------------------------------------
// ----------------------------------------------------------------------

constexpr variant_info killable{.name = "m", .breaks = invariant::unique_pid};
constexpr variant_info equivalent{.name = "m"};

attempt one(strategy by, std::vector<std::string> broken, bool named, double seconds = 1) {
    return {.of = "m", .by = by, .broken = std::move(broken), .named = named, .seconds = seconds};
}

// A study that is late tries one seed of each candidate, and leaves none out.
TEST(Study, TriesOneSeedOfEachWhenItIsLate) {
    const planted<unseen> mutant;
    study_plan plan{.of = {mutant.what},
                    .by = {strategy::random, strategy::pct},
                    .seeds = 3,
                    .tries = {.executions = 2'000}};
    const auto seeds_of = [&](strategy by) {
        return std::ranges::count(carry_out(plan, [](const study_progress&) {}), by, &attempt::by);
    };
    EXPECT_EQ(seeds_of(strategy::random), 3);
    plan.every_seed_for = {};
    EXPECT_EQ(seeds_of(strategy::random), 1);
    EXPECT_EQ(seeds_of(strategy::pct), 1);
}

TEST(Outcome, IsAKillOnlyByWhatIsNamed) {
    const attempt miss = one(strategy::native, {}, false);
    const attempt other = one(strategy::random, {"no_underflow"}, false);
    const attempt kill = one(strategy::pct, {"unique_pid"}, true);
    EXPECT_EQ(outcome_of({}, killable), outcome::not_run);
    EXPECT_EQ(outcome_of({miss}, killable), outcome::survived);
    EXPECT_EQ(outcome_of({miss, other}, killable), outcome::otherwise);
    EXPECT_EQ(outcome_of({miss, other, kill}, killable), outcome::killed);
    EXPECT_EQ(outcome_of({miss}, equivalent), outcome::quiet);
    EXPECT_EQ(outcome_of({miss, other}, equivalent), outcome::false_alarm);
    EXPECT_FALSE(is_good(outcome::not_run) || is_good(outcome::survived) ||
                 is_good(outcome::otherwise) || is_good(outcome::false_alarm));
}

TEST(Score, CountsASurvivorAsOneThatTakesForEver) {
    std::vector<attempt> all;
    for (const double seconds : {1.0, 2.0, 3.0})
        all.push_back(one(strategy::native, {"unique_pid"}, true, seconds));
    all.push_back(one(strategy::native, {}, false, 9));
    const score seen = score_of(all, "m", strategy::native);
    EXPECT_EQ(seen.attempts, 4U);
    EXPECT_EQ(seen.killed, 3U);
    EXPECT_EQ(seen.seconds.median, 2.5);
    EXPECT_EQ(score_of(all, "m", strategy::tsan).attempts, 0U) << "not run is not survived";
}

TEST(StrategyScore, CountsMutantsThatSomeSeedKilledAndThoseThatEachDid) {
    const planted<unseen> first;
    const planted<blameless> equivalent_one;
    const auto of_unseen = [](bool named, double seconds) {
        attempt made = one(strategy::pct, {}, named, seconds);
        made.of = "unseen";
        made.executions = 10 * seconds;
        return made;
    };
    const std::vector<candidate> of{first.what, equivalent_one.what};
    const strategy_score sure =
        score_of_strategy({of_unseen(true, 1), of_unseen(true, 3)}, of, strategy::pct);
    EXPECT_EQ(sure.killable, 1U) << "what is equivalent cannot be killed";
    EXPECT_EQ(sure.killed, 1U);
    EXPECT_EQ(sure.surely, 1U);
    EXPECT_EQ(sure.seconds, 2);
    EXPECT_EQ(sure.executions, 20);
    const strategy_score lucky =
        score_of_strategy({of_unseen(true, 1), of_unseen(false, 3)}, of, strategy::pct);
    EXPECT_EQ(lucky.killed, 1U);
    EXPECT_EQ(lucky.surely, 0U);
    EXPECT_FALSE(score_of_strategy({of_unseen(true, 1)}, of, strategy::pos).run);
}

TEST(Table, SaysOfWhatIsDeterministicThatItIsAndNotHowManySeedsItHad) {
    const planted<unseen> mutant;
    attempt found = one(strategy::exhaustive, {"refcount_equals_pages"}, true, 0.012);
    found.of = "unseen";
    EXPECT_THAT(to_table({found}, {mutant.what}), HasSubstr("yes 12 ms"));
    found.by = strategy::random;
    EXPECT_THAT(to_table({found}, {mutant.what}), HasSubstr("1/1 12 ms"));
}

// --- The mutants themselves ---------------------------------------------------------------------

explore::result look(std::string_view mutant, discipline how, unsigned threads, unsigned turns,
                     unsigned preemptions, explore::strategy by) {
    const explore::explored_variant* const found = explore::find_explored_variant(mutant);
    const auto p = found->make({.how = how,
                                .scenario = explore::find_explored_scenario("page_boundary"),
                                .threads = threads,
                                .turns = turns});
    return explore::explore(*p, {.strategy = by, .walks = 20'000, .preemptions = preemptions});
}

TEST(Mutants, ThatMoveTheHintBackTakeAPreemptionAndTwoRounds) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    for (const std::string_view mutant : {"plain_last_pid", "torn_last_pid"}) {
        EXPECT_TRUE(look(mutant, discipline::reference, 2, 2, 0, explore::strategy::bounded).ok())
            << mutant;
        EXPECT_FALSE(look(mutant, discipline::reference, 2, 2, 1, explore::strategy::bounded).ok())
            << mutant;
    }
}

TEST(Mutants, TheWrongFixesTakeThreeThreads) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    for (const std::string_view mutant : {"wrong_fix", "late_repair"}) {
        EXPECT_TRUE(look(mutant, discipline::lookup, 2, 2, 2, explore::strategy::exhaustive).ok())
            << mutant;
        EXPECT_FALSE(look(mutant, discipline::lookup, 3, 1, 2, explore::strategy::random).ok())
            << mutant;
    }
}

/// Whether something breaks in a program of two threads with a turn each, of any scenario, in an
/// execution of at most N preemptions. All of them are tried if none breaks.
bool breaks_in_two_threads(std::string_view mutant, unsigned preemptions) {
    const explore::explored_variant* const found = explore::find_explored_variant(mutant);
    for (const explore::explored_scenario* const scenario : explore::explored_scenarios())
        for (int how = 0; how < discipline_count; ++how)
            for (unsigned v = 0; v < std::max<std::size_t>(1, scenario->variations.size()); ++v) {
                const explore::pidmap_setting setting{.how = static_cast<discipline>(how),
                                                      .scenario = scenario,
                                                      .threads = 2,
                                                      .turns = 1,
                                                      .variation = v};
                if (why_not(*found, setting)) continue;
                const auto p = found->make(setting);
                const explore::result seen = explore::explore(
                    *p, {.strategy = explore::strategy::bounded, .preemptions = preemptions});
                if (!seen.ok()) return true;
                EXPECT_GE(seen.bound.value_or(0), preemptions) << to_string(setting);
            }
    return false;
}

TEST(Mutants, OneTakesTwoPreemptionsInEveryProgram) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    EXPECT_FALSE(breaks_in_two_threads("close_page_never_puts", 1));
    EXPECT_TRUE(breaks_in_two_threads("close_page_never_puts", 2));
}

TEST(Mutants, ThatLoseTheWayShowWhereTheExplorerLooksForThat) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    struct expected {
        std::string_view mutant;
        std::string_view scenario;
        unsigned variation;
        unsigned turns;
    };
    for (const expected& one : {expected{"wrap_to_zero", "wraparound", 0, 1},
                                {"next_pidmap_overflow", "wraparound", 1, 1},
                                {"no_memory_before_dead", "dying_namespace", 2, 1},
                                {"hint_taken_back", "nested", 3, 2},
                                {"release_stops_early", "nested", 4, 1}}) {
        const auto p = explore::find_explored_variant(one.mutant)
                           ->make({.how = discipline::member,
                                   .scenario = explore::find_explored_scenario(one.scenario),
                                   .threads = 2,
                                   .turns = one.turns,
                                   .variation = one.variation});
        EXPECT_FALSE(
            explore::explore(*p, {.strategy = explore::strategy::random, .walks = 20'000}).ok())
            << one.mutant;
    }
}

/// Whether something breaks in a program of `outliving_pid`, in any of its executions.
bool breaks_among_objects(std::string_view mutant, unsigned variation, unsigned threads) {
    const auto p = explore::find_explored_variant(mutant)->make(
        {.how = discipline::member,
         .scenario = explore::find_explored_scenario("outliving_pid"),
         .threads = threads,
         .turns = 1,
         .variation = variation});
    const explore::result seen =
        explore::explore(*p, {.strategy = explore::strategy::exhaustive, .budget = 100'000});
    EXPECT_TRUE(!seen.ok() || seen.complete || threads == 3) << mutant << ' ' << variation;
    return !seen.ok();
}

// Where each object meets one stranger, a lookup that undoes what it did is undone in time. It
// takes a program in which two look up one object while it ends.
TEST(Mutants, ALookupThatIsTakenBackTakesACrowd) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    for (const unsigned variation : {0U, 1U, 2U})
        EXPECT_FALSE(breaks_among_objects("raised_and_taken_back", variation, 2)) << variation;
    EXPECT_FALSE(breaks_among_objects("raised_and_taken_back", 1, 3));
    EXPECT_TRUE(breaks_among_objects("raised_and_taken_back", 2, 3));
    EXPECT_FALSE(breaks_among_objects("sound", 2, 3));
    EXPECT_FALSE(breaks_among_objects("marked_when_ended", 2, 3)) << "raised, and rightly";
}

// Both worlds agree on a namespace that says that it is dead, and is not; where that already shows
// in the set-up, no thread continues from there.
TEST(Mutants, ANamespaceTakenForDeadIsFoundOutByTheSameNameEverywhere) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    for (const explore::explored_scenario* const scenario : explore::explored_scenarios())
        for (unsigned v = 0; v < std::max<std::size_t>(1, scenario->variations.size()); ++v) {
            const explore::pidmap_setting setting{
                .how = discipline::member, .scenario = scenario, .variation = v};
            const auto* const mutant = explore::find_explored_variant("last_reference_is_dead");
            if (why_not(*mutant, setting)) continue;
            const explore::result seen = explore::explore(
                *mutant->make(setting),
                {.strategy = explore::strategy::random, .walks = 10, .stop_at_first = false});
            for (const invariant one :
                 {invariant::live_pid_pins_namespace, invariant::linearizable})
                EXPECT_TRUE(std::ranges::any_of(
                    seen.findings, [&](const explore::finding& f) { return f.broken == one; }))
                    << to_string(setting) << ": " << to_string(one);
        }
}

// A pid that a search never finds shows where it is the only free one.
TEST(Mutants, APidThatIsNeverFoundShowsWhereItIsTheOnlyOne) {
    if (under_sanitizer) GTEST_SKIP() << "mutants are explored in other builds";
    for (const auto& [mutant, variation] :
         {std::pair{"first_after_wrap_missed", 0U}, {"last_of_page_missed", 1U}})
        for (const discipline how :
             {discipline::member, discipline::reference, discipline::lookup}) {
            const auto p = explore::find_explored_variant(mutant)->make(
                {.how = how,
                 .scenario = explore::find_explored_scenario("exhaustion"),
                 .variation = variation});
            EXPECT_FALSE(
                explore::explore(*p, {.strategy = explore::strategy::random, .walks = 1}).ok())
                << mutant << ' ' << to_string(how);
        }
}

TEST(Mutants, EachSaysWhatItBreaksAndWhereThatIsSeen) {
    unsigned equivalents = 0;
    for (const candidate& one : candidates()) {
        if (!one.is_mutant()) continue;
        EXPECT_FALSE(one.info().summary.empty()) << one.info().name;
        EXPECT_FALSE(one.info().worlds.empty()) << one.info().name;
        equivalents += one.killable() ? 0 : 1;
    }
    EXPECT_GE(equivalents, 4U);
    for (const subject_entry& one : mutant_subjects())
        EXPECT_EQ(one.info->kind, variant_kind::mutant) << one.info->name;
}

}  // namespace
}  // namespace pidmap_stress::power
