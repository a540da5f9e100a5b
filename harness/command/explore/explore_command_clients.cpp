#include "harness/command/explore/explore_command_clients.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "harness/base/duration.hpp"
#include "harness/base/interruption.hpp"
#include "harness/base/say.hpp"
#include "harness/command/explore/emit_test.hpp"
#include "harness/command/explore/explore_command_report.hpp"
#include "harness/command/options.hpp"
#include "harness/command/report/progress.hpp"
#include "harness/command/report/provenance.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/command/selection.hpp"
#include "harness/programs/clients/explore_clients.hpp"
#include "harness/programs/shrink.hpp"

namespace pidmap_stress {
namespace {

using explore::clients_verdict;
using clock = explore::watch::clock;

/// The part that is the same in each row. \pre A number of calls was given.
[[nodiscard]] explore::client_options options_of(const explore_options& wanted) {
    explore::client_options how{.calls = calls_of_clients(wanted.clients).value_or(0),
                                .model = *explore::parse_model(wanted.model),
                                .jobs = wanted.jobs,
                                .part = wanted.share.part};
    if (wanted.calls_of_three) how.calls_of_three = *wanted.calls_of_three;
    if (wanted.calls_of_nested) how.calls_of_nested = *wanted.calls_of_nested;
    if (wanted.budget) how.budget = *wanted.budget;
    return how;
}

struct row {
    const explore::explored_variant* variant;
    discipline how;
};

/// The selected variants under the selected disciplines. \throws usage_error
[[nodiscard]] std::vector<row> rows_of(const explore_options& wanted) {
    std::vector<row> rows;
    for (const chosen_cell& one :
         choose_cells(explored_catalogue(), {.variants = wanted.variants,
                                             .disciplines = wanted.disciplines,
                                             .scenarios = wanted.scenarios,
                                             .variation = {}})) {
        const row next{.variant = explore::find_explored_variant(one.variant), .how = one.how};
        const bool is_there = std::ranges::any_of(rows, [&](const row& other) {
            return other.variant == next.variant && other.how == next.how;
        });
        if (!is_there) rows.push_back(next);
    }
    return rows;
}

/// What clients of a family have more than pids, to be added to their number.
[[nodiscard]] std::string_view suffix(explore::client_family of) noexcept {
    return of == explore::client_family::pids ? "" : " with children and objects";
}

[[nodiscard]] std::string counted(std::uint64_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

/// "every client of at most 5 calls: 1234 clients, 56789 executions and 0 states".
[[nodiscard]] std::string extent_of(const clients_verdict& seen) {
    std::uint64_t clients = 0;
    for (const explore::client_level& one : seen.levels) clients += one.explored;
    std::string text =
        fmt::format("{}, {}", counted(clients, "client"), counted(seen.executions, "execution"));
    if (seen.states != 0) text += fmt::format(", {}", counted(seen.states, "state"));
    return text;
}

/// "3 calls on 1 thread, 2 calls on 2 threads": what was explored in full.
[[nodiscard]] std::string complete_in(const clients_verdict& seen, explore::client_family family) {
    std::vector<std::string> proved;
    for (unsigned threads = 1; threads <= explore::most_client_threads; ++threads)
        if (const unsigned complete = seen.complete_up_to(family, threads); complete != 0)
            proved.push_back(
                fmt::format("{} on {}", counted(complete, "call"), counted(threads, "thread")));
    return fmt::format("{}", fmt::join(proved, ", "));
}

[[nodiscard]] std::string describe(const clients_verdict& seen, const shard& part, bool is_random) {
    if (!seen.broken.empty()) {
        std::vector<std::string> names;
        for (const explore::broken_invariant& one : seen.broken)
            names.emplace_back(one.which ? to_string(*one.which)
                                         : explore::to_string(one.finding.kind));
        return fmt::format("fails: {}; {}{}", fmt::join(names, ", "),
                           is_random ? "random clients: "
                                     : fmt::format("smallest clients, of {} on {}: ",
                                                   counted(seen.levels.back().calls, "call"),
                                                   counted(seen.levels.back().threads, "thread")),
                           extent_of(seen));
    }
    if (is_random) return "unbroken, random clients: " + extent_of(seen);
    const std::string of_pids = complete_in(seen, explore::client_family::pids);
    const std::string of_nested = complete_in(seen, explore::client_family::nested);
    std::string text =
        of_pids.empty()
            ? std::string("unbroken, nothing complete")
            : fmt::format(
                  "holds for {} client of at most {}{}",
                  part.is_whole() ? std::string("every") : "part " + to_string(part) + " of every",
                  of_pids,
                  of_nested.empty()
                      ? ""
                      : fmt::format(", and{} {}", suffix(explore::client_family::nested),
                                    of_nested));
    for (const explore::client_level& one : seen.levels)
        if (one.explored != one.clients || one.partly != 0)
            text += fmt::format(
                "; of {} on {}{}, {} of {} clients explored{}", counted(one.calls, "call"),
                counted(one.threads, "thread"), suffix(one.family), one.explored, one.clients,
                one.partly == 0 ? "" : fmt::format(", {} of them in part", one.partly));
    return text + ": " + extent_of(seen);
}

[[nodiscard]] std::string_view verdict_of(const clients_verdict& seen, unsigned calls) {
    if (std::ranges::any_of(seen.broken, [](const explore::broken_invariant& one) {
            return one.which != explore::defect::crash();
        }))
        return "violated";
    if (!seen.broken.empty()) return "crash";
    // Random clients prove nothing.
    const bool is_complete = calls != 0 && !seen.cut_short &&
                             std::ranges::all_of(seen.levels, [](const explore::client_level& one) {
                                 return one.explored == one.clients && one.partly == 0;
                             });
    return is_complete ? "holds" : "unbroken";
}

[[nodiscard]] nlohmann::json to_json(const clients_verdict& seen, unsigned calls,
                                     const std::string& program) {
    nlohmann::json levels = nlohmann::json::array();
    for (const explore::client_level& one : seen.levels)
        levels.push_back({{"family", to_string(one.family)},
                          {"threads", one.threads},
                          {"calls", one.calls},
                          {"clients", one.clients},
                          {"explored", one.explored},
                          {"partly", one.partly},
                          {"executions", one.executions},
                          {"states", one.states}});
    nlohmann::json findings = nlohmann::json::array();
    for (std::size_t n = 0; n < seen.broken.size(); ++n) {
        findings.push_back(finding_to_json(seen.broken[n], program));
        const explore::client_number& by = seen.broken_by[n];
        findings.back()["client"] = {by.calls, by.threads, by.number};
    }
    return {{"variant", seen.variant->info->name},
            {"discipline", to_string(seen.how)},
            {"verdict", verdict_of(seen, calls)},
            {"as_expected", seen.as_expected()},
            {"cut_short", seen.cut_short},
            {"levels", levels},
            {"executions", seen.executions},
            {"states", seen.states},
            {"findings", findings}};
}

/// Replaces each finding by a simpler execution.
void simplify(clients_verdict& seen, explore::watch& watched) {
    for (std::size_t i = 0; i < seen.broken.size(); ++i)
        if (auto small =
                explore::shrink(seen.broken_in[i], seen.broken[i], {.watched = &watched})) {
            seen.broken[i].token = small->token();
            seen.broken[i].finding = std::move(small->shown_as);
        }
}

/// Explores one row after another, and shows the progress.
class clients_run {
public:
    clients_run(const explore_options& wanted, std::size_t rows)
        : wanted_(wanted), rows_(rows), progress_(stderr, wanted.duration, "executions") {}

    [[nodiscard]] clients_verdict explore_one(const row& what, std::size_t number) {
        std::optional<clock::time_point> until;
        if (wanted_.duration.count() != 0) {
            const auto left = begin_ + wanted_.duration - clock::now();
            until = clock::now() + left / static_cast<std::int64_t>(rows_ - number);
        }
        explore::watch watched(runs_, until, interrupted);
        {
            const std::lock_guard lock(mutex_);
            now_ = fmt::format("{} {}", what.variant->info->name, to_string(what.how));
        }
        const std::jthread teller([this](const std::stop_token& done) { tell(done); });
        clients_verdict seen = explore_row(what, watched);
        if (!wanted_.no_shrink) simplify(seen, watched);
        return seen;
    }

private:
    [[nodiscard]] clients_verdict explore_row(const row& what, explore::watch& watched) {
        const explore::model under = *explore::parse_model(wanted_.model);
        if (wanted_.clients == random_clients)
            return explore_random_clients(*what.variant, what.how,
                                          {.executions = random_budget(),
                                           .seed = wanted_.seed,
                                           .model = under,
                                           .jobs = wanted_.jobs,
                                           .part = wanted_.share.part,
                                           .watched = &watched});
        const auto on_level = [this](const explore::client_level& level) {
            const std::lock_guard lock(mutex_);
            level_ = fmt::format(": {} of {} on {}{}", counted(level.clients, "client"),
                                 counted(level.calls, "call"), counted(level.threads, "thread"),
                                 suffix(level.family));
        };
        explore::client_options how = options_of(wanted_);
        how.watched = &watched;
        how.on_level = on_level;
        return explore_clients(*what.variant, what.how, how);
    }
    [[nodiscard]] std::uint64_t random_budget() const {
        const std::uint64_t usual = wanted_.duration.count() != 0 ? UINT64_MAX : 200'000;
        const std::uint64_t budget = wanted_.budget.value_or(usual);
        return budget == 0 ? UINT64_MAX : budget;
    }
    void tell(const std::stop_token& done) {
        std::unique_lock lock(mutex_);
        std::condition_variable_any ended;
        while (!ended.wait_for(lock, done, std::chrono::milliseconds(200),
                               [&] { return done.stop_requested(); })) {
            const std::uint64_t runs = runs_.load(std::memory_order::relaxed);
            progress_.update(fmt::format("{}{}, {} executions", now_, level_,
                                         to_human(static_cast<double>(runs))),
                             runs);
        }
        progress_.clear();
    }

    const explore_options& wanted_;
    std::size_t rows_;
    clock::time_point begin_ = clock::now();
    std::atomic<std::uint64_t> runs_{0};
    std::mutex mutex_;  // Guards everything below.
    std::string now_;
    std::string level_;
    progress_line progress_;
};

[[nodiscard]] int exit_code_of(const std::vector<clients_verdict>& all, std::size_t rows,
                               unsigned calls, bool strict) {
    const auto any = [&](auto&& is_one) { return std::ranges::any_of(all, is_one); };
    const auto crashed = [](const clients_verdict& one) { return verdict_of(one, 0) == "crash"; };
    if (any([&](const clients_verdict& one) {
            return (!one.as_expected() && !crashed(one)) ||
                   (strict && verdict_of(one, 0) == "violated");
        }))
        return exit_violated;
    if (any(crashed)) return exit_crash;
    if (interrupted()) return exit_cut_short;
    // If a proof was asked for and is missing, that is not a pass.
    const bool silent = any([&](const clients_verdict& one) {
        return calls != 0 && verdict_of(one, calls) == "unbroken";
    });
    return silent || all.size() < rows ? exit_inconclusive : exit_as_expected;
}

/// How many clients there are, before any is explored.
void print_how_many(const std::vector<row>& rows, const explore::client_options& how) {
    std::vector<std::string> told;
    for (const row& one : rows) {
        const explore::client_kind kind = kind_of_clients(*one.variant, one.how);
        const auto count = [&](explore::client_family family) {
            std::uint64_t clients = 0;
            for (unsigned threads = 1; threads <= explore::most_client_threads; ++threads)
                for (unsigned calls = threads; calls <= most_calls_on(family, threads, how);
                     ++calls)
                    clients += explore::clients_of(kind, family, threads, calls).size();
            return clients;
        };
        const std::uint64_t nested = count(explore::client_family::nested);
        std::string text = fmt::format(
            "{}{} under {}, pages of {} pids",
            counted(count(explore::client_family::pids), "client"),
            nested != 0  ? fmt::format(" and {}{}", nested, suffix(explore::client_family::nested))
            : kind.nests ? ""
                         : ", none of which closes",
            to_string(one.how), kind.bits);
        if (std::ranges::find(told, text) == told.end()) told.push_back(std::move(text));
    }
    using enum explore::client_family;
    say("of at most {} on 1 and 2 threads, and {} on 3;{}, {} and {}: {}\n",
        counted(how.calls, "call"), most_calls_on(pids, 3, how), suffix(nested),
        most_calls_on(nested, 2, how), most_calls_on(nested, 3, how), fmt::join(told, "; "));
}

}  // namespace

std::optional<unsigned> calls_of_clients(std::string_view given) {
    unsigned calls = 0;
    const char* const end = given.data() + given.size();
    const auto [stop, error] = std::from_chars(given.data(), end, calls);
    if (error != std::errc{} || stop != end || calls < 1 || calls > most_calls_of_clients)
        return std::nullopt;
    return calls;
}

int explore_clients_as_told(const explore_options& wanted, const std::string& program) {
    const std::vector<row> rows = rows_of(wanted);
    const unsigned calls = calls_of_clients(wanted.clients).value_or(0);
    const auto begin = clock::now();
    std::vector<clients_verdict> all;
    results_file file(wanted.json_path);
    const auto results_text = [&] {
        // Every row was completed.
        const bool complete =
            all.size() == rows.size() && std::ranges::none_of(all, &clients_verdict::cut_short);
        nlohmann::json cells = nlohmann::json::array();
        for (const clients_verdict& one : all) cells.push_back(to_json(one, calls, program));
        nlohmann::json text{
            {"schema", 1},
            {"program", "pidmap-stress"},
            {"command", "explore --clients"},
            {"shard", to_json(wanted.share.part)},
            {"configuration",
             {{"clients", wanted.clients},
              {"calls_of_three", options_of(wanted).calls_of_three},
              {"calls_of_nested", options_of(wanted).calls_of_nested},
              {"model", wanted.model},
              {"seed", wanted.seed},
              {"variants", wanted.variants},
              {"disciplines", wanted.disciplines},
              {"budget", options_of(wanted).budget},
              {"jobs", wanted.jobs},
              {"strict", wanted.strict},
              {"duration_seconds", std::chrono::duration<double>(wanted.duration).count()}}},
            {"seconds", std::chrono::duration<double>(clock::now() - begin).count()},
            {"complete", complete},
            {"cells_wanted", rows.size()},
            {"cells", cells},
            {"exit_code", exit_code_of(all, rows.size(), calls, wanted.strict)}};
        text.update(provenance());
        return text.dump(2) + "\n";
    };
    // Before any work is done: a run whose results cannot be kept is not begun.
    if (file.wanted())
        if (const auto failure = file.keep_so_far(results_text())) {
            say(stderr, "pidmap-stress: {}\n", failure->what);
            return failure->no_room ? exit_no_resources : exit_usage;
        }
    heed_interruptions();
    say("explore --clients {}{} --model {} --seed {}{}{}; build {}\n", wanted.clients,
        calls == 0
            ? ""
            : fmt::format(" --calls-of-three {} --calls-of-nested {}",
                          options_of(wanted).calls_of_three, options_of(wanted).calls_of_nested),
        wanted.model, wanted.seed,
        wanted.duration.count() == 0 ? "" : fmt::format(", for {}", to_human(wanted.duration)),
        describe(wanted.share), explore::build_identity());
    say("{}\n", describe_build());
    say(stderr, "{}\n", describe_run());
    if (calls != 0) print_how_many(rows, options_of(wanted));
    std::fflush(stdout);
    clients_run run(wanted, rows.size());
    for (std::size_t n = 0; n < rows.size() && !interrupted(); ++n) {
        all.push_back(run.explore_one(rows[n], n));
        // Before it is printed: the file must not lack anything that was.
        if (file.wanted()) (void)file.keep_so_far(results_text());
        const clients_verdict& seen = all.back();
        say("{:<18} {:<10} {}{}\n", seen.variant->info->name, to_string(seen.how),
            describe(seen, wanted.share.part, calls == 0),
            seen.as_expected() ? seen.broken.empty() ? "" : " (as expected)"
                               : fmt::format(" (NOT as expected; {})", to_string(seen.assessed)));
        for (const explore::broken_invariant& one : seen.broken)
            say("{}", describe_defect(one, program));
        std::fflush(stdout);
    }
    const auto count = [&](std::string_view verdict) {
        return std::ranges::count_if(
            all, [&](const clients_verdict& one) { return verdict_of(one, calls) == verdict; });
    };
    say("\n{} of {}: {} hold, {} unbroken as far as explored, {} fail, {} not as expected\n",
        all.size(), rows.size(), count("holds"), count("unbroken"),
        count("violated") + count("crash"),
        std::ranges::count(all, false, &clients_verdict::as_expected));
    const int code = exit_code_of(all, rows.size(), calls, wanted.strict);
    if (!wanted.emit_test.empty())
        for (const clients_verdict& one : all)
            if (!one.broken.empty()) {
                const explore::broken_invariant& first = one.broken.front();
                if (const auto failed =
                        emit_test(wanted.emit_test, first.token, first.finding.what))
                    return *failed;
                break;
            }
    const auto lost = file.wanted() ? file.keep(results_text()) : std::nullopt;
    if (!lost) return code;
    say(stderr, "pidmap-stress: {}\n", lost->what);
    return code != exit_as_expected ? code : static_cast<int>(exit_no_resources);
}

}  // namespace pidmap_stress
