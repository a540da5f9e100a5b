// What `explore` reports about its cells, and the exit code that goes with it.

#include "harness/command/explore/explore_command_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <stdexcept>
#include <vector>

#include "allocator/variants/sound.hpp"
#include "harness/command/options.hpp"
#include "harness/programs/explored_allocator_of.hpp"
#include "harness/programs/replayable.hpp"
#include "harness/programs/shrink.hpp"

namespace pidmap_stress {
namespace {

using namespace explore;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

// Variants that crash in a free(), each in a way of its own, and are otherwise sound.
int* volatile null_page = nullptr;
volatile int zero = 0;
[[gnu::noinline]] int recurse(int n) {
    if (zero != 0) return n;
    return recurse(n + 1) + zero;
}
struct null_page_dereferenced {
    static constexpr std::string_view name = "null_page_dereferenced", what = "a null pointer";
    static void crash() noexcept { *null_page = 1; }
};
struct endless_recursion {
    static constexpr std::string_view name = "endless_recursion", what = "the stack is used up";
    static void crash() noexcept { zero = zero + 0 * recurse(1); }
};
struct failed_assertion {
    static constexpr std::string_view name = "failed_assertion", what = "abort\\(\\) is called";
    static void crash() noexcept { ::abort(); }
};
struct divided_by_zero {
    static constexpr std::string_view name = "divided_by_zero", what = "a division by zero";
    static void crash() noexcept { zero = zero / zero; }
};
template <class Way>
struct crashing {
    template <execution_policy P>
    struct variant : pid_namespace<P, sound_orders, sound_steps> {
        using base = pid_namespace<P, sound_orders, sound_steps>;
        using base::base;
        /// Pid 8 and those behind it belong to another page.
        void free_pidmap(pid_nr nr) noexcept {
            base::free_pidmap(nr);
            if (nr > 8) Way::crash();
        }
        static constexpr variant_info info{
            .name = Way::name, .summary = "crashes", .kind = variant_kind::mutant};
    };
    static const explored_variant& made() {
        static const explored_variant one = make_usual_explored_variant<variant>();
        return one;
    }
};
const explored_variant& crasher_named(std::string_view name) {
    for (const explored_variant* const one :
         {&crashing<null_page_dereferenced>::made(), &crashing<endless_recursion>::made(),
          &crashing<failed_assertion>::made(), &crashing<divided_by_zero>::made()})
        if (one->info->name == name) return *one;
    throw std::logic_error("no such crasher");
}
struct way {
    std::string_view name, what;
};
constexpr std::array<way, 4> ways{{
    {null_page_dereferenced::name, null_page_dereferenced::what},
    {endless_recursion::name, endless_recursion::what},
    {failed_assertion::name, failed_assertion::what},
    {divided_by_zero::name, divided_by_zero::what},
}};

[[nodiscard]] explored_case case_of(const explored_variant& variant, discipline how,
                                    std::string_view scenario) {
    return {.variant = &variant,
            .setting = {.how = how, .scenario = find_explored_scenario(scenario)}};
}
[[nodiscard]] cell_verdict explored(const explored_case& what) {
    return explore_cell(
        what, {.strategy = strategy::portfolio, .budget = 100'000, .stop_at_first = false});
}

[[nodiscard]] explored_so_far all_of(std::span<const cell_verdict> cells, bool strict = false) {
    return {.cells = {cells.begin(), cells.end()}, .wanted = cells.size(), .strict = strict};
}

// A crash of a variant is reported with thread, call, place and token, and is exit code 5; the
// other cells are unaffected.
TEST(ExploreReport, ACrashIsExitCode5) {
    const cell_verdict holds =
        explored(case_of(*find_explored_variant("sound"), discipline::member, "page_boundary"));
    ASSERT_TRUE(holds.as_expected()) << describe_cell(holds, "program");
    for (const way& one : ways) {
        const cell_verdict seen =
            explored(case_of(crasher_named(one.name), discipline::member, "page_boundary"));
        const std::string text = describe_cell(seen, "program");
        EXPECT_TRUE(seen.crashed()) << text;
        EXPECT_FALSE(seen.as_expected());
        EXPECT_THAT(text, HasSubstr("fails: crash; complete"));
        EXPECT_THAT(text, ContainsRegex("\n    crash: thread [12], in its free of pid [0-9]+: " +
                                        std::string(one.what)));
        EXPECT_THAT(text, HasSubstr("program replay " + std::string(one.name) +
                                    "/member/page_boundary/2x1/2x8/rc11:"));
        const std::array all{holds, seen, holds};
        EXPECT_EQ(exit_code_of(all_of(all)), exit_crash);
        EXPECT_THAT(
            describe_total(all_of(all)),
            AllOf(HasSubstr("3 cells: 2 hold, 1 fail, 1 not as"), HasSubstr("1 crashed\n")));
        EXPECT_THAT(matrix_row(seen), HasSubstr("CRASHES"));
    }
}

// An execution that is too long has a token, like a finding.
TEST(ExploreReport, WhatIsCutOffAtTheStepLimitHasAToken) {
    cell_verdict seen =
        explored(case_of(*find_explored_variant("sound"), discipline::lookup, "page_zero"));
    EXPECT_FALSE(token_of_too_long(seen));
    EXPECT_THAT(describe_cell(seen, "program"), Not(HasSubstr("step limit")));
    seen.explored.step_limited = 2;
    seen.explored.too_long = schedule{0, 1, 0};
    const auto token = token_of_too_long(seen);
    ASSERT_TRUE(token);
    const auto opened = open_token(*token, build_identity());
    ASSERT_TRUE(opened);
    EXPECT_TRUE(opened->same_build);
    EXPECT_THAT(
        describe_cell(seen, "program"),
        HasSubstr("2 executions were cut off, one of them at the step limit of 5000: program "
                  "replay " +
                  *token));
}

// Its token replays it, its script can be made smaller, and both are exit code 5 again.
TEST(ExploreReport, ACrashReplaysAndShrinks) {
    for (const way& one : ways) {
        const explored_case what =
            case_of(crasher_named(one.name), discipline::member, "page_boundary");
        const cell_verdict seen = explored(what);
        ASSERT_FALSE(seen.broken.empty());
        const broken_invariant& crash = seen.broken.front();
        ASSERT_EQ(crash.which, defect::crash());
        const auto again = replay(*what.variant->make(what.setting), crash.finding.schedule, {});
        EXPECT_TRUE(again.exact);
        EXPECT_EQ(exit_code_of(again, std::nullopt), exit_crash);
        const auto small = shrink(what, crash);
        ASSERT_TRUE(small) << one.name;
        EXPECT_THAT(small->token(), HasSubstr("/rc11/crash:"));
        EXPECT_TRUE(small->shown_as.same_as(crash.finding));
        EXPECT_LE(small->shown, again.steps.size());
    }
}

// An unexpected finding outweighs a crash, as for `run`; a known one does not.
TEST(ExploreReport, ExitCodesHaveAnOrder) {
    const cell_verdict known =
        explored(case_of(*find_explored_variant("symmetric"), discipline::lookup, "page_zero"));
    const cell_verdict crash =
        explored(case_of(crasher_named("divided_by_zero"), discipline::member, "page_boundary"));
    cell_verdict unexpected = known;
    unexpected.assessed.unexpected.insert(invariant::unique_pid);
    cell_verdict silent = known;
    silent.assessed.missing.insert(invariant::unique_pid);
    const auto code = [](std::initializer_list<cell_verdict> all) {
        return exit_code_of(all_of(std::vector<cell_verdict>(all)));
    };
    EXPECT_EQ(code({known}), exit_as_expected);
    EXPECT_EQ(code({known, silent}), exit_inconclusive);
    EXPECT_EQ(code({silent, crash, known}), exit_crash);
    EXPECT_EQ(code({crash, unexpected}), exit_violated);
    EXPECT_EQ(exit_code_of(all_of(std::array{known}, true)), exit_violated);
    EXPECT_EQ(exit_code_of(all_of(std::array{crash}, true)), exit_crash);
}

// Of the breakages that a variant declares, only those that the explorer can see must show here.
TEST(ExploreReport, WhatHadToBreakAndDidNotIsExitCode7) {
    // `nested` breaks it natively, by the depth of the stack.
    const cell_verdict stack = explored(
        case_of(*find_explored_variant("recursive_release"), discipline::member, "nested"));
    EXPECT_TRUE(stack.as_expected()) << describe_cell(stack, "program");
    static variant_info quiet = *find_explored_variant("sound")->info;
    quiet.name = "quiet";
    quiet.breaks = {{.broken = invariant::no_underflow, .shown_by = "page_boundary"}};
    explored_variant variant = *find_explored_variant("sound");
    variant.info = &quiet;
    const cell_verdict seen = explored(case_of(variant, discipline::member, "page_boundary"));
    EXPECT_EQ(exit_code_of(all_of(std::array{seen})), exit_inconclusive);
    EXPECT_THAT(describe_cell(seen, ""), HasSubstr("none was shown of: no_underflow"));
    EXPECT_THAT(describe_total(all_of(std::array{seen})),
                HasSubstr("1 declared to break but did not\n"));
    // A search that was cut off need not have met it.
    const cell_verdict cut =
        explore_cell(case_of(variant, discipline::member, "page_boundary"), {.budget = 10});
    EXPECT_EQ(exit_code_of(all_of(std::array{cut})), exit_as_expected);
}

// A request to end leaves the results so far: a violation keeps its exit code, otherwise the run is
// cut short. Running out of time is not a failure, unless a cell has not begun.
TEST(ExploreReport, WhatIsCutShortIsNotProven) {
    std::atomic<std::uint64_t> runs = 0;
    watch over(runs, watch::clock::now(), []() noexcept { return false; });
    const explored_case what =
        case_of(*find_explored_variant("sound"), discipline::member, "page_boundary");
    for (const strategy by : {strategy::random, strategy::bounded, strategy::exhaustive,
                              strategy::stateful, strategy::prove, strategy::portfolio})
        for (const std::uint64_t budget : {0ULL, 100'000ULL})
            for (const unsigned jobs : {1U, 2U}) {
                const cell_verdict cut = explore_cell(what, {.strategy = by,
                                                             .budget = budget,
                                                             .jobs = jobs,
                                                             .stop_at_first = false,
                                                             .watched = &over});
                EXPECT_TRUE(cut.cut_short()) << to_string(cut);
                EXPECT_FALSE(cut.explored.complete) << to_string(cut);
                EXPECT_THAT(describe_cell(cut, ""), HasSubstr("unbroken, cut short"));
                EXPECT_EQ(verdict_of(cut), "unbroken");
                explored_so_far all = all_of(std::array{cut});
                EXPECT_EQ(exit_code_of(all), exit_as_expected);
                EXPECT_THAT(describe_total(all), HasSubstr("time is up: 0 of 1 cell"));
                all.wanted = 2;
                EXPECT_EQ(exit_code_of(all), exit_inconclusive);
                all.interrupted = true;
                EXPECT_EQ(exit_code_of(all), exit_cut_short);
                EXPECT_THAT(describe_total(all), HasSubstr("cut short: 0 of 2 cells"));
                all.cells.front().assessed.unexpected.insert(invariant::unique_pid);
                EXPECT_EQ(exit_code_of(all), exit_violated);
            }
    // A watch that never ends the search counts, and changes nothing.
    watch on(runs, std::nullopt, []() noexcept { return false; });
    const cell_verdict all = explore_cell(
        what, {.strategy = strategy::exhaustive, .stop_at_first = false, .watched = &on});
    EXPECT_TRUE(all.explored.complete);
    EXPECT_EQ(to_string(all), to_string(explore_cell(what, {.stop_at_first = false})));
    EXPECT_GE(runs.load(), all.explored.runs());
}

}  // namespace
}  // namespace pidmap_stress
