// The safety matrix is as the README has it: which variant holds where, and what breaks the others.

#include "harness/programs/matrix.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace pidmap_stress::explore {
namespace {

explored_case make_case(std::string_view variant, discipline how, std::string_view scenario) {
    return {.variant = find_explored_variant(variant),
            .setting = {.how = how, .scenario = find_explored_scenario(scenario)}};
}

/// Programs with several namespaces, or with objects, are too large for some variants.
bool is_large(const explored_case& what) {
    return what.setting.scenario->disciplines != every_discipline;
}

cell_verdict explore_all(const explored_case& what, unsigned jobs = 1) {
    return explore_cell(
        what, {.budget = is_large(what) ? 5'000ULL : 0ULL, .jobs = jobs, .stop_at_first = false});
}

bool breaks_count(const cell_verdict& seen) {
    return seen.of_family(family::references) != standing::holds;
}

const broken_invariant* find_broken(const cell_verdict& seen, defect which) {
    const auto found = std::ranges::find(seen.broken, which, &broken_invariant::which);
    return found == seen.broken.end() ? nullptr : &*found;
}

template <class Visit>
void for_each_cell(Visit visit) {
    for (const explored_variant& variant : explored_variants())
        for (int how = 0; how < discipline_count; ++how)
            for (const explored_scenario* const scenario : explored_scenarios())
                if (scenario->disciplines.contains(static_cast<discipline>(how)) &&
                    variant.is_built_for(*scenario))
                    visit(make_case(variant.info->name, static_cast<discipline>(how),
                                    scenario->name));
}

TEST(Matrix, EveryCellIsAsItsVariantSays) {
    for_each_cell([](const explored_case& what) {
        const cell_verdict seen = explore_all(what);
        EXPECT_TRUE(seen.as_expected()) << to_string(what) << ": " << to_string(seen);
        EXPECT_TRUE(seen.explored.complete || is_large(what)) << to_string(what);
        if (what.variant->info->breaks.empty()) {
            EXPECT_TRUE(seen.broken.empty()) << to_string(seen);
        }
    });
}

TEST(Matrix, ThePostedFormLosesCountOfPageZeroAndOfNoOther) {
    using enum discipline;
    for (const discipline how : {member, reference}) {
        const auto on_page_zero = explore_all(make_case("as_posted", how, "page_zero"));
        EXPECT_TRUE(breaks_count(on_page_zero)) << to_string(on_page_zero);
        const auto elsewhere = explore_all(make_case("as_posted", how, "page_boundary"));
        EXPECT_FALSE(breaks_count(elsewhere)) << to_string(elsewhere);
    }
    EXPECT_TRUE(breaks_count(explore_all(make_case("as_posted", lookup, "page_boundary"))));
}

// The faults of the posted form in last_pid and in the order of its bits must not hide that its
// count is right, at rest, wherever its callers hold pids and page 0 is not involved.
TEST(Matrix, AFamilyThatBreaksHidesNoOther) {
    explored_case what = make_case("as_posted", discipline::member, "page_boundary");
    for (const unsigned turns : {1U, 2U}) {
        what.setting.turns = turns;
        if (turns == 2) what.setting.variation = 2;  // Pids of their own stay.
        const cell_verdict seen = explore_all(what, 2);
        EXPECT_TRUE(seen.explored.complete);
        EXPECT_EQ(seen.of_family(family::references), standing::holds) << matrix_row(seen);
        EXPECT_EQ(seen.of_family(family::pids), standing::holds);
        EXPECT_EQ(seen.of_family(family::reuse), standing::fails);
        EXPECT_EQ(seen.of_family(family::cover), standing::fails);     // The get comes late.
        EXPECT_EQ(seen.of_family(family::progress), standing::holds);  // Nobody waits.
        EXPECT_TRUE(find_broken(seen, invariant::reuse_happens_after));
        EXPECT_EQ(find_broken(seen, invariant::no_immediate_reuse) != nullptr, turns == 2);
    }
}

// An execution counts once, however often it was sampled before.
TEST(Matrix, CountsExecutionsApartFromSamples) {
    explored_case what = make_case("sound", discipline::reference, "page_zero");
    what.setting.threads = 1;
    const auto text_of = [&](strategy by) {
        return to_string(explore_cell(what, {.strategy = by, .stop_at_first = false}));
    };
    EXPECT_TRUE(text_of(strategy::exhaustive).ends_with(" rc11, 1 execution"))
        << text_of(strategy::exhaustive);
    EXPECT_TRUE(text_of(strategy::portfolio).ends_with(" rc11, 1 execution after 2001 samples"))
        << text_of(strategy::portfolio);
    EXPECT_TRUE(text_of(strategy::random).ends_with(" rc11, 10000 samples"))
        << text_of(strategy::random);
    for (const strategy by : {strategy::portfolio, strategy::prove}) {
        what.setting.threads = 2;
        const result all =
            explore_cell(what, {.strategy = strategy::exhaustive, .stop_at_first = false}).explored;
        const result seen = explore_cell(what, {.strategy = by, .stop_at_first = false}).explored;
        EXPECT_EQ(seen.distinct(), all.distinct()) << to_string(by);
        EXPECT_EQ(seen.distinct() + seen.samples() + seen.blocked, seen.runs()) << to_string(by);
    }
}

TEST(Matrix, WhatASearchDidNotShowIsNoProof) {
    explored_case what = make_case("sound", discipline::member, "page_zero");
    const cell_verdict cut = explore_cell(what, {.budget = 10, .stop_at_first = false});
    EXPECT_EQ(cut.of_family(family::references), standing::unbroken);
    EXPECT_NE(matrix_row(cut).find("truncated"), std::string::npos) << matrix_row(cut);
    const cell_verdict bounded = explore_cell(
        what, {.strategy = strategy::bounded, .preemptions = 1, .stop_at_first = false});
    EXPECT_EQ(bounded.of_family(family::references), standing::unbroken);
    EXPECT_NE(matrix_row(bounded).find("up to 1 preemption"), std::string::npos)
        << matrix_row(bounded);
}

// Each check has a planted bug that it must catch; a test above shows that `sound` passes all.
TEST(Matrix, EachCheckCatchesWhatItIsFor) {
    const struct {
        std::string_view mutant;
        discipline how;
        invariant broken;
        unsigned turns;
    } planted[] = {
        {"get_after_publish", discipline::member, invariant::reference_covers_pages, 1},
        {"put_before_empty", discipline::member, invariant::reference_covers_pages, 1},
        {"plain_last_pid", discipline::reference, invariant::no_immediate_reuse, 2},
        {"full_says_dead", discipline::reference, invariant::linearizable, 2},
    };
    for (const auto& one : planted) {
        explored_case what = make_case(one.mutant, one.how, "page_boundary");
        if (one.broken == invariant::linearizable)
            what = make_case(one.mutant, one.how, "exhaustion");
        what.setting.turns = one.turns;
        const cell_verdict seen = explore_cell(
            what, {.strategy = strategy::portfolio, .budget = 3'000, .stop_at_first = false});
        EXPECT_TRUE(find_broken(seen, one.broken))
            << one.mutant << ": " << to_string(one.broken) << " did not break: " << to_string(seen);
    }
}

TEST(Matrix, NobodyWaitsForAStoppedThreadIfTheVariantIsLockFree) {
    for (const std::string_view variant : {"sound", "per_pid", "as_posted", "symmetric"})
        for (int how = 0; how < discipline_count; ++how) {
            const auto what = make_case(variant, static_cast<discipline>(how), "page_zero");
            const cell_verdict seen =
                explore_cell(what, {.stop_at_first = false}, {.progress = progress_check::always});
            EXPECT_EQ(seen.of_family(family::progress), standing::holds) << to_string(what);
            EXPECT_TRUE(seen.explored.nobody_waits());
        }
}

// Where there are too many executions, states are explored, and both show the same.
TEST(Matrix, ProofsByStateShowWhatProofsByExecutionShow) {
    using enum discipline;
    for (const std::string_view variant : {"sound", "per_pid", "plain_last_pid", "relaxed_vacate",
                                           "double_put", "wrong_page_corrected"})
        for (const discipline how : {member, reference}) {
            const explored_case what = make_case(variant, how, "page_zero");
            const auto by_execution = explore_all(what);
            const auto by_state =
                explore_cell(what, {.strategy = strategy::stateful, .stop_at_first = false});
            EXPECT_TRUE(by_state.explored.complete);
            EXPECT_EQ(by_state.explored.nobody_waits(), by_execution.explored.nobody_waits());
            for (const broken_invariant& one : by_execution.broken)
                EXPECT_TRUE(one.which && find_broken(by_state, *one.which))
                    << to_string(what) << ": " << one.finding.what;
            EXPECT_EQ(by_state.broken.size(), by_execution.broken.size()) << to_string(by_state);
        }
    explored_case larger = make_case("sound", member, "page_zero");
    larger.setting.turns = 2;
    const auto seen = explore_cell(larger, {.strategy = strategy::prove, .stop_at_first = false});
    EXPECT_EQ(seen.explored.last, strategy::stateful);
    for (int of = 0; of < family_count; ++of)
        EXPECT_EQ(seen.of_family(static_cast<family>(of)), standing::holds) << matrix_row(seen);
}

TEST(Matrix, AVariantThatWaitsIsFoundOutAndItsTokenSaysWhoStoppedWhere) {
    for (const std::string_view mutant : {"waits_for_allocations"}) {
        const auto what = make_case(mutant, discipline::reference, "page_zero");
        const cell_verdict seen = explore_cell(what, {.budget = 2'000, .stop_at_first = false},
                                               {.progress = progress_check::always});
        EXPECT_EQ(seen.of_family(family::progress), standing::fails) << mutant;
        EXPECT_NE(seen.of_family(family::references), standing::fails) << mutant;
        const broken_invariant* const broken = find_broken(seen, invariant::progress);
        ASSERT_TRUE(broken) << mutant;
        EXPECT_TRUE(broken->finding.replayed);
        EXPECT_NE(
            broken->token.find(fmt::format("/stopped-{}-after-{}:", broken->finding.frozen_thread,
                                           broken->finding.frozen_after)),
            std::string::npos)
            << broken->token;
        const auto token = parse_case_token(broken->token, build_identity());
        ASSERT_TRUE(token) << broken->token;
        EXPECT_TRUE(token->same_build);
        EXPECT_EQ(token->of.freeze.thread, broken->finding.frozen_thread);
        EXPECT_EQ(token->of.freeze.after, broken->finding.frozen_after);
        const auto p = token->of.variant->make(token->of.setting);
        const auto again = replay(*p, token->choices, options_of(token->of));
        EXPECT_TRUE(again.exact) << broken->token;
        EXPECT_TRUE(std::ranges::any_of(again.findings, [](const finding& f) {
            return broken_by(f) == invariant::progress;
        })) << broken->token;
    }
}

TEST(Matrix, AStoppedThreadIsReadAsItIsWritten) {
    explored_case what = make_case("sound", discipline::lookup, "page_zero");
    what.freeze = {.thread = 2, .after = 17};
    const std::string token = make_token(what, {0, 1}, "build");
    EXPECT_TRUE(token.starts_with("sound/lookup/page_zero/2x1/2x8/rc11/stopped-2-after-17:"));
    const auto read = parse_case_token(token, "build");
    ASSERT_TRUE(read);
    EXPECT_EQ(to_string(read->of), to_string(what));
    EXPECT_TRUE(read->same_build);
    const std::string schedule = token.substr(token.find(':'));
    for (const std::string_view wrong :
         {"/stopped-0-after-17", "/stopped-3-after-17", "/stopped--after-17", "/stopped-2-after-",
          "/stopped-2-after-1x", "/stopped-2"})
        EXPECT_FALSE(parse_case_token(
            fmt::format("sound/lookup/page_zero/2x1/2x8/rc11{}{}", wrong, schedule), "build"))
            << wrong;
}

TEST(Matrix, AModelIsReadAsItIsWritten) {
    explored_case what = make_case("sound", discipline::lookup, "page_zero");
    for (const model m : {model::rc11, model::cxx20, model::sc}) {
        what.model = m;
        const std::string token = make_token(what, {0, 1}, "build");
        EXPECT_TRUE(
            token.starts_with("sound/lookup/page_zero/2x1/2x8/" + std::string(to_string(m)) + ":"));
        const auto read = parse_case_token(token, "build");
        ASSERT_TRUE(read) << token;
        EXPECT_EQ(read->of.model, m) << token;
    }
}

TEST(Matrix, TheObviousRepairFailsUnderLookupOnly) {
    for (const std::string_view scenario : {"page_zero", "page_boundary"})
        for (int how = 0; how < discipline_count; ++how) {
            const auto seen =
                explore_all(make_case("symmetric", static_cast<discipline>(how), scenario));
            EXPECT_EQ(breaks_count(seen), static_cast<discipline>(how) == discipline::lookup)
                << to_string(seen);
        }
}

TEST(Matrix, EveryTokenBreaksTheSameAgain) {
    for_each_cell([](const explored_case& what) {
        for (const broken_invariant& one : explore_all(what).broken) {
            const auto token = parse_case_token(one.token, build_identity());
            ASSERT_TRUE(token) << one.token;
            EXPECT_TRUE(token->same_build);
            EXPECT_EQ(to_string(token->of), to_string(what));
            const auto p = token->of.variant->make(token->of.setting);
            const auto again = replay(*p, token->choices, options_of(token->of));
            EXPECT_TRUE(again.exact) << one.token;
            EXPECT_TRUE(std::ranges::any_of(again.findings, [&](const finding& f) {
                return broken_by(f) == one.which;
            })) << one.token;
        }
    });
}

TEST(Matrix, ATokenOfAnotherBuildOrCaseIsToldApart) {
    const explored_case what = make_case("symmetric", discipline::lookup, "page_zero");
    const std::string token = make_token(what, {0, 1, 1, 0}, "this build");
    ASSERT_TRUE(parse_case_token(token, "this build"));
    EXPECT_TRUE(parse_case_token(token, "this build")->same_build);
    ASSERT_TRUE(parse_case_token(token, "that build"));
    EXPECT_FALSE(parse_case_token(token, "that build")->same_build);
    const std::string schedule = token.substr(token.find(':'));
    const auto of_another =
        parse_case_token("sound/lookup/page_zero/2x1/2x8/rc11" + schedule, "this build");
    ASSERT_TRUE(of_another);
    EXPECT_FALSE(of_another->same_build);
    for (const std::string& damaged : {std::string{}, token.substr(0, token.size() - 1),
                                       "nobody" + token, token + "0", schedule})
        EXPECT_FALSE(parse_case_token(damaged, "this build")) << damaged;
}

TEST(Matrix, JobsChangeNothing) {
    const explored_case what = make_case("as_posted", discipline::member, "page_zero");
    for (const strategy s : {strategy::exhaustive, strategy::random, strategy::portfolio,
                             strategy::prove, strategy::stateful}) {
        const options how{.strategy = s, .walks = 2'000, .stop_at_first = false};
        options shared = how;
        shared.jobs = 2;
        const cell_verdict alone = explore_cell(what, how);
        const cell_verdict together = explore_cell(what, shared);
        EXPECT_EQ(to_string(alone), to_string(together));
        ASSERT_EQ(alone.broken.size(), together.broken.size());
        for (std::size_t i = 0; i < alone.broken.size(); ++i)
            EXPECT_EQ(alone.broken[i].token, together.broken[i].token);
    }
}

}  // namespace
}  // namespace pidmap_stress::explore
