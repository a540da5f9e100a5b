#include "harness/command/explore/explore_command_report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/command/options.hpp"
#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress {
namespace {

using explore::broken_invariant;
using explore::cell_verdict;

[[nodiscard]] std::string remark_on(const cell_verdict& seen) {
    if (seen.as_expected()) return seen.broken.empty() ? "" : " (as expected)";
    if (seen.harness_at_fault()) return " (NOT as expected: the harness is at fault)";
    const bool only_crashed = seen.assessed.unexpected.empty() && seen.assessed.missing.empty();
    return only_crashed ? " (NOT as expected)"
                        : fmt::format(" (NOT as expected; {})", to_string(seen.assessed));
}

[[nodiscard]] std::string name_of(const broken_invariant& one) {
    return std::string(one.which ? to_string(*one.which) : explore::to_string(one.finding.kind));
}
[[nodiscard]] std::string sentence_about(const broken_invariant& one) {
    const explore::finding& f = one.finding;
    if (one.which == explore::defect::crash() && f.thread == 0)
        return fmt::format("in {}: {}", f.call, explore::sentence_of(f));
    if (one.which == explore::defect::crash())
        return fmt::format("thread {}, in its {}: {}", f.thread, explore::call_of(f.call),
                           explore::sentence_of(f));
    if (f.what != name_of(one) || !one.which) return explore::sentence_of(f);
    const std::string deed = explore::deed(*one.which->broken());
    return f.thread == 0
               ? "a thread " + deed
               : fmt::format("thread {}, in its {}, {}", f.thread, explore::call_of(f.call), deed);
}
/// The command to paste to see it again.
[[nodiscard]] std::string replay_of(const broken_invariant& one, const std::string& program) {
    return fmt::format("{} replay {}{}", program, one.token,
                       one.finding.replayed ? "" : " (did not happen again)");
}

[[nodiscard]] bool has_violation(const cell_verdict& seen) {
    return std::ranges::any_of(seen.broken, [](const broken_invariant& one) {
        return one.which != explore::defect::crash();
    });
}

}  // namespace

std::optional<std::string> token_of_too_long(const cell_verdict& seen) {
    if (!seen.explored.too_long) return std::nullopt;
    return make_token(seen.of, *seen.explored.too_long, explore::build_identity());
}

std::string describe_cell(const cell_verdict& seen, const std::string& program) {
    const explore::pidmap_setting& s = seen.of.setting;
    std::string text =
        fmt::format("{:<18} {:<10} {:<14} {}{}\n", seen.of.variant->info->name, to_string(s.how),
                    s.scenario->name, to_string(seen), remark_on(seen));
    for (const broken_invariant& one : seen.broken) text += describe_defect(one, program);
    if (const auto token = token_of_too_long(seen))
        text += fmt::format("    {} at the step limit of {}: {} replay {}\n",
                            seen.explored.step_limited == 1
                                ? "one execution was cut off"
                                : fmt::format("{} executions were cut off, one of them",
                                              seen.explored.step_limited),
                            explore::run_limits{}.steps, program, *token);
    return text;
}

std::string describe_defect(const broken_invariant& one, const std::string& program) {
    return fmt::format("    {}: {}\n        {}\n", name_of(one), sentence_about(one),
                       replay_of(one, program));
}

std::string describe_below_matrix(std::span<const cell_verdict> all, const std::string& program) {
    std::string text;
    for (const cell_verdict& seen : all) {
        if (seen.broken.empty() && seen.as_expected()) continue;
        const explore::pidmap_setting& s = seen.of.setting;
        text += fmt::format("{} under {} in {}:{}\n", seen.of.variant->info->name, to_string(s.how),
                            s.scenario->name, remark_on(seen));
        for (const broken_invariant& one : seen.broken)
            text += fmt::format("    {}: {}\n", name_of(one), replay_of(one, program));
    }
    return text.empty() ? text : "\n" + text;
}

std::size_t explored_so_far::ended() const {
    return static_cast<std::size_t>(std::ranges::count(cells, false, &cell_verdict::cut_short));
}

std::string_view verdict_of(const cell_verdict& seen) {
    if (has_violation(seen)) return "violated";
    if (seen.crashed()) return "crash";
    return seen.explored.complete ? "holds" : "unbroken";
}

std::string describe_total(const explored_so_far& seen) {
    const std::vector<cell_verdict>& all = seen.cells;
    const auto count = [&all](auto&& is_one) {
        return static_cast<std::size_t>(std::ranges::count_if(all, is_one));
    };
    const auto is_unbroken = [](const cell_verdict& one) {
        return one.broken.empty() && !one.explored.complete;
    };
    const auto unbroken = count(is_unbroken);
    const auto broken = count([](const cell_verdict& one) { return !one.broken.empty(); });
    std::string text =
        fmt::format("{} cell{}: {} hold, {}{} fail, {} not as expected\n", all.size(),
                    all.size() == 1 ? "" : "s", all.size() - broken - unbroken,
                    unbroken == 0 ? "" : fmt::format("{} unbroken as far as explored, ", unbroken),
                    broken, count([](const cell_verdict& one) { return !one.as_expected(); }));
    if (const auto crashed = count([](const cell_verdict& one) { return one.crashed(); }))
        text += fmt::format("{} crashed\n", crashed);
    if (const auto silent =
            count([](const cell_verdict& one) { return !one.assessed.missing.empty(); }))
        text += fmt::format("{} declared to break but did not\n", silent);
    if (!seen.complete())
        text += fmt::format(
            "{}: {} of {} cell{} explored to the end; the rest is incomplete, not "
            "proven\n",
            seen.interrupted ? "cut short" : "time is up", seen.ended(), seen.wanted,
            seen.wanted == 1 ? "" : "s");
    return text;
}

int exit_code_of(const explored_so_far& seen) {
    const auto any = [&](auto&& is_one) { return std::ranges::any_of(seen.cells, is_one); };
    if (any([&](const cell_verdict& one) {
            return !one.assessed.unexpected.empty() || one.harness_at_fault() ||
                   (seen.strict && has_violation(one));
        }))
        return exit_violated;
    if (any([](const cell_verdict& one) { return one.crashed(); })) return exit_crash;
    if (seen.interrupted && !seen.complete()) return exit_cut_short;
    const bool silent = any([](const cell_verdict& one) { return !one.assessed.missing.empty(); });
    return silent || seen.cells.size() < seen.wanted ? exit_inconclusive : exit_as_expected;
}

int exit_code_of(const explore::replay_result& run, std::optional<explore::defect> shows) {
    bool crashed = false;
    bool broken = false;
    for (const explore::finding& f : run.findings)
        (f.kind == explore::finding_kind::crash ? crashed : broken) = true;
    if (crashed && (!broken || shows == explore::defect::crash())) return exit_crash;
    return broken ? exit_violated : exit_as_expected;
}

}  // namespace pidmap_stress
