#include "harness/command/explain.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "allocator/geometry.hpp"
#include "harness/command/flight_scripts.hpp"
#include "harness/native/supervisor.hpp"
#include "harness/programs/shrink.hpp"
#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress {
namespace {

/// The namespace that a finding names: "namespace 639.0: ...".
[[nodiscard]] std::optional<std::uint16_t> namespace_in(std::string_view text) {
    constexpr std::string_view before = "namespace ";
    const std::size_t at = text.find(before);
    if (at == std::string_view::npos) return std::nullopt;
    const char* const from = text.data() + at + before.size();
    std::uint16_t number = 0;
    const auto [stop, error] = std::from_chars(from, text.data() + text.size(), number);
    if (error != std::errc{} || stop == text.data() + text.size() || *stop != '.')
        return std::nullopt;
    return number;
}

/// What takes longer histories than a script has, or a stalled thread.
[[nodiscard]] bool is_judged(invariant which) noexcept {
    return which != invariant::no_immediate_reuse && which != invariant::reference_covers_pages &&
           which != invariant::progress;
}

[[nodiscard]] explanation model(const finding& found, const cell_result& result,
                                const explore::explored_variant& variant,
                                const std::string& program) {
    // For each of many programs; most that break at all break within a few hundred executions.
    explore::shrink_options budget{.for_each_program = 1'000, .for_schedule = 2'000};
    constexpr std::uint64_t most_executions = 30'000;  // Half a second, about, for each pass.
    const explore::shows_the_same anything = [](const explore::replay_result&) { return true; };
    explanation seen{.broken = found.broken};
    if (!is_judged(found.broken)) return seen;
    const std::uint16_t ns = namespace_in(found.what).value_or(busiest_namespace(result.flights));
    const std::vector<explore::script> scripts =
        to_scripts(result.what.how, result.flights, ns, kernel_geometry::bits_per_page);
    for (const bool from_nothing : {false, true}) {
        // A variant that breaks in the set-up shows nothing unless the set-up is made of calls.
        budget.from_nothing = from_nothing;
        const std::uint64_t before = seen.executions;
        for (const explore::script& one : scripts) {
            if (seen.executions - before >= most_executions) break;
            ++seen.programs;
            const auto small =
                explore::shrink({.variant = &variant, .calls = one, .shows = found.broken},
                                anything, budget, &seen.executions);
            if (!small) continue;
            const auto opened = explore::open_token(small->token(), explore::build_identity());
            if (!opened) continue;
            seen.token = small->token();
            seen.table =
                explore::to_table(explore::make_trace(*opened, opened->replay(), program), false);
            return seen;
        }
    }
    return seen;
}

}  // namespace

std::vector<explanation> explain_findings(const cell_result& result, const std::string& program,
                                          explained_before& before) {
    std::vector<explanation> all;
    const std::string_view name = result.what.variant->info->name;
    const auto* const variant = explore::find_explored_variant(name);
    if (variant == nullptr) return all;
    for (const finding& found : result.seen.findings)
        if (before.emplace(name, found.broken, result.what.how).second)
            all.push_back(model(found, result, *variant, program));
    return all;
}

std::string describe(const explanation& what) {
    if (what.programs == 0)
        return fmt::format("{}: no program for the explorer could be made of the last calls",
                           to_string(what.broken));
    if (what.token.empty())
        return fmt::format(
            "{}: the explorer found no such interleaving in {} executions of {} programs made of "
            "the last calls",
            to_string(what.broken), what.executions, what.programs);
    return fmt::format("{}: the explorer breaks it too, with the last calls made smaller:\n{}",
                       to_string(what.broken), what.table);
}

}  // namespace pidmap_stress
