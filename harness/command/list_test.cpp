// Goal: show that the list can be relied on: each command takes exactly what the list says.

#include "harness/command/list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "harness/base/usage_error.hpp"
#include "harness/command/options.hpp"
#include "harness/command/selection.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/subject.hpp"
#include "harness/programs/trace/trace.hpp"
#include "harness/testing/program.hpp"

namespace pidmap_stress {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::program_end;
using testing::run_pidmap_stress;
using testing::scratch_folder;
using testing::text_of;
using words = std::vector<std::string>;

[[nodiscard]] options parsed(const words& what) {
    std::vector<const char*> argv{"pidmap-stress"};
    for (const std::string& word : what) argv.push_back(word.c_str());
    return parse_options(static_cast<int>(argv.size()), argv.data());
}
[[nodiscard]] bool is_taken(const words& what) {
    return parsed(what).what != command::help;
}
/// Whether `explore` has a cell of these.
[[nodiscard]] bool is_explored(const std::string& variant, const std::string& how,
                               const std::string& scenario, const std::string& variation = {}) {
    const words variants{variant};
    const words disciplines{how};
    const words scenarios{scenario};
    try {
        return !choose_cells(explored_catalogue(), {.variants = variants,
                                                    .disciplines = disciplines,
                                                    .scenarios = scenarios,
                                                    .variation = variation})
                    .empty();
    } catch (const usage_error&) {
        return false;
    }
}
[[nodiscard]] bool lists(const json& names, const std::string& name) {
    return std::ranges::any_of(names, [&name](const json& one) {
        return (one.is_string() ? one : one.at("name")) == name;
    });
}

// Each scenario runs under the disciplines that are listed, for the variants that it is for.
TEST(List, SaysWhatRunTakes) {
    const json all = list_as_json();
    ASSERT_EQ(all.at("run").at("scenarios").size(), scenarios().size());
    for (const json& variant : all.at("variants"))
        for (const json& scenario : all.at("run").at("scenarios"))
            for (const json& how : all.at("disciplines")) {
                const bool fits = lists(scenario.at("disciplines"), how.at("name")) &&
                                  (variant.at("nests") || !scenario.at("nests"));
                EXPECT_EQ(is_taken({"run", "--variant", variant.at("name"), "--scenario",
                                    scenario.at("name"), "--discipline", how.at("name")}),
                          fits)
                    << variant << scenario << how;
            }
    for (const json& pool : all.at("run").at("pools"))
        EXPECT_TRUE(is_taken({"run", "--pool", pool}));
}

// The same for explored scenarios, with variations, each for the disciplines listed.
TEST(List, SaysWhatExploreTakes) {
    const json all = list_as_json();
    const json& explore = all.at("explore");
    for (const json& scenario : explore.at("scenarios"))
        for (const json& how : all.at("disciplines")) {
            const std::string name = scenario.at("name");
            const std::string under = how.at("name");
            EXPECT_EQ(is_explored("sound", under, name), lists(scenario.at("disciplines"), under));
            for (const json& variation : scenario.at("variations"))
                EXPECT_EQ(is_explored("sound", under, name, variation.at("name")),
                          lists(variation.at("disciplines"), under))
                    << name << variation << under;
        }
    for (const json& one : explore.at("strategies")) {
        EXPECT_TRUE(explore::parse_strategy(one.at("name").get<std::string>())) << one;
        EXPECT_TRUE(is_taken({"explore", "--strategy", one.at("name")})) << one;
    }
    for (const json& one : explore.at("models"))
        EXPECT_TRUE(is_taken({"explore", "--model", one.at("name")})) << one;
    for (const json& one : explore.at("progress"))
        EXPECT_TRUE(is_taken({"explore", "--progress", one.at("name")})) << one;
    for (const json& one : all.at("replay").at("formats")) {
        EXPECT_TRUE(explore::parse_trace_format(one.at("name").get<std::string>())) << one;
        EXPECT_TRUE(is_taken({"replay", "x", "--format", one.at("name")})) << one;
    }
}

// Every variant and mutant is in it, with what it is known to break.
TEST(List, HasEveryVariantAndMutant) {
    const json all = list_as_json().at("variants");
    EXPECT_EQ(all.size(), variant_subjects().size() + mutant_subjects().size());
    for (const std::span<const subject_entry> some : {variant_subjects(), mutant_subjects()})
        for (const subject_entry& one : some) {
            const auto found = std::ranges::find_if(
                all, [&one](const json& listed) { return listed.at("name") == one.info->name; });
            ASSERT_NE(found, all.end()) << one.info->name;
            EXPECT_EQ(found->at("breaks").empty(), one.info->breaks.empty());
            EXPECT_EQ(found->at("kind"),
                      one.info->kind == variant_kind::mutant ? "mutant" : "variant");
            EXPECT_EQ(found->at("nests"), one.nests);
        }
}

// The text has all names that the JSON has.
TEST(List, TheTextHasAllNames) {
    const std::string text = list_as_text();
    const std::function<void(const json&)> look = [&](const json& at) {
        if (at.is_object() && at.contains("summary")) {
            EXPECT_THAT(text, HasSubstr(" " + at.at("name").get<std::string>() + " "));
            EXPECT_THAT(text, HasSubstr(at.at("summary").get<std::string>()));
        }
        if (at.is_structured())
            for (const json& one : at) look(one);
    };
    look(list_as_json());
}

// On standard output, or in a file, it is JSON and nothing else.
TEST(List, IsWrittenAsJson) {
    const scratch_folder folder;
    const std::string path = folder.path("list.json");
    const program_end in_file = run_pidmap_stress({"list", "--json", path});
    EXPECT_EQ(in_file.code, exit_as_expected) << in_file.err;
    EXPECT_EQ(in_file.out, "");
    json expected = json::parse(text_of(path), nullptr, false);
    ASSERT_TRUE(expected.is_object());
    EXPECT_EQ(expected.at("schema"), 1);
    EXPECT_EQ(expected.at("command"), "list");
    expected.erase("date");
    for (const words& more : {words{"--json"}, words{"--json", "-"}, words{"--json=-"}}) {
        words all{"list"};
        all.insert(all.end(), more.begin(), more.end());
        const program_end end = run_pidmap_stress(all);
        EXPECT_EQ(end.code, exit_as_expected);
        EXPECT_EQ(end.err, "");
        json printed = json::parse(end.out, nullptr, false);
        ASSERT_TRUE(printed.is_object()) << end.out;
        printed.erase("date");
        EXPECT_EQ(printed, expected);
    }
}

}  // namespace
}  // namespace pidmap_stress
