// Goal: show that the parts of a study, from different builds, are merged without a loss.

#include "harness/command/mutants_command.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/explorer/run/sanitizers.hpp"
#include "harness/power/attempt.hpp"

namespace pidmap_stress {
namespace {

TEST(MutantsCommand, KeepsWhatAnotherBuildFound) {
    const std::string other = ::testing::TempDir() + "merged_from.json";
    const std::string both = ::testing::TempDir() + "merged.json";
    const power::attempt found{.of = "sound",
                               .by = power::strategy::tsan,
                               .broken = {"nothing_leaked"},
                               .named = true,
                               .seconds = 1};
    std::ofstream(other) << nlohmann::json{{"attempts", {power::to_json(found)}}};
    (void)run_mutants({.mutants = {"sound"},
                       .strategies = {under_tsan ? "asan" : "tsan"},
                       .part = true,
                       .merge = {other},
                       .json_path = both},
                      "pidmap-stress", false);
    std::ifstream file(both);
    const nlohmann::json merged = nlohmann::json::parse(file);
    ASSERT_EQ(merged.at("attempts").size(), 1U);
    EXPECT_EQ(merged.at("attempts")[0], power::to_json(found));
}

}  // namespace
}  // namespace pidmap_stress
