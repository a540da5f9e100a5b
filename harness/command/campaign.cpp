#include "harness/command/campaign.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/duration.hpp"
#include "harness/base/interruption.hpp"
#include "harness/base/say.hpp"
#include "harness/command/confirm_fix.hpp"
#include "harness/command/explain.hpp"
#include "harness/command/report/progress.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/command/report/report.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/explorer/run/sanitizers.hpp"

namespace pidmap_stress {
namespace {

using clock = std::chrono::steady_clock;

/// With more cells than this, expected findings are only listed in the table.
constexpr std::size_t few_cells = 9;
constexpr auto stall_limit = std::chrono::seconds(under_sanitizer ? 60 : 15);

void print_configuration(const run_options& how) {
    say("seed {}, {} workers on {} ({} cores), {}{}{}{} cell{}, {}\n", how.seed, how.trial.workers,
        how.trial.pool == pool_kind::tbb ? "oneTBB" : "std::jthread",
        ::sysconf(_SC_NPROCESSORS_ONLN),
        how.trial.jitter_one_in != 0
            ? fmt::format("one access in {} delayed, ", how.trial.jitter_one_in)
            : "",
        under_tsan   ? "ThreadSanitizer, "
        : under_asan ? "AddressSanitizer, "
                     : "",
        how.trial.pin ? "pinned, " : "", how.cells.size(), how.cells.size() == 1 ? "" : "s",
        how.duration.count() != 0
            ? to_human(how.duration)
            : fmt::format("{} operations each",
                          to_human(static_cast<double>(how.trial.operations))));
    say("{}, {}\n", describe_build(), describe_run());
    if (how.confirm) {
        const auto cores = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
        say("{}\n", describe_plan(*how.confirm, std::min(how.trial.workers, cores)));
    }
    say("a seed fixes operations, delays and faults; the schedule is the system's\n\n");
}

/// `program` without the subcommand that runs cells.
[[nodiscard]] std::string program_words(const std::string& program) {
    constexpr std::string_view subcommand = " run";
    // Under a sanitizer, the wrapper's own command replays with another build.
    return program.ends_with(subcommand) ? program.substr(0, program.size() - subcommand.size())
                                         : std::string("pidmap-stress");
}

void print_summary(const std::vector<cell_result>& results, const run_options& how,
                   const std::string& program) {
    const bool few = results.size() <= few_cells;
    bool head = false;
    for (const cell_result& one : results) {
        const bool expected = one.judged.as_expected() || one.came_to_nothing();
        const bool broken = one.judged.kind != verdict_kind::holds;
        if (expected && !(broken && (few || how.strict))) continue;
        if (!head) say("\nfindings\n");
        head = true;
        say("\n{}", describe_findings(one, reproduction(one.what, how, program)));
    }
    if (!few) say("{}\n{}", describe_sanitizer_findings(results), describe_matrix(results));
    std::size_t holds = 0;
    std::size_t known = 0;
    std::size_t unexpected = 0;
    std::size_t cut_short = 0;
    double cpu_seconds = 0;
    std::uint64_t operations = 0;
    clean_exposure clean;
    std::uint64_t clean_operations = 0;
    for (const cell_result& one : results) {
        if (one.judged.kind == verdict_kind::holds) {
            clean.runs += std::max<std::uint64_t>(one.repeated, 1);
            clean.cpu_hours += one.seen.cpu_seconds / 3600;
            clean_operations += one.seen.operations;
        }
        operations += one.seen.operations;
        cpu_seconds += one.seen.cpu_seconds;
        if (one.came_to_nothing())
            ++cut_short;
        else if (!one.judged.as_expected())
            ++unexpected;
        else if (one.judged.kind == verdict_kind::holds)
            ++holds;
        else
            ++known;
    }
    say("\n{} cell{}: {} hold, {} break as known, {} not as expected{}; {} operations, {:.0f} "
        "CPU seconds\n",
        results.size(), results.size() == 1 ? "" : "s", holds, known, unexpected,
        cut_short == 0 ? "" : fmt::format(", {} cut short", cut_short),
        to_human(static_cast<double>(operations)), cpu_seconds);
    if (holds != 0 && clean.cpu_hours > 0)
        say("{}{}\n", holds == results.size() ? "" : "of the cells that hold: ",
            describe_clean(clean.cpu_hours * 3600, clean_operations));
    if (!how.confirm) return;
    clean.operations = static_cast<double>(clean_operations);
    if (holds == results.size())
        say("{}\n", describe_confirmation(*how.confirm, clean));
    else
        say("a bug of rate {} is not gone: not every cell holds\n", how.confirm->given);
}

}  // namespace

namespace {
[[nodiscard]] std::size_t run_to_their_end(const std::vector<cell_result>& results) {
    return static_cast<std::size_t>(std::ranges::count(results, false, &cell_result::cut_short));
}
[[nodiscard]] bool is_complete(const std::vector<cell_result>& results, const run_options& how) {
    return run_to_their_end(results) == how.cells.size();
}
}  // namespace

int exit_code_of(const std::vector<cell_result>& results, exit_rules rules) noexcept {
    bool violated = false;
    bool crash = false;
    bool stall = false;
    bool inconclusive = results.empty();  // Cells that were not run show nothing.
    bool resources = false;
    for (const cell_result& one : results) {
        resources |= one.out_of_resources;
        violated |= !one.judged.unexpected.empty() ||
                    (rules.strict && one.judged.kind == verdict_kind::violated);
        if (one.judged.as_expected() || one.came_to_nothing()) continue;
        resources |= one.judged.kind == verdict_kind::killed;
        crash |= one.judged.kind == verdict_kind::crash;
        stall |= one.judged.kind == verdict_kind::stall;
        // A known failure that does not show is not a pass: the run has not shown what it can see.
        inconclusive |=
            one.judged.kind == verdict_kind::inconclusive || !one.judged.missing.empty();
    }
    return violated          ? exit_violated
           : crash           ? exit_crash
           : stall           ? exit_stall
           : resources       ? exit_no_resources
           : !rules.complete ? exit_cut_short
           : inconclusive    ? exit_inconclusive
                             : exit_as_expected;
}

namespace {

/// The file for a sanitizer's own text, which begins empty: beside the results, or where the
/// wrapper says. Empty if it is to come as it comes.
[[nodiscard]] std::string place_for_raw_text(const run_options& how) {
    if (!under_sanitizer || how.raw) return "";
    const char* const wanted = std::getenv("PIDMAP_STRESS_RAW_TEXT");
    std::string path = !how.json_path.empty() && how.json_path != "-"
                           ? how.json_path + ".sanitizer.txt"
                       : wanted != nullptr ? std::string(wanted)
                                           : std::string();
    if (!path.empty() && !std::ofstream(path, std::ios::trunc)) return "";
    return path;
}

}  // namespace

int run_campaign(const run_options& how, const std::string& program) {
    const clock::time_point begin = clock::now();
    std::vector<cell_result> results;
    results_file file(how.json_path);
    const auto results_text = [&](bool complete) {
        nlohmann::json text = to_json(
            results, how, program, std::chrono::duration<double>(clock::now() - begin).count(),
            complete, exit_code_of(results, {.strict = how.strict, .complete = complete}));
        text.update(provenance());
        return text.dump(2) + "\n";
    };
    // Before any work is done: a run whose results cannot be kept is not begun.
    if (file.wanted())
        if (const auto failure = file.keep_so_far(results_text(false))) {
            say(stderr, "pidmap-stress: {}\n", failure->what);
            return failure->no_room ? exit_no_resources : exit_usage;
        }
    heed_interruptions();
    print_configuration(how);
    const std::string raw_text = place_for_raw_text(how);
    const table_report table(stdout, ::isatty(STDOUT_FILENO) == 1, how.cells);
    table.print_head();
    progress_line progress(stderr, how.duration);
    std::uint64_t operations = 0;
    explained_before modelled;
    for (std::size_t n = 0; n < how.cells.size() && !interrupted(); ++n) {
        const cell& what = how.cells[n];
        trial_settings mine = how.trial;
        mine.key = cell_key(how.seed, what);
        mine.raw_text = raw_text;
        supervision watch{.stall_after = stall_limit};
        watch.interrupted = interrupted;
        if (how.duration.count() != 0) {
            // Time that earlier cells did not need goes to those that are left.
            const auto left = how.duration - (clock::now() - begin);
            watch.budget = std::max<std::chrono::nanoseconds>(
                left / static_cast<std::int64_t>(how.cells.size() - n),
                std::chrono::milliseconds(20));
        }
        const std::string name =
            fmt::format("[{}/{}] {} {} {}", n + 1, how.cells.size(), what.variant->info->name,
                        to_string(what.how), what.workload->info->name);
        watch.on_progress = [&](std::uint64_t here) { progress.update(name, operations + here); };
        results.push_back(how.repeat != 0 ? repeat_cell(what, mine, watch, how.repeat)
                                          : run_cell(what, mine, watch));
        operations += results.back().seen.operations;
        if (how.explain || how.cells.size() <= few_cells || !results.back().judged.as_expected())
            results.back().explained =
                explain_findings(results.back(), program_words(program), modelled);
        // Before it is printed: the file must not lack anything that was.
        if (file.wanted()) (void)file.keep_so_far(results_text(false));
        progress.clear();
        table.print_row(results.back());
    }
    print_summary(results, how, program);
    const bool complete = is_complete(results, how);
    if (!complete)
        say("cut short: {} of {} cells were run to their end\n", run_to_their_end(results),
            how.cells.size());
    // The last document has everything that the earlier ones had.
    std::optional<write_failure> lost;
    if (file.wanted()) lost = file.keep(results_text(complete));
    const int code = exit_code_of(results, {.strict = how.strict, .complete = complete});
    if (!lost) return code;
    say(stderr, "pidmap-stress: {}\n", lost->what);
    return code != exit_as_expected ? code : static_cast<int>(exit_no_resources);
}

}  // namespace pidmap_stress
