// Scripts: their text, and that what they are made from behaves alike.

#include "harness/programs/script.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/explorer/search/explore.hpp"
#include "harness/programs/matrix.hpp"

namespace pidmap_stress::explore {
namespace {

std::vector<pidmap_setting> every_setting() {
    std::vector<pidmap_setting> all;
    for (int how = 0; how < discipline_count; ++how)
        for (const std::string_view scenario : {"page_zero", "page_boundary"})
            for (const unsigned variation : {0U, 1U})
                all.push_back({.how = static_cast<discipline>(how),
                               .scenario = find_explored_scenario(scenario),
                               .threads = 2,
                               .turns = 1,
                               .variation = variation});
    std::erase_if(all, [](const pidmap_setting& one) { return why_not(one).has_value(); });
    return all;
}

result explore_all(std::string_view variant, const script& s) {
    return explore(*find_explored_variant(variant)->make(s), {.stop_at_first = false});
}

invariant_set broken_in(const result& r) {
    invariant_set all;
    for (const finding& f : r.findings)
        // Scripts are not judged by these two.
        if (const auto which = broken_by(f); which && !which->is_crash() &&
                                             which != invariant::reference_covers_pages &&
                                             which != invariant::no_immediate_reuse)
            all.insert(*which->broken());
    return all;
}

// A script is read as it is written.
TEST(Script, IsReadAsItIsWritten) {
    for (const pidmap_setting& setting : every_setting()) {
        const auto s = to_script(setting);
        ASSERT_TRUE(s) << to_string(setting);
        EXPECT_EQ(parse_script(to_string(*s)), *s) << to_string(*s);
    }
    for (const std::string_view text :
         {"member/calls/2x4/max8/last4/4=af0+=a", "lookup/calls/2x2/max4/last0/c=agpf9",
          "reference/calls/2x8/max9/last8/c1,8=p+"}) {
        const auto s = parse_script(text);
        if (text.ends_with('+')) {
            EXPECT_FALSE(s) << "a thread without '='";
        } else {
            ASSERT_TRUE(s) << text;
            EXPECT_TRUE(parse_script(to_string(*s)) == s) << to_string(*s);
        }
    }
}

// What makes no sense is refused.
TEST(Script, RefusesWhatMakesNoSense) {
    for (const std::string_view wrong :
         {"", "member", "member/calls", "owner/calls/2x4/max8/last4/4=a",
          "member/calls/3x4/max8/last4/4=a", "member/calls/2x5/max8/last4/4=a",
          "member/calls/2x4/max9/last4/4=a", "member/calls/2x4/max8/last8/4=a",
          "member/calls/2x4/max8/last4/5=a", "member/calls/2x4/max8/last4/4=a+4=a",
          "member/calls/2x4/max8/last4/4=x", "member/calls/2x4/max8/last4/4=f",
          "member/calls/2x4/max8/last4/c4=a+c=a", "member/calls/2x4/max8/last4/=a+=a+=a+=a+=a",
          "member/calls/2x4/max8/last4/=aaaaaaaaaaaaaaaaaaaaaaaaa"})
        EXPECT_FALSE(parse_script(wrong)) << wrong;
}

// A setting's script breaks what the setting breaks, and holds where that holds.
TEST(Script, DoesWhatItsSettingDoes) {
    for (const std::string_view variant : {"sound", "symmetric", "as_posted"})
        for (const pidmap_setting& setting : every_setting()) {
            const auto s = to_script(setting);
            const result by_calls = explore_all(variant, *s);
            const result by_setting =
                explore(*find_explored_variant(variant)->make(setting), {.stop_at_first = false});
            EXPECT_TRUE(by_calls.complete) << to_string(*s);
            EXPECT_EQ(broken_in(by_calls), broken_in(by_setting))
                << variant << ' ' << to_string(*s) << ": " << by_calls.summary() << " and "
                << by_setting.summary();
        }
}

// What threads still hold in the end is no leak, and a script that frees nothing holds.
TEST(Script, GivesBackWhatIsLeftOver) {
    for (const std::string_view text :
         {"member/calls/2x4/max8/last4/4=aa+=", "reference/calls/2x2/max4/last0/=ag+=aa",
          "lookup/calls/2x2/max4/last2/2=a+=a", "member/calls/2x2/max4/last0/c=aap"}) {
        const auto s = parse_script(text);
        ASSERT_TRUE(s) << text;
        const result r = explore_all("sound", *s);
        EXPECT_TRUE(r.ok() && r.complete) << text << ": " << r.summary();
    }
}

// A call that the discipline does not allow is left out: a member without a pid does nothing.
TEST(Script, LeavesOutWhatTheDisciplineDoesNotAllow) {
    const auto s = parse_script("member/calls/2x4/max8/last4/4=+=aafp");
    EXPECT_FALSE(s);
    const auto none = parse_script("member/calls/2x4/max8/last4/4=+=aaf0p");
    ASSERT_TRUE(none);
    EXPECT_EQ(explore_all("as_posted", *none).executions, 1U);
}

// On smaller pages pids keep their pages and their order.
TEST(Script, GoesOnSmallerPages) {
    const auto s = parse_script("member/calls/2x8/max10/last9/8=a+2,9=f0");
    ASSERT_TRUE(s);
    const auto small = on_smaller_pages(*s, 2);
    ASSERT_TRUE(small);
    EXPECT_EQ(to_string(*small), "member/calls/2x2/max4/last3/2=a+1,3=f0");
    EXPECT_FALSE(on_smaller_pages(*small, 2));
    EXPECT_FALSE(on_smaller_pages(*parse_script("member/calls/2x4/max8/last6/4,5,6=a"), 2))
        << "three pids have no room";
}

// From nothing, the same state is reached by calls.
TEST(Script, StartsFromNothing) {
    const auto s = parse_script("member/calls/2x2/max4/last2/2=af0");
    ASSERT_TRUE(s);
    const auto all = from_nothing(*s);
    ASSERT_TRUE(all);
    EXPECT_EQ(to_string(*all), "member/calls/2x2/max4/last0/c=aaf0paf0");
}

}  // namespace
}  // namespace pidmap_stress::explore
