// Goal: show that parts of an exploration, put together by `report`, say what one exploration
// without parts says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/command/options.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::program_end;
using testing::run_by_shell;
using testing::run_pidmap_stress;
using testing::scratch_folder;
using testing::text_of;
using words = std::vector<std::string>;

class Parts : public ::testing::Test {
protected:
    /// Explores parts of work, and returns their results files.
    [[nodiscard]] words explore_parts(words command, unsigned parts) {
        words files;
        for (unsigned n = 1; n <= parts; ++n) {
            files.push_back(folder_.path(std::to_string(n) + "of" + std::to_string(parts)));
            words all = command;
            all.insert(all.end(), {"--shard", std::to_string(n) + "/" + std::to_string(parts),
                                   "--json", files.back()});
            const program_end end = run_pidmap_stress(all);
            EXPECT_EQ(end.code, exit_as_expected) << end.out << end.err;
        }
        return files;
    }
    /// What `report` says of results files: its exit code, and the entry of each part of the work.
    struct joined {
        int code;
        nlohmann::json all;
    };
    [[nodiscard]] joined report(words files) {
        const std::string path = folder_.path("report.json");
        files.insert(files.begin(), "report");
        files.insert(files.end(), {"--json", path});
        const int code = run_pidmap_stress(files).code;
        return {.code = code, .all = nlohmann::json::parse(text_of(path))};
    }
    /// The entries without the words that say how many parts there were.
    [[nodiscard]] static words entries(const joined& from) {
        words all;
        for (const nlohmann::json& one : from.all.at("parts")) {
            std::string sentence = one.at("sentence").get<std::string>();
            if (const std::size_t at = sentence.find(", from "); at != std::string::npos)
                sentence.erase(at, sentence.find(" parts", at) + 6 - at);
            all.push_back(one.at("name").get<std::string>() + ": " + sentence);
        }
        return all;
    }

    scratch_folder folder_;
};

TEST_F(Parts, OfClientsProveTheSameAsOne) {
    const words command{"explore",
                        "--variant",
                        "sound,per_pid",
                        "--discipline",
                        "member,lookup",
                        "--clients",
                        "3",
                        "--calls-of-three",
                        "0",
                        "--calls-of-nested",
                        "1"};
    words parts = explore_parts(command, 4);
    const joined together = report(parts);
    const joined alone = report(explore_parts(command, 1));
    EXPECT_EQ(together.code, exit_as_expected);
    EXPECT_EQ(alone.code, exit_as_expected);
    EXPECT_EQ(entries(together), entries(alone));
    ASSERT_EQ(entries(alone).size(), 4U);
    EXPECT_THAT(entries(alone)[0], AllOf(HasSubstr("holds for every client of at most 3 calls"),
                                         HasSubstr("under lookup")));
    // Without one of them there is no proof, whichever it is.
    for (const std::string& missing : words(parts)) {
        words rest;
        for (const std::string& one : parts)
            if (one != missing) rest.push_back(one);
        const joined some = report(rest);
        EXPECT_EQ(some.code, exit_inconclusive);
        for (const std::string& entry : entries(some)) EXPECT_THAT(entry, HasSubstr("unbroken"));
    }
}

// The smallest client that breaks a variant is the same, whichever part has it.
TEST_F(Parts, OfClientsFindTheSameAsOne) {
    const words command{"explore", "--variant", "as_posted", "--clients", "3", "--no-shrink"};
    const auto tokens = [](const joined& from) {
        words all;
        for (const nlohmann::json& one : from.all.at("parts")) {
            const std::string sentence = one.at("sentence").get<std::string>();
            all.push_back(sentence.substr(sentence.find("replay ")));
        }
        return all;
    };
    const joined alone = report(explore_parts(command, 1));
    EXPECT_EQ(alone.code, exit_as_expected);
    EXPECT_EQ(tokens(report(explore_parts(command, 3))), tokens(alone));
    EXPECT_FALSE(tokens(alone).empty());
}

TEST_F(Parts, OfAMatrixAreItsCells) {
    const words command{"explore",    "--matrix",  "--variant",  "sound,symmetric",
                        "--scenario", "page_zero", "--strategy", "prove"};
    const joined alone = report(explore_parts(command, 1));
    const joined together = report(explore_parts(command, 5));
    EXPECT_EQ(alone.code, exit_as_expected);
    EXPECT_EQ(together.code, exit_as_expected);
    EXPECT_EQ(entries(together), entries(alone));
    EXPECT_GE(entries(alone).size(), 4U);
}

// Parts of a study are divided by candidates.
TEST_F(Parts, OfAStudyAddUp) {
    const words command{"mutants", "--mutant", "double_put,lost_put,get_from_zero", "--strategy",
                        "bounded"};
    const joined alone = report(explore_parts(command, 1));
    const joined together = report(explore_parts(command, 2));
    EXPECT_EQ(alone.code, exit_as_expected);
    EXPECT_EQ(entries(together), entries(alone));
    ASSERT_EQ(entries(alone).size(), 1U);
    EXPECT_THAT(entries(alone)[0], HasSubstr("3 of 3 killed"));
}

TEST_F(Parts, ThatMakeNoSenseAreRefused) {
    const auto refused = [](const words& command, const std::string& why) {
        const program_end end = run_pidmap_stress(command);
        EXPECT_EQ(end.code, exit_usage);
        EXPECT_THAT(end.err, HasSubstr(why));
    };
    refused({"explore", "--clients", "2", "--shard", "5/4"}, "--shard '5/4' is not a part");
    refused({"explore", "--matrix", "--shard", "0/4"}, "--shard '0/4' is not a part");
    refused({"explore", "--shard", "1/4"}, "add --matrix, or --clients N");
    refused({"mutants", "--shard", "x"}, "--shard 'x' is not a part");
    const std::string file = folder_.path("other.json");
    EXPECT_EQ(run_by_shell("echo '{}' >'" + file + "'").code, 0);
    refused({"report", file}, "other.json is neither a folder nor a file that");
}

}  // namespace
}  // namespace pidmap_stress
