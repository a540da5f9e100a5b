#include "harness/command/selection.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/usage_error.hpp"
#include "harness/native/scenario.hpp"
#include "harness/native/subject.hpp"
#include "harness/programs/explored_variant.hpp"

namespace pidmap_stress {
namespace {

using names = std::vector<std::string_view>;
using scenario_facts = cell_catalogue::scenario;

// --- The two catalogues --------------------------------------------------------------------------

[[nodiscard]] bool takes_natively(std::string_view variant, std::string_view scenario) {
    return find_subject(variant)->nests || !find_scenario(scenario)->info->nests;
}

[[nodiscard]] bool takes_explored(std::string_view variant, std::string_view scenario) {
    return explore::find_explored_variant(variant)->is_built_for(
        *explore::find_explored_scenario(scenario));
}

[[nodiscard]] bool varies_explored(std::string_view scenario, std::string_view variation,
                                   discipline how) {
    const explore::explored_scenario& of = *explore::find_explored_scenario(scenario);
    const auto found = std::ranges::find(of.variations, variation);
    if (found == of.variations.end()) return false;
    // In any size: an unsuitable size is reported later.
    explore::pidmap_setting some{.how = how,
                                 .scenario = &of,
                                 .threads = 1,
                                 .pages = 3,
                                 .variation = static_cast<unsigned>(found - of.variations.begin())};
    for (; some.threads <= of.most_threads; ++some.threads)
        if (!why_not(some)) return true;
    return false;
}

// --- What is wanted ------------------------------------------------------------------------------

/// The names given to one option, and what they stand for.
struct dimension {
    std::string_view option;
    names given{};   ///< Without `all`.
    names chosen{};  ///< Each name once.
};

[[nodiscard]] dimension dimension_of(const known_names& known,
                                     std::span<const std::string> wanted) {
    if (const auto wrong = unknown_name(known, wanted)) throw usage_error(*wrong);
    dimension found{.option = known.option};
    for (const std::string_view name : wanted)
        if (name != "all" && std::ranges::find(found.given, name) == found.given.end())
            found.given.push_back(name);
    if (std::ranges::any_of(wanted, [](const std::string& one) { return one == "all"; }))
        found.chosen = known.names;
    for (const std::string_view name : found.given)
        if (std::ranges::find(found.chosen, name) == found.chosen.end())
            found.chosen.push_back(name);
    return found;
}

[[nodiscard]] discipline discipline_of(std::string_view name) {
    return *parse_discipline(name);
}

[[nodiscard]] std::string joined(const names& of) {
    return fmt::format("{}", fmt::join(of, ", "));
}
[[nodiscard]] std::string joined(discipline_set set) {
    return joined(discipline_names(set));
}

/// The three dimensions of a selection, and which values fit together.
class selection {
public:
    selection(const cell_catalogue& known, const wanted_cells& wanted);

    [[nodiscard]] std::vector<chosen_cell> cells() const;

private:
    [[nodiscard]] const scenario_facts& facts(std::string_view scenario) const {
        return *std::ranges::find(known_.scenarios, scenario, &scenario_facts::name);
    }
    /// The disciplines under which a scenario runs, in the selected variation.
    [[nodiscard]] discipline_set disciplines_of(const scenario_facts& of) const;
    [[nodiscard]] std::string variants_for(const scenario_facts& of) const;

    [[nodiscard]] std::string why_no_scenario(const scenario_facts& of) const;
    [[nodiscard]] std::string why_no_discipline(std::string_view name) const;
    [[nodiscard]] std::string why_no_variant(std::string_view name) const;
    [[nodiscard]] std::string runs_under(const scenario_facts& of) const;
    [[nodiscard]] std::string what_is_wanted() const;

    const cell_catalogue& known_;
    std::string_view variation_;
    dimension variants_;
    dimension disciplines_;
    dimension scenarios_;
};

[[nodiscard]] names names_of(const std::vector<scenario_facts>& scenarios) {
    names all;
    for (const scenario_facts& one : scenarios) all.push_back(one.name);
    return all;
}

/// A variation must belong to a selected scenario.
[[nodiscard]] std::optional<std::string> unknown_variation(const cell_catalogue& known,
                                                           const names& scenarios,
                                                           std::string_view variation) {
    known_names of{.option = "--variation"};
    std::string_view home;  // One that has it, although none that is selected does.
    for (const scenario_facts& one : known.scenarios) {
        const bool is_wanted = std::ranges::find(scenarios, one.name) != scenarios.end();
        for (const std::string_view name : one.variations) {
            if (!is_wanted && name == variation) home = one.name;
            if (is_wanted && !of.contains(name)) of.names.push_back(name);
        }
    }
    if (of.contains(variation)) return std::nullopt;
    if (!home.empty())
        return fmt::format("--variation {} is of --scenario {}, and not of {}", variation, home,
                           joined(scenarios));
    if (of.names.empty())
        return fmt::format("--variation '{}' is unknown: {} has none", variation,
                           joined(scenarios));
    return unknown_name(of, variation);
}

selection::selection(const cell_catalogue& known, const wanted_cells& wanted)
    : known_(known), variation_(wanted.variation) {
    const names scenarios = names_of(known.scenarios);
    const names disciplines = discipline_names();
    known_names of_variants{.option = "--variant",
                            .names = known.variants,
                            .all = true,
                            .by_name_only = known.mutants,
                            .called = "mutant"};
    known_names of_disciplines{.option = "--discipline", .names = disciplines, .all = true};
    known_names of_scenarios{.option = "--scenario", .names = scenarios, .all = true};
    // A word that slipped into the wrong list belongs in another one.
    other_names a_variant{"a variant: --variant", known.variants};
    a_variant.names.insert(a_variant.names.end(), known.mutants.begin(), known.mutants.end());
    const other_names a_scenario{"a scenario: --scenario", scenarios};
    const other_names a_discipline{"a discipline: --discipline", disciplines};
    of_variants.elsewhere = {a_scenario, a_discipline};
    of_disciplines.elsewhere = {a_variant, a_scenario};
    of_scenarios.elsewhere = {known.other_scenarios, a_variant, a_discipline};
    variants_ = dimension_of(of_variants, wanted.variants);
    scenarios_ = dimension_of(of_scenarios, wanted.scenarios);
    disciplines_ = dimension_of(of_disciplines, wanted.disciplines);
    if (variation_.empty()) return;
    if (const auto wrong = unknown_variation(known, scenarios_.chosen, variation_))
        throw usage_error(*wrong);
}

std::vector<chosen_cell> selection::cells() const {
    std::vector<chosen_cell> all;
    for (const std::string_view variant : variants_.chosen)
        for (const std::string_view how : disciplines_.chosen)
            for (const std::string_view scenario : scenarios_.chosen)
                if (disciplines_of(facts(scenario)).contains(discipline_of(how)) &&
                    known_.takes(variant, scenario))
                    all.push_back(
                        {.variant = variant, .how = discipline_of(how), .scenario = scenario});
    const auto is_in_none = [&all](auto member, auto value) {
        return std::ranges::find(all, value, member) == all.end();
    };
    for (const std::string_view name : scenarios_.given)
        if (is_in_none(&chosen_cell::scenario, name))
            throw usage_error(why_no_scenario(facts(name)));
    for (const std::string_view name : disciplines_.given)
        if (is_in_none(&chosen_cell::how, discipline_of(name)))
            throw usage_error(why_no_discipline(name));
    for (const std::string_view name : variants_.given)
        if (is_in_none(&chosen_cell::variant, name)) throw usage_error(why_no_variant(name));
    return all;
}

discipline_set selection::disciplines_of(const scenario_facts& of) const {
    if (variation_.empty()) return of.disciplines;
    discipline_set some;
    for (const std::string_view name : discipline_names(of.disciplines))
        if (known_.varies(of.name, variation_, discipline_of(name)))
            some.insert(discipline_of(name));
    return some;
}

std::string selection::variants_for(const scenario_facts& of) const {
    names some;
    std::ranges::copy_if(known_.variants, std::back_inserter(some),
                         [&](std::string_view variant) { return known_.takes(variant, of.name); });
    return joined(some);
}

/// "it runs under member, reference", without its subject.
std::string selection::runs_under(const scenario_facts& of) const {
    const discipline_set some = disciplines_of(of);
    if (some.empty())
        return fmt::format("has no variation {}{}", variation_,
                           of.variations.empty()
                               ? std::string()
                               : fmt::format("; it has {}", fmt::join(of.variations, ", ")));
    if (variation_.empty()) return fmt::format("runs under {}", joined(some));
    return fmt::format("runs under {} with --variation {}", joined(some), variation_);
}

std::string selection::why_no_scenario(const scenario_facts& of) const {
    const discipline_set some = disciplines_of(of);
    const bool runs = std::ranges::any_of(disciplines_.chosen, [&](std::string_view name) {
        return some.contains(discipline_of(name));
    });
    if (some.empty())
        return fmt::format("--variation {} does not go with --scenario {}: it {}", variation_,
                           of.name, runs_under(of));
    if (!runs)
        return fmt::format("--scenario {} does not run under --discipline {}: it {}", of.name,
                           joined(disciplines_.chosen), runs_under(of));
    return fmt::format(
        "--scenario {} is for variants that nest, and --variant {} {} not nest; {} do", of.name,
        joined(variants_.chosen), variants_.chosen.size() == 1 ? "does" : "do", variants_for(of));
}

std::string selection::what_is_wanted() const {
    return scenarios_.given.empty() ? fmt::format("--variation {}", variation_)
                                    : fmt::format("--scenario {}", joined(scenarios_.given));
}

std::string selection::why_no_discipline(std::string_view name) const {
    std::string why;
    for (const std::string_view scenario : scenarios_.chosen) {
        const scenario_facts& of = facts(scenario);
        const discipline_set some = disciplines_of(of);
        if (some.empty()) continue;  // From `all`, and without such a variation.
        why += fmt::format("{}{} {}", why.empty() ? "" : "; ", scenario,
                           some.contains(discipline_of(name))
                               ? fmt::format("is for variants that nest: {}", variants_for(of))
                               : runs_under(of));
    }
    return fmt::format("--discipline {} does not go with {}: {}", name, what_is_wanted(), why);
}

std::string selection::why_no_variant(std::string_view name) const {
    std::string why;
    for (const std::string_view scenario : scenarios_.chosen) {
        const scenario_facts& of = facts(scenario);
        if (disciplines_of(of).empty()) continue;
        why += fmt::format("{}{} {}", why.empty() ? "" : "; ", scenario,
                           known_.takes(name, scenario)
                               ? runs_under(of)
                               : fmt::format("is for variants that nest: {}", variants_for(of)));
    }
    return fmt::format("--variant {} does not go with {}: {}", name, what_is_wanted(), why);
}

}  // namespace

std::vector<std::string_view> discipline_names(discipline_set set) {
    std::vector<std::string_view> all;
    for (int n = 0; n < discipline_count; ++n)
        if (set.contains(static_cast<discipline>(n)))
            all.push_back(to_string(static_cast<discipline>(n)));
    return all;
}

cell_catalogue native_catalogue() {
    cell_catalogue all{.command = "run", .takes = takes_natively, .varies = nullptr};
    for (const subject_entry& one : variant_subjects()) all.variants.push_back(one.info->name);
    for (const subject_entry& one : mutant_subjects()) all.mutants.push_back(one.info->name);
    for (const scenario_entry& one : scenarios())
        all.scenarios.push_back({.name = one.info->name,
                                 .summary = one.info->summary,
                                 .disciplines = one.info->disciplines,
                                 .nests = one.info->nests});
    all.other_scenarios.what = "explored, and not hammered: explore --scenario";
    for (const explore::explored_scenario* one : explore::explored_scenarios())
        if (find_scenario(one->name) == nullptr) all.other_scenarios.names.push_back(one->name);
    return all;
}

cell_catalogue explored_catalogue() {
    cell_catalogue all{.command = "explore", .takes = takes_explored, .varies = varies_explored};
    for (const auto& one : explore::explored_variants()) all.variants.push_back(one.info->name);
    for (const auto& one : explore::explored_mutants()) all.mutants.push_back(one.info->name);
    if (all.variants.empty()) return all;
    for (const explore::explored_scenario* one : explore::explored_scenarios()) {
        const scenario_entry* const hammered = find_scenario(one->name);
        all.scenarios.push_back({.name = one->name,
                                 .summary = one->summary,
                                 .disciplines = one->disciplines,
                                 .variations = one->variations,
                                 .nests = hammered != nullptr && hammered->info->nests});
    }
    all.other_scenarios.what = "hammered, and not explored: run --scenario";
    for (const scenario_entry& one : scenarios())
        if (explore::find_explored_scenario(one.info->name) == nullptr)
            all.other_scenarios.names.push_back(one.info->name);
    return all;
}

std::vector<chosen_cell> choose_cells(const cell_catalogue& known, const wanted_cells& wanted) {
    return selection(known, wanted).cells();
}

}  // namespace pidmap_stress
