// Goal: show that a program says what it was built from, in everything that it leaves behind, and
// that this does not affect its tokens.

#include "harness/command/report/provenance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/build_facts.hpp"
#include "harness/command/options.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::program_end;
using testing::run_by_shell;
using testing::run_pidmap_stress;
using testing::scratch_folder;
using testing::text_of;

constexpr const char* date = "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z";

/// The rest of the line that begins with `name`.
[[nodiscard]] std::string line_of(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    if (at == std::string::npos) return "no " + name;
    const std::size_t from = text.find_first_not_of(' ', at + name.size());
    return text.substr(from, text.find('\n', from) - from);
}

// --version prints all of it, on standard output.
TEST(Version, SaysWhatTheProgramWasBuiltFrom) {
    const program_end end = run_pidmap_stress({"--version"});
    EXPECT_EQ(end.code, exit_as_expected);
    EXPECT_EQ(end.err, "");
    EXPECT_EQ(line_of(end.out, "pidmap-stress "), this_build().version);
    EXPECT_THAT(line_of(end.out, "commit:"), MatchesRegex("([0-9a-f]+(, modified)?|unknown)"));
    EXPECT_THAT(line_of(end.out, "compiler:"),
                MatchesRegex("(Clang|GCC) [0-9]+[.][0-9]+[.][0-9]+"));
    EXPECT_THAT(line_of(end.out, "built:"), MatchesRegex(date));
    EXPECT_THAT(line_of(end.out, "tokens:"), MatchesRegex("of build [0-9a-f]{8}"));
    EXPECT_THAT(this_build().version, MatchesRegex("[0-9]+[.][0-9]+[.][0-9]+"));
}

// Each results file has the build, the host and the date of the run.
TEST(Provenance, HasBuildHostAndDate) {
    const nlohmann::json all = provenance();
    std::array<char, 256> host{};
    ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
    EXPECT_EQ(all.at("host"), host.data());
    EXPECT_THAT(all.at("date").get<std::string>(), MatchesRegex(date));
    EXPECT_EQ(all.at("build").at("version"), this_build().version);
    EXPECT_EQ(all.at("build").at("commit"), this_build().commit);
    EXPECT_EQ(all.at("build").at("compiler"), this_build().compiler);
    EXPECT_THAT(all.at("build").at("date").get<std::string>(), MatchesRegex(date));
    EXPECT_EQ(provenance(), all) << "a run has one date";
    EXPECT_THAT(describe_build(), HasSubstr(this_build().commit.substr(0, 12)));
    EXPECT_THAT(describe_run(), HasSubstr(host.data()));
}

/// Overwrites the first occurrence of `what` in a file.
void overwrite(const std::string& path, const std::string& what, const std::string& by) {
    const std::string bytes = text_of(path);
    const std::size_t at = bytes.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << by;
    ASSERT_TRUE(file.flush());
}

// Another commit and another date are reported, and tokens stay the same; other code has other
// tokens.
TEST(Version, ACommitChangesNoToken) {
    const scratch_folder folder;
    const std::string copy = folder.path("program");
    std::filesystem::copy_file(testing::pidmap_stress_path(), copy);
    const auto version = [&copy] { return run_by_shell(copy + " --version").out; };
    const std::string before = version();
    EXPECT_EQ(before, run_pidmap_stress({"--version"}).out);

    const std::string mark = "pidmap-stress build facts|";
    overwrite(copy, mark, mark + "9.8.7|0123456789abcdef|modified|2001-09-09T01:46:40Z|");
    const std::string after = version();
    EXPECT_EQ(line_of(after, "pidmap-stress "), "9.8.7");
    EXPECT_EQ(line_of(after, "commit:"), "0123456789abcdef, modified");
    EXPECT_EQ(line_of(after, "built:"), "2001-09-09T01:46:40Z");
    EXPECT_EQ(line_of(after, "tokens:"), line_of(before, "tokens:"));

    overwrite(copy, "Stress tests for lock-free", "stress");
    EXPECT_NE(line_of(version(), "tokens:"), line_of(before, "tokens:"));
}

}  // namespace
}  // namespace pidmap_stress
