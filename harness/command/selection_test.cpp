// Which variants, disciplines and scenarios go together, and the messages for those that do not: on
// a small catalogue, so that each sentence is known in full.

#include "harness/command/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "harness/base/usage_error.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/subject.hpp"
#include "harness/programs/explored_variant.hpp"

namespace pidmap_stress {
namespace {

using words = std::vector<std::string>;

constexpr discipline_set held = discipline_set(discipline::member) | discipline::reference;
constexpr std::array<std::string_view, 3> leaving{"usual", "last", "stay"};
constexpr std::array<std::string_view, 2> failing{"whole", "failing"};

/// Two variants that nest and one that does not; scenarios for all, for some disciplines, for some
/// variants, and with variations of which some are for some disciplines.
[[nodiscard]] cell_catalogue planted() {
    return {.command = "run",
            .variants = {"deep", "deeper", "flat"},
            .mutants = {"planted"},
            .scenarios = {{.name = "anywhere", .summary = "", .disciplines = every_discipline},
                          {.name = "found", .summary = "", .disciplines = discipline::lookup},
                          {.name = "kept", .summary = "", .disciplines = held},
                          {.name = "levels",
                           .summary = "",
                           .disciplines = held,
                           .variations = failing,
                           .nests = true},
                          {.name = "leaves",
                           .summary = "",
                           .disciplines = every_discipline,
                           .variations = leaving}},
            .other_scenarios = {.what = "explored only: explore --scenario", .names = {"proved"}},
            .takes =
                [](std::string_view variant, std::string_view scenario) {
                    return variant != "flat" || scenario != "levels";
                },
            .varies =
                [](std::string_view scenario, std::string_view variation, discipline how) {
                    if (scenario == "levels")
                        return std::ranges::find(failing, variation) != failing.end() &&
                               held.contains(how);
                    if (scenario != "leaves") return false;
                    if (variation == "last") return how == discipline::lookup;
                    if (variation == "stay") return held.contains(how);
                    return variation == "usual";
                }};
}

struct selected {
    words variants{"all"};
    words disciplines{"all"};
    words scenarios{"all"};
    std::string variation{};
};
[[nodiscard]] std::string cells_of(const selected& what) {
    std::string text;
    for (const chosen_cell& one : choose_cells(planted(), {.variants = what.variants,
                                                           .disciplines = what.disciplines,
                                                           .scenarios = what.scenarios,
                                                           .variation = what.variation}))
        text += std::string(one.variant) + "/" + std::string(to_string(one.how)) + "/" +
                std::string(one.scenario) + " ";
    return text;
}
[[nodiscard]] std::string refusal_of(const selected& what) {
    try {
        return "not refused: " + cells_of(what);
    } catch (const usage_error& error) {
        return error.what();
    }
}

// `all` is all that fits the other selections; names come in the order given, each one once.
TEST(Selection, AllIsAllThatFits) {
    EXPECT_EQ(cells_of({.variants = {"flat", "deep", "flat"}, .scenarios = {"levels", "found"}}),
              "flat/lookup/found deep/member/levels deep/reference/levels deep/lookup/found ");
    EXPECT_EQ(cells_of({.variants = {"flat"}, .disciplines = {"member"}}),
              "flat/member/anywhere flat/member/kept flat/member/leaves ");
    EXPECT_EQ(cells_of({.variants = {"planted", "all"}, .scenarios = {"found"}}),
              "deep/lookup/found deeper/lookup/found flat/lookup/found planted/lookup/found ");
    EXPECT_EQ(cells_of({.variants = {"deep"}, .variation = "last"}), "deep/lookup/leaves ");
    EXPECT_EQ(cells_of({.variants = {"deep"}, .disciplines = {"member"}, .variation = "failing"}),
              "deep/member/levels ");
}

struct refused {
    const char* name;
    selected what;
    const char* why;

    friend void PrintTo(const refused& one, std::ostream* out) { *out << one.name; }
};
class RefusedSelection : public ::testing::TestWithParam<refused> {};

// The wrong word, the word that excludes it, and what would be right.
TEST_P(RefusedSelection, SaysWhichWordExcludesWhich) {
    EXPECT_EQ(refusal_of(GetParam().what), GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, RefusedSelection,
    ::testing::Values(
        refused{"ScenarioByDiscipline",
                {.disciplines = {"lookup"}, .scenarios = {"kept"}},
                "--scenario kept does not run under --discipline lookup: it runs under member, "
                "reference"},
        refused{"ScenarioByDisciplines",
                {.disciplines = {"member", "reference"}, .scenarios = {"found"}},
                "--scenario found does not run under --discipline member, reference: it runs under "
                "lookup"},
        refused{"ScenarioAmongOthersThatFit",
                {.disciplines = {"lookup"}, .scenarios = {"anywhere", "kept", "found"}},
                "--scenario kept does not run under --discipline lookup: it runs under member, "
                "reference"},
        refused{"ScenarioByVariant",
                {.variants = {"flat"}, .scenarios = {"levels"}},
                "--scenario levels is for variants that nest, and --variant flat does not nest; "
                "deep, deeper do"},
        refused{"ScenarioByVariation",
                {.scenarios = {"leaves", "levels"}, .variation = "failing"},
                "--variation failing does not go with --scenario leaves: it has no variation "
                "failing; it has usual, last, stay"},
        refused{"ScenarioWithoutVariations",
                {.scenarios = {"leaves", "kept"}, .variation = "last"},
                "--variation last does not go with --scenario kept: it has no variation last"},
        refused{"ScenarioByDisciplineOfAVariation",
                {.disciplines = {"member"}, .scenarios = {"leaves"}, .variation = "last"},
                "--scenario leaves does not run under --discipline member: it runs under lookup "
                "with --variation last"},
        refused{"DisciplineAmongOthersThatFit",
                {.disciplines = {"member", "lookup"}, .scenarios = {"kept", "levels"}},
                "--discipline lookup does not go with --scenario kept, levels: kept runs under "
                "member, reference; levels runs under member, reference"},
        refused{"DisciplineByVariation",
                {.disciplines = {"lookup"}, .variation = "stay"},
                "--discipline lookup does not go with --variation stay: leaves runs under member, "
                "reference with --variation stay"},
        refused{"DisciplineByVariant",
                {.variants = {"flat"},
                 .disciplines = {"member", "lookup"},
                 .scenarios = {"levels", "found"}},
                "--scenario levels is for variants that nest, and --variant flat does not nest; "
                "deep, deeper do"},
        refused{"VariantAmongOthersThatFit",
                {.variants = {"deep", "flat"}, .scenarios = {"levels"}},
                "--variant flat does not go with --scenario levels: levels is for variants that "
                "nest: deep, deeper"},
        refused{"VariantByVariation",
                {.variants = {"flat"}, .variation = "failing"},
                "--variant flat does not go with --variation failing: levels is for variants that "
                "nest: deep, deeper"},
        refused{"UnknownVariant",
                {.variants = {"deep", "shallow"}},
                "--variant 'shallow' is unknown; choose from: deep, deeper, flat, all, or a mutant "
                "(see pidmap-stress list)"},
        refused{"VariantWithASlip",
                {.variants = {"flt"}},
                "--variant 'flt' is unknown; did you mean flat? Choose from: deep, deeper, flat, "
                "all, or a mutant (see pidmap-stress list)"},
        refused{"MutantWithASlip",
                {.variants = {"plnated"}},
                "--variant 'plnated' is unknown; did you mean planted? Choose from: deep, deeper, "
                "flat, all, or a mutant (see pidmap-stress list)"},
        refused{"ScenarioAsAVariant",
                {.variants = {"deep", "kept"}},
                "--variant 'kept' is unknown; it is a scenario: --scenario kept; choose from: "
                "deep, deeper, flat, all, or a mutant (see pidmap-stress list)"},
        refused{"MutantAsAScenario",
                {.scenarios = {"planted"}},
                "--scenario 'planted' is unknown; it is a variant: --variant planted; choose from: "
                "anywhere, found, kept, levels, leaves, all"},
        refused{"ScenarioOfAnotherCommand",
                {.scenarios = {"proved"}},
                "--scenario 'proved' is unknown; it is explored only: explore --scenario proved; "
                "choose from: anywhere, found, kept, levels, leaves, all"},
        refused{"UnknownDiscipline",
                {.disciplines = {"Lookup"}},
                "--discipline 'Lookup' is unknown; did you mean lookup? Choose from: member, "
                "reference, lookup, all"},
        refused{"UnknownVariation",
                {.variation = "fallin"},
                "--variation 'fallin' is unknown; did you mean failing? Choose from: whole, "
                "failing, usual, last, stay"},
        refused{"VariationOfAnotherScenario",
                {.scenarios = {"leaves", "kept"}, .variation = "failing"},
                "--variation failing is of --scenario levels, and not of leaves, kept"},
        refused{"VariationWhereThereIsNone",
                {.scenarios = {"kept"}, .variation = "odd"},
                "--variation 'odd' is unknown: kept has none"}),
    [](const auto& one) { return std::string(one.param.name); });

// Native choices are those of the registries, and so are the explorer's.
TEST(Selection, TheCataloguesAreTheRegistries) {
    const cell_catalogue native = native_catalogue();
    EXPECT_EQ(native.variants.size(), variant_subjects().size());
    EXPECT_EQ(native.mutants.size(), mutant_subjects().size());
    ASSERT_EQ(native.scenarios.size(), scenarios().size());
    for (std::size_t n = 0; n < native.scenarios.size(); ++n) {
        EXPECT_EQ(native.scenarios[n].name, scenarios()[n].info->name);
        EXPECT_EQ(native.scenarios[n].disciplines, scenarios()[n].info->disciplines);
        EXPECT_EQ(native.scenarios[n].nests, scenarios()[n].info->nests);
    }
    const cell_catalogue explored = explored_catalogue();
    EXPECT_EQ(explored.variants.size(), explore::explored_variants().size());
    if (explored.variants.empty()) GTEST_SKIP() << "a build with a sanitizer explores nothing";
    EXPECT_EQ(explored.scenarios.size(), explore::explored_scenarios().size());
    for (const cell_catalogue::scenario& one : explored.scenarios)
        for (const std::string_view variation : one.variations) {
            const auto runs_under = [&](std::string_view how) {
                return explored.varies(one.name, variation, *parse_discipline(how));
            };
            EXPECT_TRUE(std::ranges::any_of(discipline_names(one.disciplines), runs_under))
                << one.name << " " << variation;
        }
}

}  // namespace
}  // namespace pidmap_stress
