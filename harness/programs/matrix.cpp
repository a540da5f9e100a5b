#include "harness/programs/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace pidmap_stress::explore {
namespace {

/// How much of all executions was seen.
[[nodiscard]] std::string extent(const result& r) {
    if (r.complete) return "complete";
    std::string text = r.bound ? fmt::format("up to {} preemptions", *r.bound) : "sampled";
    if (r.truncated)
        text = (r.cut_short ? "cut short" : "truncated") + (r.bound ? ", " + text : std::string{});
    return text;
}

/// "1840 executions", those of a portfolio "after 2002 samples"; "2000 samples"; or "96631 states".
[[nodiscard]] std::string amount(const result& r) {
    const auto count = [](std::uint64_t n, std::string_view of) {
        return fmt::format("{} {}{}", n, of, n == 1 ? "" : "s");
    };
    if (r.last == strategy::stateful) return count(r.states, "state");
    if (r.last != strategy::exhaustive) return count(r.samples(), "sample");
    std::string text = count(r.distinct(), "execution");
    if (r.samples() != 0) text += " after " + count(r.samples(), "sample");
    return text;
}

[[nodiscard]] std::string how_much(const result& r) {
    return fmt::format("{}, {}", amount(r), extent(r));
}

/// Whether the breakage that the variant declares for this scenario had to show here. It need not
/// where the search was partial, or where the explorer cannot see it.
[[nodiscard]] bool must_break(const cell_verdict& seen) {
    const variant_info& info = *seen.of.variant->info;
    const bool visible = std::ranges::any_of(info.breaks, [](const breakage& known) {
        return known.broken != invariant::bounded_stack;
    });
    return visible && info.worlds.contains(world::explorer) &&
           (seen.explored.complete || (!seen.broken.empty() && !seen.cut_short()));
}

}  // namespace

std::string_view to_string(family which) noexcept {
    static constexpr std::array<std::string_view, family_count> names{"references", "cover", "pids",
                                                                      "reuse", "progress"};
    return names[static_cast<std::size_t>(which)];
}

std::string_view to_string(standing which) noexcept {
    static constexpr std::array<std::string_view, 5> names{"holds", "unbroken", "FAILS", "CRASHES",
                                                           "-"};
    return names[static_cast<std::size_t>(which)];
}

bool cell_verdict::as_expected() const noexcept {
    return !harness_at_fault() && !crashed() && assessed.unexpected.empty() &&
           assessed.missing.empty();
}

bool cell_verdict::crashed() const noexcept {
    return std::ranges::any_of(
        broken, [](const broken_invariant& one) { return one.which == defect::crash(); });
}

bool cell_verdict::cut_short() const noexcept {
    return explored.cut_short || (progress && progress->cut_short);
}

bool cell_verdict::harness_at_fault() const noexcept {
    return !std::ranges::all_of(
        broken, [](const broken_invariant& one) { return one.which && one.finding.replayed; });
}

standing cell_verdict::of_family(family which) const noexcept {
    const bool fails = std::ranges::any_of(broken, [&](const broken_invariant& one) {
        return !one.which ||
               (!one.which->is_crash() && info_of(*one.which->broken()).about == which);
    });
    if (fails) return standing::fails;
    if (crashed()) return standing::crashes;
    if (which == family::cover &&
        (of.variant->info->counts != counting::per_page || !is_plain(of.program())))
        return standing::unchecked;
    if (which == family::progress && !progress) return standing::unchecked;
    const result& shown = which == family::progress ? *progress : explored;
    return shown.complete && shown.stopped == 0 ? standing::holds : standing::unbroken;
}

size_estimate estimate_cell(const explored_case& what, const options& how,
                            const estimate_effort& effort) {
    const auto p = what.variant->make(what.program());
    return estimate_size(*p, options_of(what, how), effort);
}

cell_verdict explore_cell(const explored_case& what, const options& how, cell_checks checks) {
    const auto p = what.variant->make(what.program());
    cell_verdict seen{.of = what, .explored = explore(*p, options_of(what, how))};
    verdict judged;
    judged.operations = seen.explored.runs();
    const auto add = [&](const finding& f, const explored_case& found_in) {
        const std::optional<defect> which = broken_by(f);
        const auto is_the_same = [&](const broken_invariant& one) {
            return one.which == which && (which != defect::crash() || one.finding.same_as(f));
        };
        if (std::ranges::any_of(seen.broken, is_the_same)) return;
        if (which && which->is_crash()) judged.end = pidmap_stress::run_end::crashed;
        if (which && !which->is_crash()) judged.add({.broken = *which->broken(), .what = f.what});
        seen.broken.push_back({.which = which,
                               .finding = f,
                               .token = make_token(found_in, f.schedule, build_identity())});
    };
    for (const finding& f : seen.explored.findings) add(f, what);
    if (checks.progress == progress_check::always ||
        (checks.progress == progress_check::if_nobody_waits && seen.explored.nobody_waits())) {
        seen.progress = check_progress(*p, options_of(what, how), seen.explored);
        // Whatever else breaks while a thread stands still also breaks if it then continues.
        for (const finding& f : seen.progress->findings) {
            if (f.kind != finding_kind::progress) continue;
            explored_case stopped = what;
            stopped.freeze = {.thread = f.frozen_thread, .after = f.frozen_after};
            add(f, stopped);
        }
    }
    std::ranges::sort(seen.broken, {}, [](const broken_invariant& one) {
        return std::tuple(one.which, one.finding.at_execution, std::string_view(one.finding.what));
    });
    seen.assessed = assess(judged, *what.variant->info, what.setting.how,
                           must_break(seen) ? what.setting.scenario->name : std::string_view{});
    return seen;
}

std::string matrix_head() {
    std::string text = fmt::format("{:<17} {:<9} {:<15}", "variant", "under", "scenario");
    for (int i = 0; i < family_count; ++i)
        text += fmt::format(" {:<10}", to_string(static_cast<family>(i)));
    return text + " explored\n";
}

std::string matrix_row(const cell_verdict& seen) {
    std::string text = fmt::format("{:<17} {:<9} {:<15}", seen.of.variant->info->name,
                                   to_string(seen.of.setting.how), seen.of.setting.scenario->name);
    for (int i = 0; i < family_count; ++i)
        text += fmt::format(" {:<10}", to_string(seen.of_family(static_cast<family>(i))));
    text += fmt::format(" {}", how_much(seen.explored));
    if (seen.explored.nobody_waits()) {
        text += "; nobody waits";
    } else if (seen.progress) {
        text += fmt::format("; progress {}", seen.progress->runs());
        if (!seen.progress->complete) text += ", " + extent(*seen.progress);
    }
    return text + "\n";
}

std::string to_string(const cell_verdict& seen) {
    const pidmap_setting& s = seen.of.setting;
    std::string text =
        fmt::format("{}, {}", seen.explored.complete ? "holds" : "unbroken", extent(seen.explored));
    if (!seen.broken.empty()) {
        text = "fails: ";
        for (const broken_invariant& one : seen.broken)
            text += fmt::format("{}{}", &one == &seen.broken.front() ? "" : ", ",
                                one.which ? to_string(*one.which) : to_string(one.finding.kind));
        text += fmt::format("; {}", extent(seen.explored));
    }
    return text + fmt::format(": {} thread{} x {} turn{}, {} pages of {} pids, {}, {}", s.threads,
                              s.threads == 1 ? "" : "s", s.turns, s.turns == 1 ? "" : "s", s.pages,
                              s.bits, to_string(seen.of.model), amount(seen.explored));
}

}  // namespace pidmap_stress::explore
