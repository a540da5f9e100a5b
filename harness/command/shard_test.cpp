#include "harness/command/shard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "harness/base/usage_error.hpp"

namespace pidmap_stress {
namespace {

using ::testing::HasSubstr;

using environment = std::map<std::string, std::string>;

[[nodiscard]] shard_choice choose(const std::string& option, const environment& set) {
    return choose_shard(option, [&set](const char* name) {
        const auto found = set.find(name);
        return found == set.end() ? nullptr : found->second.c_str();
    });
}

[[nodiscard]] std::string refusal(const std::string& option, const environment& set) {
    try {
        (void)choose(option, set);
    } catch (const usage_error& error) {
        return error.what();
    }
    return "";
}

// Without a word about it, the whole is meant.
TEST(Shard, IsTheWholeUnlessSomethingSaysSo) {
    EXPECT_EQ(choose("", {}).part, (shard{.index = 0, .count = 1}));
    EXPECT_EQ(choose("", {}).from, "");
    EXPECT_EQ(choose("", {{"CI_NODE_TOTAL", "1"}}).from, "") << "GitLab sets it for any job";
}

// Each batch system counts in its own way.
TEST(Shard, IsReadAsEachSystemSetsIt) {
    const shard third{.index = 2, .count = 8};
    EXPECT_EQ(choose("3/8", {}).part, third);
    EXPECT_EQ(choose("", {{"GTEST_SHARD_INDEX", "2"}, {"GTEST_TOTAL_SHARDS", "8"}}).part, third);
    EXPECT_EQ(choose("", {{"SLURM_ARRAY_TASK_ID", "12"},
                          {"SLURM_ARRAY_TASK_MIN", "10"},
                          {"SLURM_ARRAY_TASK_COUNT", "8"}})
                  .part,
              third);
    EXPECT_EQ(choose("", {{"JOB_COMPLETION_INDEX", "2"}, {"JOB_COMPLETIONS", "8"}}).part, third);
    EXPECT_EQ(choose("", {{"CI_NODE_INDEX", "3"}, {"CI_NODE_TOTAL", "8"}}).part, third);
    EXPECT_EQ(choose("3/8", {{"CI_NODE_INDEX", "3"}, {"CI_NODE_TOTAL", "8"}}).part, third)
        << "they agree";
}

// Two that disagree would let a part be done twice, and another one never.
TEST(Shard, ThatTwoDisagreeOnIsRefused) {
    EXPECT_THAT(refusal("3/8", {{"CI_NODE_INDEX", "2"}, {"CI_NODE_TOTAL", "8"}}),
                HasSubstr("--shard says part 3/8, CI_NODE_INDEX says part 2/8"));
}

TEST(Shard, ThatIsNoPartOfAWholeIsRefused) {
    for (const char* const wrong : {"0/8", "9/8", "3", "/", "a/b", "1/0", "-1/8"})
        EXPECT_THAT(refusal(wrong, {}), HasSubstr("is not a part of a whole")) << wrong;
    EXPECT_THAT(refusal("", {{"CI_NODE_INDEX", "0"}, {"CI_NODE_TOTAL", "8"}}),
                HasSubstr("CI_NODE_INDEX"));
    EXPECT_THAT(refusal("", {{"GTEST_SHARD_INDEX", "8"}, {"GTEST_TOTAL_SHARDS", "8"}}),
                HasSubstr("must be 0 to 7"));
    EXPECT_THAT(refusal("", {{"JOB_COMPLETION_INDEX", "1"}}), HasSubstr("JOB_COMPLETIONS is not"));
    EXPECT_THAT(refusal("", {{"GTEST_SHARD_INDEX", "x"}, {"GTEST_TOTAL_SHARDS", "8"}}),
                HasSubstr("'x' is not a whole number"));
}

}  // namespace
}  // namespace pidmap_stress
