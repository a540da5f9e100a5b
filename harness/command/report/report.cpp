#include "harness/command/report/report.hpp"

#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/duration.hpp"
#include "harness/base/say.hpp"
#include "harness/base/statistics.hpp"
#include "harness/command/explain.hpp"
#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {
namespace {

[[nodiscard]] std::string names_of(invariant_set set) {
    std::string names;
    for (int n = 0; n < invariant_count; ++n)
        if (set.contains(static_cast<invariant>(n)))
            names +=
                (names.empty() ? "" : ", ") + std::string(to_string(static_cast<invariant>(n)));
    return names;
}

[[nodiscard]] std::string verdict_text(const cell_result& result) {
    if (result.came_to_nothing()) return "cut short";
    std::string text(to_string(result.judged.kind));
    if (result.judged.kind == verdict_kind::violated)
        text += result.judged.as_expected() ? " (known)" : " (!)";
    return text;
}

/// The first line unchanged, the others indented below it.
[[nodiscard]] std::string indented(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\n' ? std::string("\n    ") : std::string(1, c);
    return out;
}

/// The share of repeated runs that showed something, and its interval; null if it was run once.
[[nodiscard]] nlohmann::json reproduction_rate(const cell_result& result) {
    if (result.repeated == 0) return nullptr;
    const auto within = statistics::proportion(result.repeated_with_findings, result.repeated);
    return {{"rate", static_cast<double>(result.repeated_with_findings) /
                         static_cast<double>(result.repeated)},
            {"interval_95", {within.low, within.high}}};
}

/// In how many runs it showed. Trials end when enough of them failed, so they give no rate.
[[nodiscard]] std::string how_often(const cell_result& result) {
    if (result.repeated != 0)
        return statistics::describe_proportion(result.repeated_with_findings, result.repeated) +
               ", runs";
    return fmt::format(
        "{} of {} trials",
        std::max(result.trials_with_findings, std::uint64_t{result.seen.end != run_end::completed}),
        result.trials);
}

[[nodiscard]] const char* colour_of(const cell_result& result) {
    if (!result.judged.as_expected() && !result.came_to_nothing()) return "\033[31m";
    return result.judged.kind == verdict_kind::holds ? "\033[32m" : "\033[33m";
}

[[nodiscard]] std::string remarks(const cell_result& result) {
    std::string text = names_of(result.seen.broken());
    const auto add = [&text](const std::string& more) {
        if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
    };
    if (result.came_to_nothing()) return text;
    if (!result.judged.missing.empty())
        add(fmt::format("had to break and did not: {}", names_of(result.judged.missing)));
    if (result.judged.kind == verdict_kind::inconclusive)
        for (const std::string& mark : result.seen.unhit_marks)
            add(fmt::format("never happened: {}", mark));
    if (result.seen.end != run_end::completed) add(result.ending);
    if (!result.tried_again.empty()) add(result.tried_again + ", and tried again");
    if (result.out_of_resources) add("out of memory or processes");
    return text;
}

}  // namespace

table_report::table_report(std::FILE* out, bool colours, const std::vector<cell>& cells)
    : out_(out), colours_(colours), variant_width_(7) {
    for (const cell& one : cells)
        variant_width_ = std::max(variant_width_, one.variant->info->name.size());
}

void table_report::print_head() const {
    say(out_, "{:<{}}  {:<10} {:<15} {:<17} {:>10} {:>9}  {}\n", "variant", variant_width_,
        "discipline", "scenario", "verdict", "operations", "CPU s", "invariants");
    std::fflush(out_);
}

void table_report::print_row(const cell_result& result) const {
    say(out_, "{:<{}}  {:<10} {:<15} {}{:<17}{} {:>10} {:>9.2f}  {}\n",
        result.what.variant->info->name, variant_width_, to_string(result.what.how),
        result.what.workload->info->name, colours_ ? colour_of(result) : "", verdict_text(result),
        colours_ ? "\033[0m" : "", to_human(static_cast<double>(result.seen.operations)),
        result.seen.cpu_seconds, remarks(result));
    std::fflush(out_);
}

namespace {
[[nodiscard]] std::string describe(const sanitizer_finding& what) {
    return fmt::format("  {}: {}{}\n", to_string(what.broken), indented(to_string(what)),
                       what.times > 1 ? fmt::format(" (reported {} times)", what.times) : "");
}
}  // namespace

std::string describe_sanitizer_findings(const std::vector<cell_result>& results) {
    constexpr std::size_t most = 20;
    std::vector<sanitizer_finding> all;
    for (const cell_result& one : results) add_to(all, one.by_sanitizer);
    if (all.empty()) return "";
    std::ranges::sort(all, std::greater(), &sanitizer_finding::times);
    std::string text = "\nthe sanitizer's reports, in all cells together\n";
    for (std::size_t n = 0; n < std::min(all.size(), most); ++n) text += describe(all[n]);
    if (all.size() > most)
        text += fmt::format("  and {} more causes: run fewer cells\n", all.size() - most);
    return text;
}

std::string describe_findings(const cell_result& result, const std::string& command) {
    std::string text = fmt::format("{} under {} in {}: {}\n", result.what.variant->info->name,
                                   to_string(result.what.how), result.what.workload->info->name,
                                   to_string(result.judged));
    invariant_set told;
    std::set<std::string> by_sanitizer;
    // After the first use of what was released, each line that follows is another cause.
    constexpr std::size_t most_causes = 4;
    for (std::size_t n = 0; n < result.by_sanitizer.size(); ++n) {
        by_sanitizer.insert(to_string(result.by_sanitizer[n]));
        if (n < most_causes) text += describe(result.by_sanitizer[n]);
    }
    if (result.by_sanitizer.size() > most_causes)
        text += fmt::format("  and {} more causes that the sanitizer reports, in the same file\n",
                            result.by_sanitizer.size() - most_causes);
    for (const finding& one : result.seen.findings) {
        if (by_sanitizer.contains(one.what) || told.contains(one.broken)) continue;
        told.insert(one.broken);
        const auto times = result.seen.times_broken[static_cast<std::size_t>(one.broken)];
        text += fmt::format("  {}: {}{}\n", to_string(one.broken), indented(one.what),
                            times > 1 ? fmt::format(" (seen {} times)", times) : "");
    }
    if (!result.ending.empty()) text += fmt::format("  {}\n", result.ending);
    if (!result.last_events.empty()) {
        text += "  last events, as call@namespace=pid, newest last:\n";
        std::size_t from = 0;
        while (from < result.last_events.size()) {
            const std::size_t end = result.last_events.find('\n', from);
            text += "    " + result.last_events.substr(from, end - from) + "\n";
            from = end + 1;
        }
    }
    for (const explanation& one : result.explained) text += "  " + indented(describe(one)) + "\n";
    if (result.seen.end != run_end::completed || !result.seen.findings.empty())
        text +=
            fmt::format("  found in {}; run it again with\n    {}\n", how_often(result), command);
    return text;
}

std::string describe_clean(double cpu_seconds, std::uint64_t operations) {
    const double hours = cpu_seconds / 3600;
    const auto calls = static_cast<double>(operations);
    return fmt::format(
        "0 violations in {:.3g} CPU hours and {} operations: rate below {:.3g} per CPU hour "
        "and {:.2g} per operation at 95 % confidence",
        hours, to_human(calls), statistics::rate_excluded(hours), statistics::rate_excluded(calls));
}

std::string describe_matrix(const std::vector<cell_result>& results) {
    struct line {
        const variant_info* variant;
        discipline how;
        invariant_set broken{};
        bool inconclusive = false;
        std::uint64_t operations = 0;
        double cpu_seconds = 0;
        std::size_t scenarios = 0;
    };
    std::vector<line> lines;
    for (const cell_result& one : results) {
        auto found = std::find_if(lines.begin(), lines.end(), [&one](const line& l) {
            return l.variant == one.what.variant->info && l.how == one.what.how;
        });
        if (found == lines.end())
            found =
                lines.insert(lines.end(), {.variant = one.what.variant->info, .how = one.what.how});
        found->broken = found->broken | one.seen.broken();
        found->inconclusive |=
            one.judged.kind != verdict_kind::holds && one.judged.kind != verdict_kind::violated;
        found->operations += one.seen.operations;
        found->cpu_seconds += one.seen.cpu_seconds;
        ++found->scenarios;
    }
    std::string text = "safety matrix: what was seen, all scenarios together\n";
    for (const line& one : lines) {
        const std::string rests_on =
            fmt::format("{} scenarios, {} operations, {:.1f} CPU seconds", one.scenarios,
                        to_human(static_cast<double>(one.operations)), one.cpu_seconds);
        text += fmt::format("  {:<18} {:<10} {}\n", one.variant->name, to_string(one.how),
                            !one.broken.empty() ? "fails: " + names_of(one.broken)
                            : one.inconclusive  ? "inconclusive: " + rests_on
                                                : "holds: " + rests_on);
    }
    return text;
}

std::string reproduction(const cell& what, const run_options& how, const std::string& program) {
    std::string words = fmt::format("{} --variant {} --scenario {} --discipline {} --seed {}{}",
                                    program, what.variant->info->name, what.workload->info->name,
                                    to_string(what.how), how.seed, how.common_arguments);
    if (how.duration.count() != 0) words += " --duration 10s";
    return words + " --strict";
}

nlohmann::json to_json(const std::vector<cell_result>& results, const run_options& how,
                       const std::string& program, double seconds, bool complete, int exit_code) {
    nlohmann::json cells = nlohmann::json::array();
    for (const cell_result& one : results) {
        nlohmann::json findings = nlohmann::json::array();
        for (const finding& what : one.seen.findings)
            findings.push_back({{"invariant", to_string(what.broken)}, {"what", what.what}});
        nlohmann::json broken = nlohmann::json::object();
        for (int n = 0; n < invariant_count; ++n)
            if (const auto times = one.seen.times_broken[static_cast<std::size_t>(n)]; times != 0)
                broken[std::string(to_string(static_cast<invariant>(n)))] = times;
        nlohmann::json model = nlohmann::json::array();
        for (const explanation& what : one.explained)
            model.push_back({{"invariant", to_string(what.broken)},
                             {"programs", what.programs},
                             {"executions", what.executions},
                             {"token", what.token},
                             {"trace", what.table}});
        nlohmann::json missing = nlohmann::json::array();
        for (int n = 0; n < invariant_count; ++n)
            if (one.judged.missing.contains(static_cast<invariant>(n)))
                missing.push_back(to_string(static_cast<invariant>(n)));
        cells.push_back({{"variant", one.what.variant->info->name},
                         {"discipline", to_string(one.what.how)},
                         {"scenario", one.what.workload->info->name},
                         {"verdict", to_string(one.judged.kind)},
                         {"as_expected", one.judged.as_expected()},
                         {"broken", broken},
                         {"missing", missing},
                         {"findings", findings},
                         {"model", model},
                         {"unhit_marks", one.seen.unhit_marks},
                         {"last_events", one.last_events},
                         {"ending", one.ending},
                         {"tried_again", one.tried_again},
                         {"cut_short", one.cut_short},
                         {"operations", one.seen.operations},
                         {"cpu_seconds", one.seen.cpu_seconds},
                         {"seconds", one.seconds},
                         {"rounds", one.rounds},
                         {"trials", one.trials},
                         {"trials_with_findings", one.trials_with_findings},
                         {"repeated", one.repeated},
                         {"repeated_with_findings", one.repeated_with_findings},
                         {"reproduction", reproduction_rate(one)},
                         {"reproduce", reproduction(one.what, how, program)}});
    }
    return {{"schema", 2},
            {"program", "pidmap-stress"},
            {"seed", how.seed},
            {"configuration",
             {{"threads", how.trial.workers},
              {"pool", to_string(how.trial.pool)},
              {"pin", how.trial.pin},
              {"jitter_one_in", how.trial.jitter_one_in},
              {"pid_max", how.trial.pid_max},
              {"operations", how.trial.operations},
              {"duration_seconds", std::chrono::duration<double>(how.duration).count()},
              {"strict", how.strict},
              {"sanitizer", under_tsan   ? "thread"
                            : under_asan ? "address,undefined"
                                         : "none"}}},
            {"seconds", seconds},
            {"complete", complete},
            {"exit_code", exit_code},
            {"cells", cells}};
}

}  // namespace pidmap_stress
