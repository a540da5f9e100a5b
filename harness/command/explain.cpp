#include "harness/command/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "allocator/geometry.hpp"
#include "harness/command/flight_scripts.hpp"
#include "harness/native/supervisor.hpp"
#include "harness/programs/shrink.hpp"
#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress {
namespace {

/// Invariants whose breakage needs longer histories than a script has, or a stalled thread.
[[nodiscard]] bool is_judged(invariant which) noexcept {
    return which != invariant::no_immediate_reuse && which != invariant::reference_covers_pages &&
           which != invariant::progress;
}

/// The rows that a reader sees.
[[nodiscard]] std::vector<explained_step> steps_of(const explore::trace& shown) {
    std::vector<explained_step> steps;
    std::map<unsigned, unsigned> places;  // Of the steps of the replay, among those shown.
    for (const explore::trace_row& row : shown.rows) {
        if (!row.matters) continue;
        const auto writer = row.what.read_from ? places.find(*row.what.read_from) : places.end();
        places[row.what.number] = static_cast<unsigned>(steps.size());
        steps.push_back({.thread = row.what.thread,
                         .call = explore::call_of(row.what.label),
                         .what = row.text,
                         .edge = row.edge,
                         .place = row.place,
                         .reads_from = writer == places.end()
                                           ? std::nullopt
                                           : std::optional<unsigned>(writer->second),
                         .broken = row.broken});
    }
    if (!steps.empty())
        for (const std::string& one : shown.broken_in_the_end(false))
            steps.back().broken.push_back(one);
    return steps;
}

/// Tries programs one after another, until one breaks or the budget is used up.
class explainer {
public:
    explainer(const finding& found, const cell_result& result,
              const explore::explored_variant& variant, const std::string& program)
        : result_(result), variant_(variant), program_(program), seen_{.broken = found.broken} {}

    [[nodiscard]] explanation run() {
        // A variant that breaks in the set-up shows nothing unless the set-up is made of calls.
        for (const bool from_nothing : {false, true})
            for (const std::uint16_t ns : busiest_namespaces(result_.flights, 3))
                if (any_breaks(to_scripts(result_.what.how, result_.flights, ns,
                                          kernel_geometry::bits_per_page),
                               from_nothing))
                    return seen_;
        seen_.of_last_calls = false;
        (void)any_breaks(small_programs(), true);
        return seen_;
    }

private:
    [[nodiscard]] bool any_breaks(const std::vector<explore::script>& scripts, bool from_nothing) {
        // About half a second for each pass.
        constexpr std::uint64_t most_executions = 30'000;
        // For each of many programs; most of those that break do so within a few hundred
        // executions.
        const explore::shrink_options budget{
            .for_each_program = 1'000, .for_schedule = 2'000, .from_nothing = from_nothing};
        const explore::shows_the_same anything = [](const explore::replay_result&) { return true; };
        const std::uint64_t before = seen_.executions;
        for (const explore::script& one : scripts) {
            if (seen_.executions - before >= most_executions) return false;
            if (why_not(variant_, one)) continue;
            ++seen_.programs;
            const auto small =
                explore::shrink({.variant = &variant_, .calls = one, .shows = seen_.broken},
                                anything, budget, &seen_.executions);
            if (!small) continue;
            const auto opened = explore::open_token(small->token(), explore::build_identity());
            if (!opened) continue;
            const explore::trace shown = explore::make_trace(*opened, opened->replay(), program_);
            seen_.token = opened->token;
            seen_.table = explore::to_table(shown, false);
            seen_.headline = shown.headline;
            seen_.program = opened->name;
            seen_.threads = shown.threads;
            seen_.steps = steps_of(shown);
            return true;
        }
        return false;
    }

    [[nodiscard]] std::vector<explore::script> small_programs() const {
        std::vector<explore::script> all;
        if (result_.what.workload == nullptr) return all;
        const auto* const scenario =
            explore::find_explored_scenario(result_.what.workload->info->name);
        if (scenario == nullptr) return all;
        for (const unsigned threads : {2U, 3U})
            for (unsigned variation = 0;
                 variation < std::max<std::size_t>(1, scenario->variations.size()); ++variation) {
                const explore::pidmap_setting setting{.how = result_.what.how,
                                                      .scenario = scenario,
                                                      .threads = threads,
                                                      .variation = variation};
                if (!why_not(setting)) all.push_back(scenario->calls(setting));
            }
        return all;
    }

    const cell_result& result_;
    const explore::explored_variant& variant_;
    const std::string& program_;
    explanation seen_;
};

}  // namespace

std::vector<explanation> explain_findings(const cell_result& result, const std::string& program,
                                          explained_before& before) {
    std::vector<explanation> all;
    const std::string_view name = result.what.variant->info->name;
    const auto* const variant = explore::find_explored_variant(name);
    if (variant == nullptr) return all;
    for (const finding& found : result.seen.findings)
        if (before.emplace(name, found.broken, result.what.how).second)
            all.push_back(is_judged(found.broken)
                              ? explainer(found, result, *variant, program).run()
                              : explanation{.broken = found.broken});
    return all;
}

std::string describe(const explanation& what) {
    if (what.programs == 0)
        return fmt::format("{}: no program for the explorer could be made of the last calls",
                           to_string(what.broken));
    if (what.token.empty())
        return fmt::format(
            "{}: the explorer found no such interleaving in {} executions of {} programs made of "
            "the last calls, and of the same scenario",
            to_string(what.broken), what.executions, what.programs);
    return fmt::format("{}: the explorer breaks it too, {}:\n{}", to_string(what.broken),
                       what.of_last_calls ? "with the last calls made smaller"
                                          : "in a small program of the same scenario",
                       what.table);
}

}  // namespace pidmap_stress
