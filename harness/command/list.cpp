#include "harness/command/list.hpp"

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "harness/base/say.hpp"
#include "harness/command/explore/explore_command.hpp"
#include "harness/command/mutants_command.hpp"
#include "harness/command/options.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/command/selection.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/subject.hpp"
#include "harness/programs/pidmap_setting.hpp"

namespace pidmap_stress {
namespace {

using nlohmann::json;
using scenario_facts = cell_catalogue::scenario;

constexpr std::array<named_choice, discipline_count> disciplines{{
    {"member", "the caller holds a live pid for the whole call"},
    {"reference", "the caller holds a counted reference for the whole call"},
    {"lookup", "the caller found the namespace in a table, under read-side protection"},
}};

[[nodiscard]] std::vector<const subject_entry*> variants_and_mutants() {
    std::vector<const subject_entry*> all;
    for (const std::span<const subject_entry> some : {variant_subjects(), mutant_subjects()})
        for (const subject_entry& one : some) all.push_back(&one);
    return all;
}

/// The disciplines under which a variation of a scenario runs.
[[nodiscard]] std::vector<std::string_view> disciplines_of(const cell_catalogue& known,
                                                           const scenario_facts& of,
                                                           std::string_view variation) {
    std::vector<std::string_view> names;
    for (const std::string_view name : discipline_names(of.disciplines))
        if (known.varies(of.name, variation, *parse_discipline(name))) names.push_back(name);
    return names;
}

// --- For people ----------------------------------------------------------------------------------

[[nodiscard]] std::string row(std::string_view name, std::string_view summary,
                              const std::string& remark = {}) {
    return fmt::format("  {:<20} {}{}\n", name, summary,
                       remark.empty() ? "" : fmt::format(" [{}]", remark));
}

[[nodiscard]] std::string rows(std::span<const named_choice> choices) {
    std::string text;
    for (const named_choice& one : choices) text += row(one.name, one.summary);
    return text;
}

[[nodiscard]] std::string variants_as_text() {
    std::string text = "variants: run, explore --variant\n";
    for (const subject_entry& one : variant_subjects()) {
        std::string remark = one.nests ? "nests" : "does not nest";
        if (!one.info->breaks.empty()) remark += "; known to break";
        text += row(one.info->name, one.info->summary, remark);
    }
    if (mutant_subjects().empty())
        return text +
               "mutants: in pidmap-stress-mutants, which run_stress.sh builds when one is named\n";
    text += "mutants, each with a planted bug: run, explore --variant; mutants --mutant\n";
    for (const subject_entry& one : mutant_subjects())
        text += row(one.info->name, one.info->summary,
                    one.info->breaks.empty() ? "equivalent: must not be reported" : "");
    return text;
}

[[nodiscard]] std::string scenarios_as_text(const cell_catalogue& known) {
    std::string text;
    for (const scenario_facts& one : known.scenarios) {
        std::string remark = fmt::format("{}", fmt::join(discipline_names(one.disciplines), ", "));
        if (one.nests) remark += "; variants that nest";
        if (known.varies != nullptr) {
            const explore::explored_scenario& of = *explore::find_explored_scenario(one.name);
            remark +=
                fmt::format("; --threads 1 to {}, --turns 1 to {}", of.most_threads, of.most_turns);
        }
        text += row(one.name, one.summary, remark);
        for (const std::string_view variation : one.variations)
            text += fmt::format("    --variation {} [{}{}]\n", variation,
                                fmt::join(disciplines_of(known, one, variation), ", "),
                                variation == one.variations.front() ? "; the usual one" : "");
    }
    return text;
}

// --- For programs --------------------------------------------------------------------------------

[[nodiscard]] json as_json(std::span<const named_choice> choices) {
    json all = json::array();
    for (const named_choice& one : choices)
        all.push_back({{"name", one.name}, {"summary", one.summary}});
    return all;
}

[[nodiscard]] json as_json(const subject_entry& one) {
    json breaks = json::array();
    for (const breakage& how : one.info->breaks)
        breaks.push_back({{"invariant", to_string(how.broken)},
                          {"disciplines", discipline_names(how.where)},
                          {"shown_by", how.shown_by}});
    return {{"name", one.info->name},
            {"summary", one.info->summary},
            {"kind", one.info->kind == variant_kind::mutant ? "mutant" : "variant"},
            {"nests", one.nests},
            {"breaks", breaks}};
}

[[nodiscard]] json scenarios_as_json(const cell_catalogue& known) {
    json all = json::array();
    for (const scenario_facts& one : known.scenarios) {
        json text{{"name", one.name},
                  {"summary", one.summary},
                  {"disciplines", discipline_names(one.disciplines)},
                  {"nests", one.nests}};
        if (known.varies != nullptr) {
            const explore::explored_scenario& of = *explore::find_explored_scenario(one.name);
            text["threads"] = {1, of.most_threads};
            text["turns"] = {1, of.most_turns};
            text["variations"] = json::array();
            for (const std::string_view variation : one.variations)
                text["variations"].push_back(
                    {{"name", variation}, {"disciplines", disciplines_of(known, one, variation)}});
        }
        all.push_back(std::move(text));
    }
    return all;
}

}  // namespace

std::string list_as_text() {
    std::string text = variants_as_text();
    text += "disciplines: run, explore --discipline\n" + rows(disciplines);
    text += "scenarios that are hammered: run --scenario\n" + scenarios_as_text(native_catalogue());
    const cell_catalogue explored = explored_catalogue();
    text += explored.scenarios.empty()
                ? std::string("scenarios that are explored: none in a build with a sanitizer\n")
                : "scenarios that are explored: explore --scenario\n" + scenarios_as_text(explored);
    text += "strategies: explore --strategy\n" + rows(explore_strategies);
    text += "memory models: explore --model\n" + rows(explore_models);
    text += "whether threads complete though one stops forever: explore --progress\n" +
            rows(explore_progress);
    text += "formats: replay --format\n" + rows(replay_formats);
    text +=
        fmt::format("strategies: mutants --strategy\n  {}\n", fmt::join(mutant_strategies(), ", "));
    return text + fmt::format("worker pools: run --pool\n  {}\n", fmt::join(pool_names(), ", "));
}

json list_as_json() {
    json variants = json::array();
    for (const subject_entry* const one : variants_and_mutants()) variants.push_back(as_json(*one));
    json text{
        {"schema", 1},
        {"program", "pidmap-stress"},
        {"command", "list"},
        {"variants", variants},
        {"disciplines", as_json(disciplines)},
        {"run", {{"scenarios", scenarios_as_json(native_catalogue())}, {"pools", pool_names()}}},
        {"explore",
         {{"scenarios", scenarios_as_json(explored_catalogue())},
          {"strategies", as_json(explore_strategies)},
          {"models", as_json(explore_models)},
          {"progress", as_json(explore_progress)}}},
        {"replay", {{"formats", as_json(replay_formats)}}},
        {"mutants", {{"strategies", mutant_strategies()}}}};
    text.update(provenance());
    return text;
}

int run_list(const std::string& json_path) {
    if (json_path.empty()) {
        say("{}", list_as_text());
        return exit_as_expected;
    }
    results_file file(json_path);
    const auto failure = file.keep(list_as_json().dump(2) + "\n");
    if (!failure) return exit_as_expected;
    say(stderr, "pidmap-stress: {}\n", failure->what);
    return failure->no_room ? exit_no_resources : exit_usage;
}

}  // namespace pidmap_stress
