// The safety matrix is what the README says: which variant holds where, and what breaks the others.

#include "harness/explore/matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace pidmap_stress::explore {
namespace {

/// Everything that can break a count, or comes of that.
constexpr std::array count_invariants{invariant::no_use_after_release,
                                      invariant::released_once,
                                      invariant::no_underflow,
                                      invariant::no_get_from_zero,
                                      invariant::live_pid_pins_namespace,
                                      invariant::refcount_equals_pages,
                                      invariant::nothing_leaked};

matrix_case make_case(std::string_view variant, discipline how, std::string_view scenario) {
    return {.variant = find_explored_variant(variant),
            .setting = {.how = how, .scenario = find_explored_scenario(scenario)}};
}

cell_verdict explore_all(const matrix_case& what, unsigned jobs = 1) {
    return explore_cell(what, {.jobs = jobs, .stop_at_first = false});
}

bool breaks_count(const cell_verdict& seen) {
    return std::ranges::any_of(seen.broken, [](const broken_invariant& one) {
        return one.which &&
               std::ranges::find(count_invariants, *one.which) != count_invariants.end();
    });
}

template <class Visit>
void for_each_cell(Visit visit) {
    for (const explored_variant& variant : explored_variants())
        for (int how = 0; how < discipline_count; ++how)
            for (const explored_scenario* const scenario : explored_scenarios())
                if (scenario->disciplines.contains(static_cast<discipline>(how)))
                    visit(make_case(variant.info->name, static_cast<discipline>(how),
                                    scenario->name));
}

TEST(Matrix, EveryCellIsAsItsVariantSays) {
    for_each_cell([](const matrix_case& what) {
        const cell_verdict seen = explore_all(what);
        EXPECT_TRUE(seen.as_expected()) << to_string(what) << ": " << to_string(seen);
        EXPECT_TRUE(seen.explored.complete) << to_string(what);
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
    for_each_cell([](const matrix_case& what) {
        for (const broken_invariant& one : explore_all(what).broken) {
            const auto token = parse_case_token(one.token, build_identity());
            ASSERT_TRUE(token) << one.token;
            EXPECT_TRUE(token->same_build);
            EXPECT_EQ(to_string(token->of), to_string(what));
            const auto p = token->of.variant->make(token->of.setting);
            const auto again = replay(*p, token->choices, {.model = token->of.model});
            EXPECT_TRUE(again.exact) << one.token;
            EXPECT_TRUE(std::ranges::any_of(again.findings, [&](const finding& f) {
                return broken_by(f) == one.which;
            })) << one.token;
            EXPECT_NE(to_table(again, what.setting.threads).find("refcount"), std::string::npos);
        }
    });
}

TEST(Matrix, ATokenOfAnotherBuildOrCaseIsToldApart) {
    const matrix_case what = make_case("symmetric", discipline::lookup, "page_zero");
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
    const matrix_case what = make_case("as_posted", discipline::member, "page_zero");
    for (const strategy s : {strategy::exhaustive, strategy::random, strategy::portfolio}) {
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
