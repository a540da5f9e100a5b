// The project's own variants under the explorer: what should hold does in every execution, and what
// should break breaks where the variant declares it.

#include "harness/programs/interpreter/interpreter.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "allocator/variants/sound.hpp"
#include "harness/explorer/search/gtest.hpp"
#include "harness/programs/explored_allocator_of.hpp"
#include "harness/programs/script/script_builder.hpp"

namespace pidmap_stress {
namespace {

/// Gives up under contention, and says that the namespace is dead.
struct faint_hearted_steps : sound_steps {
    template <class Namespace>
    [[nodiscard]] static page_answer open_page(Namespace& ns, unsigned page) noexcept {
        auto& nr_free = ns.pages[page].nr_free;
        int seen = nr_free.load(Namespace::orders::hint);
        if (seen == 0 || seen == Namespace::capacity(page)) return sound_steps::open_page(ns, page);
        return nr_free.compare_exchange_strong(seen, seen - 1, Namespace::orders::reserve,
                                               Namespace::orders::hint)
                   ? page_answer::open
                   : page_answer::namespace_dead;
    }
};
template <execution_policy P>
struct faint_hearted : pid_namespace<P, sound_orders, faint_hearted_steps> {
    using pid_namespace<P, sound_orders, faint_hearted_steps>::pid_namespace;
    static constexpr variant_info info{.name = "faint_hearted", .summary = "gives up in a crowd"};
};

}  // namespace
}  // namespace pidmap_stress

namespace pidmap_stress::explore {
namespace {

result explore_all(std::string_view variant, const pidmap_setting& setting) {
    const auto p = find_explored_variant(variant)->make(setting);
    return explore(*p, {.stop_at_first = false});
}

std::vector<pidmap_setting> every_cell(unsigned threads, unsigned turns) {
    std::vector<pidmap_setting> cells;
    for (int how = 0; how < discipline_count; ++how)
        for (const explored_scenario* const scenario : explored_scenarios())
            for (unsigned variation = 0;
                 variation < std::max<std::size_t>(1, scenario->variations.size()); ++variation) {
                const pidmap_setting cell{.how = static_cast<discipline>(how),
                                          .scenario = scenario,
                                          .threads = threads,
                                          .turns = turns,
                                          .variation = variation};
                if (!why_not(cell)) cells.push_back(cell);
            }
    return cells;
}

// Programs of `per_pid` with several namespaces or objects have too many executions for a test.
[[nodiscard]] bool is_small(std::string_view variant, const pidmap_setting& cell) {
    return cell.variation == 0 &&
           (variant == "sound" || cell.scenario->disciplines == every_discipline);
}

TEST(Interpreter, WhatIsSoundHoldsCompletelyUnderEveryDiscipline) {
    for (const std::string_view variant : {"sound", "per_pid"})
        for (const pidmap_setting& cell : every_cell(2, 1))
            if (is_small(variant, cell)) {
                EXPECT_THAT(explore_all(variant, cell), holds_completely())
                    << variant << ' ' << to_string(cell);
            }
}

TEST(Interpreter, WhatIsSoundBreaksInNoSampleOfTheRest) {
    for (const std::string_view variant : {"sound", "per_pid"})
        for (const unsigned turns : {1U, 2U})
            for (const pidmap_setting& cell : every_cell(3, turns)) {
                const auto p = find_explored_variant(variant)->make(cell);
                EXPECT_TRUE(explore(*p, {.strategy = strategy::portfolio, .budget = 700}).ok())
                    << variant << ' ' << to_string(cell);
            }
}

// A caller that is told that the namespace is dead and then gets a pid has seen what no order of
// the calls explains. Nothing else checks that: under `lookup`, each of the two answers is right by
// itself.
TEST(Interpreter, WhatNoOrderOfTheCallsExplainsIsFound) {
    for (const unsigned variation : {0U, resident_last}) {
        const pidmap_setting cell{.how = discipline::lookup,
                                  .scenario = find_explored_scenario("page_boundary"),
                                  .threads = 2,
                                  .turns = 2,
                                  .variation = variation};
        const options how{.strategy = strategy::portfolio, .budget = 20'000};
        const auto sound = find_explored_variant("sound")->make(cell);
        EXPECT_TRUE(explore(*sound, how).ok());
        const explored_variant faint = make_usual_explored_variant<faint_hearted>();
        const auto p = faint.make(cell);
        const result r = explore(*p, how);
        ASSERT_THAT(r, breaks(finding_kind::assertion)) << r.summary();
        EXPECT_EQ(r.findings[0].broken, invariant::linearizable);
    }
}

// A thread has the creator's reference on what it creates, and gives it up once: by a put, or by
// closing it.
TEST(Interpreter, WhoClosesItsOwnChildPutsTheCreatorsReferenceOnce) {
    for (const std::string_view text :
         {"member/calls/2x4/max8/last1/1=nx@1", "member/calls/2x4/max8/last1/1=nx@1p@1x@1",
          "member/calls/2x4/max8/last1/1=na@1x@1p@1f1", "member/calls/2x4/max8/last1/1=np@1x@1",
          "reference/calls/2x4/max8/last0/=ng@1x@1p@1p@1", "reference/calls/2x4/max8/last0/=nx@1"})
        for (const std::string_view variant : {"sound", "per_pid"}) {
            const auto calls = parse_script(text);
            ASSERT_TRUE(calls) << text;
            const auto p = find_explored_variant(variant)->make(*calls);
            const result r = explore(*p, {.strategy = strategy::prove});
            EXPECT_TRUE(r.findings.empty() && r.complete) << text << '\n' << r.summary();
        }
}

TEST(Interpreter, EveryVariantIsThere) {
    std::set<std::string_view> names;
    for (const explored_variant& one : explored_variants()) names.insert(one.info->name);
    EXPECT_TRUE(names.contains("as_posted") && names.contains("as_posted_creator") &&
                names.contains("symmetric") && names.contains("sound") &&
                names.contains("per_pid"));
}

TEST(Interpreter, SettingsAreReadAsTheyAreWritten) {
    for (const pidmap_setting& cell : every_cell(3, 1)) {
        const auto read = parse_pidmap_setting(to_string(cell));
        ASSERT_TRUE(read) << to_string(cell);
        EXPECT_EQ(to_string(*read), to_string(cell));
    }
    for (const std::string_view wrong :
         {"", "member", "member/page_zero/2x1/2x7", "owner/page_zero/2x1/2x8",
          "member/page_zero/9x1/2x8", "member/page_zero/2x1/2x8/resident_first",
          "member/page_zero/2x1/2x8/", "member/page_two/2x1/2x8"})
        EXPECT_FALSE(parse_pidmap_setting(wrong)) << wrong;
}

// The work of one thread reaches another one through the variant alone, and not through the
// tester's own books: executions are run again with their threads in any order.
TEST(Interpreter, WhatGoesFromThreadToThreadIsJudgedInEveryOrder) {
    for (const std::string_view text :
         {// Both have the number, and its object, one after another.
          "reference/calls/2x2/max2/last0/=of0+=of0", "reference/calls/2x2/max2/last0/=o+=of0",
          "reference/calls/2x2/max2/last0/=of0+=o",
          "reference/calls/2x2/max2/last0/=ok0f0d+=ol0df0",
          "member/calls/2x2/max3/last0!oo/1=f0+2=of1l0d",
          // One thread raises pid_max, which lets the others have more.
          "reference/calls/2x4/max2/last0/=m8+=aa", "reference/calls/2x4/max2/last0/=aa+=m8",
          "reference/calls/2x4/max2/last0/=am8f0+=af0a"}) {
        const auto s = parse_script(text);
        ASSERT_TRUE(s) << text;
        const explored_variant& sound = *find_explored_variant("sound");
        EXPECT_THAT(explore(*sound.make(*s), {.stop_at_first = false}), holds_completely()) << text;
        EXPECT_TRUE(explore(*sound.make(*s), {.strategy = strategy::random, .walks = 500}).ok())
            << text;
    }
}

}  // namespace
}  // namespace pidmap_stress::explore
