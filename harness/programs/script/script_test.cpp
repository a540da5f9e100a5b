// Scripts: their text, and that programs made from them behave alike.

#include "harness/programs/script/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "harness/explorer/search/explore.hpp"
#include "harness/programs/matrix.hpp"
#include "harness/programs/script/smaller_scripts.hpp"

namespace pidmap_stress::explore {
namespace {

std::vector<pidmap_setting> every_setting() {
    std::vector<pidmap_setting> all;
    for (int how = 0; how < discipline_count; ++how)
        for (const explored_scenario* const scenario : explored_scenarios())
            for (const unsigned threads : {1U, 2U, 3U})
                for (const unsigned turns : {1U, 2U})
                    for (unsigned variation = 0;
                         variation < std::max<std::size_t>(1, scenario->variations.size());
                         ++variation)
                        all.push_back({.how = static_cast<discipline>(how),
                                       .scenario = scenario,
                                       .threads = threads,
                                       .turns = turns,
                                       .variation = variation});
    std::erase_if(all, [](const pidmap_setting& one) { return why_not(one).has_value(); });
    return all;
}

result explore_all(std::string_view variant, const script& s) {
    return explore(*find_explored_variant(variant)->make(s), {.stop_at_first = false});
}

// A script is read as it is written.
TEST(Script, IsReadAsItIsWritten) {
    for (const pidmap_setting& setting : every_setting()) {
        const auto s = setting.scenario->calls(setting);
        EXPECT_EQ(why_not(s), std::nullopt) << to_string(setting);
        EXPECT_EQ(parse_script(to_string(s)), s) << to_string(s);
    }
    for (const std::string_view text :
         {"member/calls/2x4/max8/last4!naa@1/1,1@1=~1af0+=gx",  // Of the README.
          "member/calls/2x4/max8/last4/4=af0+=a", "lookup/calls/2x2/max4/last0/c=agpf9",
          "reference/calls/2x8/max9/last8/c1,8=p+", "member/calls/2x4/max8/last0!a*7gg/1=a*5",
          "member/calls/3x4r3/max12/last0!naa@1f0m8/1@1=~2na@2b@2xoi1l0k0dm8+=n@1"}) {
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
    for (const std::string_view wrong : {"",
                                         "member",
                                         "member/calls",
                                         "owner/calls/2x4/max8/last4/4=a",
                                         "member/calls/4x4/max8/last4/4=a",
                                         "member/calls/2x5/max8/last4/4=a",
                                         "member/calls/2x4/max9/last4/4=a",
                                         "member/calls/2x4/max8/last8/4=a",
                                         "member/calls/2x4/max8/last4/5=a",
                                         "member/calls/2x4/max8/last4/4=a+4=a",
                                         "member/calls/2x4/max8/last4/4=z",
                                         "member/calls/2x4/max8/last4/4=f",
                                         "member/calls/2x4/max8/last4/c4=a+c=a",
                                         "member/calls/2x4/max8/last4/=a+=a+=a+=a+=a",
                                         "member/calls/2x4/max8/last4/=aaaaaaaaaaaaaaaaaaaaaaaaa",
                                         "lookup/calls/2x4/max8/last4/=n",
                                         "member/calls/2x4/max8/last4/4=a@1",
                                         "member/calls/2x4/max8/last4/4=n+=a@1",
                                         "member/calls/2x4/max8/last4/4=nn@1n@2",
                                         "member/calls/2x4/max8/last4/4=n@0",
                                         "member/calls/2x4/max8/last4!x/4=a",
                                         "member/calls/2x4/max8/last4!n/4@1=a",
                                         "member/calls/2x4/max8/last4/4=m9",
                                         "member/calls/2x4/max8/last4/4=b",
                                         "member/calls/2x2r3/max4/last2/2=a",
                                         "member/calls/2x4/max8/last4/4=~0a"})
        EXPECT_FALSE(parse_script(wrong)) << wrong;
}

// What threads still hold in the end is not a leak, and a script that frees nothing holds.
TEST(Script, GivesBackWhatIsLeftOver) {
    for (const std::string_view text :
         {"member/calls/2x4/max8/last4/4=aa+=", "reference/calls/2x2/max4/last0/=ag+=aa",
          "lookup/calls/2x2/max4/last2/2=a+=a", "member/calls/2x2/max4/last0/c=aap"}) {
        const auto s = parse_script(text);
        ASSERT_TRUE(s) << text;
        const result r = explore_all("sound", *s);
        EXPECT_TRUE(r.findings.empty() && r.complete) << text << ": " << r.summary();
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

// From nothing, calls reach the same state.
// What a child's pids show, those of the namespace above it may show too.
TEST(Script, GoesOnWithoutItsChildren) {
    const auto contains = [](std::string_view of, std::string_view smaller) {
        const auto all = smaller_ones(*parse_script(of));
        return std::ranges::any_of(all,
                                   [&](const script& one) { return to_string(one) == smaller; });
    };
    // Those that threads have made, one or all, with their references.
    EXPECT_TRUE(contains("reference/calls/2x4/max8/last0/=na@1p@1f0+=na@2x@2",
                         "reference/calls/2x4/max8/last0/=af0+=a"));
    EXPECT_TRUE(contains("reference/calls/2x4/max8/last0/=na@1p@1f0+=na@2x@2",
                         "reference/calls/2x4/max8/last0/=af0+=na@1x@1"));
    // A child's child is the parent's child.
    EXPECT_TRUE(contains("reference/calls/2x4/max8/last0/=nn@1a@2p@2",
                         "reference/calls/2x4/max8/last0/=na@1p@1"));
    // That of the set-up, in which threads are.
    EXPECT_TRUE(contains("member/calls/2x4/max8/last0!na@1a@1/1@1=a@1f0+2@1=f0",
                         "member/calls/2x4/max8/last0!aa/1=af0+2=f0"));
    EXPECT_TRUE(
        contains("reference/calls/2x4/max8/last0!n/=a@1p@1", "reference/calls/2x4/max8/last0/=ap"));
}

TEST(Script, StartsFromNothing) {
    const auto s = parse_script("member/calls/2x2/max4/last2/2=af0");
    ASSERT_TRUE(s);
    const auto all = from_nothing(*s);
    ASSERT_TRUE(all);
    EXPECT_EQ(to_string(*all), "member/calls/2x2/max4/last0/c=aaf0paf0");
}

}  // namespace
}  // namespace pidmap_stress::explore
