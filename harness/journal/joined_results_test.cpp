#include "harness/journal/joined_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace pidmap_stress::journal {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Part `index` of `count` of an exploration of every client: of `clients` on one thread, all
/// explored.
[[nodiscard]] json some_part(unsigned index, unsigned count, std::uint64_t clients) {
    json row{{"variant", "sound"},
             {"discipline", "member"},
             {"verdict", "holds"},
             {"as_expected", true},
             {"executions", 10 * clients},
             {"states", 0},
             {"levels",
              {{{"threads", 1},
                {"calls", 1},
                {"clients", clients},
                {"explored", clients},
                {"partly", 0}}}},
             {"findings", json::array()}};
    return {{"program", "pidmap-stress"},
            {"command", "explore --clients"},
            {"shard", {{"index", index}, {"count", count}}},
            {"configuration", {{"clients", "1"}, {"model", "rc11"}, {"jobs", 1}}},
            {"build", {{"tokens", "abc"}}},
            {"complete", true},
            {"exit_code", 0},
            {"cells", {row}}};
}

[[nodiscard]] joined_results joined(const std::vector<json>& files) {
    joined_results all;
    for (const json& one : files) all.add("part.json", one.dump());
    return all;
}

[[nodiscard]] std::string sentence_of(const std::vector<json>& files) {
    return joined(files).explored().at(0).sentence;
}

TEST(JoinedResults, AreAProofOnlyIfEveryPartIsThere) {
    EXPECT_THAT(sentence_of({some_part(0, 1, 5)}),
                "holds for every client of at most 1 call on 1 thread; 5 clients, 50 executions");
    const std::vector<json> parts{some_part(0, 2, 2), some_part(1, 2, 3)};
    EXPECT_THAT(sentence_of(parts), AllOf(HasSubstr("holds for every client of at most 1 call"),
                                          HasSubstr("5 clients, 50 executions, from 2 parts")));
    EXPECT_THAT(joined(parts).missing(), IsEmpty());

    EXPECT_THAT(sentence_of({parts[1]}), AllOf(HasSubstr("unbroken"), Not(HasSubstr("holds"))));
    ASSERT_EQ(joined({parts[1]}).missing().size(), 1U);
    EXPECT_EQ(joined({parts[1]}).missing()[0].what, "explore --clients: shard 1 of 2 is missing");
    // The whole is not as it should be, whatever its parts are.
    summarizer all;
    for (const other_part& one : joined({parts[1]}).explored()) all.add(one);
    for (const missing_part& one : joined({parts[1]}).missing()) all.add(one);
    EXPECT_EQ(std::move(all).finish().exit_code, 7);
}

TEST(JoinedResults, AreNoProofIfAPartWasCutShort) {
    json cut = some_part(1, 2, 3);
    cut["complete"] = false;
    cut["exit_code"] = 85;
    cut["cells"][0]["verdict"] = "unbroken";
    cut["cells"][0]["levels"][0]["explored"] = 1;
    EXPECT_THAT(sentence_of({some_part(0, 2, 2), cut}), HasSubstr("unbroken as far as explored"));
    ASSERT_EQ(joined({some_part(0, 2, 2), cut}).missing().size(), 1U);
    // The part was run again: then the attempt that was cut short does not count.
    EXPECT_THAT(sentence_of({some_part(1, 2, 3), some_part(0, 2, 2), cut}), HasSubstr("holds"));
    EXPECT_THAT(sentence_of({cut, some_part(0, 2, 2), some_part(1, 2, 3)}), HasSubstr("holds"));
}

// A variant that only some of the parts explored is not proved by them.
TEST(JoinedResults, AreNoProofOfWhatOnlySomePartsExplored) {
    json first = some_part(0, 2, 2);
    first["cells"].push_back(first["cells"][0]);
    first["cells"][1]["variant"] = "per_pid";
    const std::vector<other_part> all = joined({first, some_part(1, 2, 3)}).explored();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_THAT(all[0].name, HasSubstr("per_pid"));
    EXPECT_THAT(all[0].sentence, AllOf(HasSubstr("unbroken"), Not(HasSubstr("holds"))));
    EXPECT_THAT(all[1].sentence, HasSubstr("holds"));
}

// Parts of two builds, or of two models, prove nothing together.
TEST(JoinedResults, TellDifferentWorkApart) {
    json other = some_part(1, 2, 3);
    other["build"]["tokens"] = "def";
    EXPECT_EQ(joined({some_part(0, 2, 2), other}).missing().size(), 2U);
    other = some_part(1, 2, 3);
    other["configuration"]["model"] = "sc";
    EXPECT_EQ(joined({some_part(0, 2, 2), other}).missing().size(), 2U);
    other = some_part(1, 2, 3);
    other["configuration"]["jobs"] = 2;
    EXPECT_THAT(joined({some_part(0, 2, 2), other}).missing(), IsEmpty());
}

// The finding of the smallest client is told, whichever part met it.
TEST(JoinedResults, TellTheSmallestFinding) {
    std::vector<json> parts{some_part(0, 3, 2), some_part(1, 3, 3), some_part(2, 3, 3)};
    for (unsigned n = 0; n < 2; ++n) {
        json& row = parts[n]["cells"][0];
        row["verdict"] = "violated";
        row["as_expected"] = false;
        row["findings"] = {{{"invariant", "no_underflow"},
                            {"kind", "assertion"},
                            {"client", {3, 2, 8 - n}},
                            {"reproduce", "replay of " + std::to_string(n)}}};
    }
    const other_part seen = joined(parts).explored().at(0);
    EXPECT_EQ(seen.code, 2);
    EXPECT_THAT(seen.sentence,
                AllOf(HasSubstr("fails (!): no_underflow"), HasSubstr("replay of 1")));
}

TEST(JoinedResults, DoNotDependOnTheOrder) {
    std::vector<json> files;
    for (unsigned n = 0; n < 8; ++n) files.push_back(some_part(n, 8, n + 1));
    files.push_back(some_part(0, 3, 2));
    files.push_back(files.front());
    const auto text = [](const joined_results& all) {
        std::string sum;
        for (const other_part& one : all.explored())
            sum += one.name + std::to_string(one.code) + one.sentence + "\n";
        for (const missing_part& one : all.missing()) sum += one.what + "\n";
        return sum;
    };
    const std::string expected = text(joined(files));
    std::mt19937 order(1);
    for (int n = 0; n < 20; ++n) {
        std::ranges::shuffle(files, order);
        EXPECT_EQ(text(joined(files)), expected);
    }
}

TEST(JoinedResults, AddUpStudies) {
    const auto part = [](unsigned index, json mutants) {
        return json{{"program", "pidmap-stress"},
                    {"command", "mutants"},
                    {"shard", {{"index", index}, {"count", 2}}},
                    {"mutants", std::move(mutants)}};
    };
    const json killed{{"name", "a"}, {"outcome", "killed"}};
    const json survivor{{"name", "b"}, {"outcome", "survived"}};
    const json quiet{{"name", "c"}, {"outcome", "quiet"}};
    const json alarm{{"name", "d"}, {"outcome", "false alarm"}};
    const other_part good =
        joined({part(0, json::array({killed})), part(1, json::array({quiet}))}).explored().at(0);
    EXPECT_EQ(good.code, 0);
    EXPECT_EQ(good.sentence, "1 of 1 killed, 0 false alarms of 1, from 2 parts");
    const other_part missed =
        joined({part(0, json::array({killed})), part(1, json::array({survivor}))}).explored().at(0);
    EXPECT_EQ(missed.code, 7);
    EXPECT_THAT(missed.sentence, HasSubstr("b survived"));
    EXPECT_EQ(joined({part(0, json::array({killed})), part(1, json::array({alarm}))})
                  .explored()
                  .at(0)
                  .code,
              2);
}

TEST(JoinedResults, RefuseWhatIsNone) {
    for (
        const char* const text :
        {"", "{", "[]", "{}", R"({"program":"pidmap-stress"})",
         R"({"program":"pidmap-stress","command":"run","shard":{"index":0,"count":1}})",
         R"({"program":"pidmap-stress","command":"mutants","shard":{"index":2,"count":2},"mutants":[]})"})
        try {
            joined_results().add("some/file", text);
            ADD_FAILURE() << text;
        } catch (const std::runtime_error& error) {
            EXPECT_THAT(error.what(), HasSubstr("some/file"));
        }
}

}  // namespace
}  // namespace pidmap_stress::journal
