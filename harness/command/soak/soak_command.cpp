#include "harness/command/soak/soak_command.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "harness/base/build_facts.hpp"
#include "harness/base/duration.hpp"
#include "harness/base/forked.hpp"
#include "harness/base/interruption.hpp"
#include "harness/base/machine.hpp"
#include "harness/base/rng.hpp"
#include "harness/base/say.hpp"
#include "harness/base/source_places.hpp"
#include "harness/command/explain.hpp"
#include "harness/command/report/progress.hpp"
#include "harness/command/report/report.hpp"
#include "harness/command/report/results_file.hpp"
#include "harness/command/soak/canary.hpp"
#include "harness/command/soak/metrics_server.hpp"
#include "harness/command/soak/slice_plan.hpp"
#include "harness/command/soak/slice_result.hpp"
#include "harness/explorer/run/sanitizers.hpp"
#include "harness/journal/journal_file.hpp"
#include "harness/journal/metrics.hpp"
#include "harness/journal/reports/pages.hpp"
#include "harness/native/process/memory_looks.hpp"
#include "harness/programs/regression/regression.hpp"

namespace pidmap_stress {
namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr auto stall_limit = std::chrono::seconds(under_sanitizer ? 60 : 15);
/// With less than this left, no slice is begun.
constexpr auto least_slice = std::chrono::milliseconds(20);
/// How often a slice that found something new is run again, and for how long at most each time.
constexpr unsigned times_again = 5;
constexpr auto longest_again = std::chrono::seconds(under_sanitizer ? 5 : 2);

[[nodiscard]] journal::campaign_record to_campaign(const soak_options& how) {
    const trial_settings& trial = how.run.trial;
    journal::campaign_record campaign{
        .seed = how.run.seed,
        .world = how.world,
        .configuration = {{"threads", std::to_string(trial.workers)},
                          {"pool", std::string(to_string(trial.pool))},
                          {"pid-max", std::to_string(trial.pid_max)},
                          {"jitter", std::to_string(trial.jitter_one_in)},
                          {"pin", trial.pin ? "yes" : "no"}},
        .part = how.share.part,
        .canary_every_seconds = seconds(how.canary_every).count()};
    for (const cell& one : how.run.cells) campaign.cells.push_back(to_plan(one));
    return campaign;
}

/// A soak: its state, and the things that it does one after another.
class soak {
public:
    soak(const soak_options& how, const soak_words& words, journal::journal_file& file)
        : how_(how),
          words_(words),
          file_(file),
          plan_(static_cast<unsigned>(how.run.cells.size()), how.share.part),
          metrics_(to_campaign(how)),
          begin_(clock::now()),
          progress_(stderr, how.run.duration) {}

    /// \returns The exit code, if it cannot continue.
    [[nodiscard]] std::optional<int> run() {
        if (is_done_already()) {
            say("the campaign in {} is done; a longer --duration goes on with it\n", how_.folder);
            return std::nullopt;
        }
        if (const auto failed = begin()) return failed;
        while (!interrupted() && left() >= least_slice) {
            if (canary_is_due()) {
                if (const auto failed = look_for_canary()) return failed;
                continue;
            }
            if (const auto failed = run_slice()) return failed;
        }
        progress_.clear();
        return append(journal::end_record{.at = utc_now(),
                                          .reason = interrupted() ? "asked to end" : "done"});
    }

private:
    /// Once done, it stays done: the milliseconds left over are not worth an attempt.
    [[nodiscard]] bool is_done_already() const {
        if (!file_.before()) return false;
        const journal::journal_text& before = *file_.before();
        return !before.ends.empty() && before.ends.back().reason == "done" &&
               !before.attempts.empty() &&
               seconds(how_.run.duration).count() <= before.attempts.back().duration_seconds;
    }

    /// Continues where the journal ends, or writes its first line.
    [[nodiscard]] std::optional<int> begin() {
        journal::attempt_record attempt = this_attempt();
        if (!file_.before()) {
            say("a new campaign in {}: seed {}, {} cells, {}{}\n", how_.folder, how_.run.seed,
                how_.run.cells.size(), how_.world, describe(how_.share));
            if (const auto failed = append(to_campaign(how_))) return failed;
            return append(attempt);
        }
        const journal::journal_text& before = *file_.before();
        attempt.resumed = before.left_out;
        for (const journal::slice_record& slice : before.slices) remember(slice);
        for (const journal::canary_record& canary : before.canaries) remember(canary);
        progress_.go_on_from(std::chrono::duration_cast<std::chrono::nanoseconds>(seconds(spent_)),
                             operations_);
        say("goes on with the campaign in {}: seed {}, {} slices so far, {} of {} done\n",
            how_.folder, how_.run.seed, before.slices.size(),
            to_human(std::chrono::duration_cast<std::chrono::nanoseconds>(seconds(spent_))),
            to_human(how_.run.duration));
        if (!before.left_out.empty()) say("{}\n", before.left_out);
        return append(attempt);
    }

    [[nodiscard]] journal::attempt_record this_attempt() const {
        const build_facts& build = this_build();
        return {.at = utc_now(),
                .host = host_name(),
                .processors = static_cast<unsigned>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L)),
                .version = build.version,
                .commit = build.commit,
                .modified = build.modified,
                .compiler = build.compiler,
                .sanitizer = build.sanitizer,
                .command = words_.run,
                .duration_seconds = seconds(how_.run.duration).count()};
    }

    void remember(const journal::slice_record& slice) {
        metrics_.add(slice);
        plan_.add({.cell = slice.cell, .number = slice.number}, seconds(slice.turn_seconds),
                  {.near_misses = near_misses_of(slice),
                   .clear_to_put_ns = slice.clear_to_put_ns,
                   .enough = shows_enough_with(slice)});
        ++slices_;
        operations_ += slice.operations;
        spent_ += slice.spent_seconds;
        worked_ += slice.seconds;
        const cell& what = how_.run.cells[slice.cell];
        if (slice.end == to_string(run_end::crashed))
            crashed_.emplace(what.variant->info->name, what.how);
        for (const journal::found& one : slice.findings) {
            if (const auto which = parse_invariant(one.invariant))
                seen_.emplace(what.variant->info->name, *which, what.how);
        }
    }
    void remember(const journal::canary_record& canary) {
        metrics_.add(canary);
        ++canaries_;
        spent_ += canary.seconds;
        worked_at_canary_ = canary.work_seconds;
    }

    /// Adds the slice to what its cell has shown. \returns Whether that is what the cell is there
    /// for: what must break did, and where nothing broke, each mark was hit.
    [[nodiscard]] bool shows_enough_with(const journal::slice_record& slice) {
        shown_by_cell& so_far = shown_[slice.cell];
        so_far.marks.insert(slice.marks.begin(), slice.marks.end());
        for (const auto& [invariant, times] : slice.broken) so_far.broken.insert(invariant);
        const journal::planned_cell cell = to_plan(how_.run.cells[slice.cell]);
        const auto broke = [&so_far](const std::string& name) {
            return so_far.broken.contains(name);
        };
        if (!cell.required.empty() && std::ranges::none_of(cell.required, broke)) return false;
        return !so_far.broken.empty() || so_far.marks.size() >= cell.marks.size();
    }

    [[nodiscard]] std::chrono::nanoseconds left() const {
        return how_.run.duration - (clock::now() - begin_) -
               std::chrono::duration_cast<std::chrono::nanoseconds>(seconds(spent_before()));
    }
    /// Of earlier attempts: the time spent in this one comes from its own clock.
    [[nodiscard]] double spent_before() const { return spent_ - spent_now_; }

    [[nodiscard]] bool canary_is_due() const {
        return canaries_ == 0 || worked_ - worked_at_canary_ >= seconds(how_.canary_every).count();
    }

    [[nodiscard]] std::optional<int> append(const journal::record& what) {
        const auto failure = file_.append(what);
        if (!failure) {
            write_metrics();
            return std::nullopt;
        }
        progress_.clear();
        say(stderr, "pidmap-stress: {}; what was recorded before is intact\n", failure->what);
        return failure->no_room ? exit_no_resources : exit_usage;
    }

    /// What is known may be old; a soak does not end because nobody can see how it does.
    void write_metrics() {
        if (how_.metrics_path.empty()) return;
        const int error = write_file(how_.metrics_path, metrics_.to_text());
        if (error == 0 || metrics_failed_) return;
        metrics_failed_ = true;
        progress_.clear();
        say(stderr, "pidmap-stress: {}; the soak goes on\n",
            describe_failure("--metrics-file", how_.metrics_path, error).what);
    }

    [[nodiscard]] supervision watch(std::chrono::nanoseconds budget, const std::string& doing) {
        supervision how{.budget = budget, .stall_after = stall_limit};
        how.interrupted = interrupted;
        how.last_chance = {};
        how.on_progress = [this, doing](std::uint64_t here) {
            progress_.update(doing + worst_, operations_ + here);
        };
        how.asked_for_status = take_status_request;
        how.on_status = [this, doing](const std::string& last_events) {
            progress_.clear();
            say(stderr, "status: {} slices, {} left; now {}{}\n{}", slices_,
                to_human(std::max(left(), std::chrono::nanoseconds(0))), doing, worst_,
                last_events);
        };
        return how;
    }

    [[nodiscard]] std::optional<int> look_for_canary() {
        const cell planted = draw_canary(how_.run.seed, canaries_);
        const clock::time_point began = clock::now();
        trial_settings trial = how_.run.trial;
        trial.key = split(split(how_.run.seed, "canary key"), canaries_);
        journal::canary_record record = look_for(
            planted, trial, watch(time_for_canary(how_.run.duration), "looking for a planted bug"));
        // A canary that did not get its time says nothing.
        if (!record.found && interrupted()) return std::nullopt;
        record.seconds = seconds(clock::now() - began).count();
        record.work_seconds = worked_;
        spent_now_ += record.seconds;
        remember(record);
        if (!record.found) {
            progress_.clear();
            say("the planted bug {} was not found in {:.1f} s: the harness is blind\n",
                journal::to_string(record.name), record.seconds);
            worst_ = ", a planted bug was missed";
        }
        return append(record);
    }

    [[nodiscard]] std::optional<int> run_slice() {
        const slice_plan::slice which = plan_.next();
        const cell& what = how_.run.cells[which.cell];
        const clock::time_point began = clock::now();
        const std::string at = utc_now();
        const auto turn = std::min(how_.slice, left());
        // The seed of a run of this cell alone: see `command`.
        run_options mine = how_.run;
        mine.seed = split(how_.run.seed, which.number);
        mine.trial.key = cell_key(mine.seed, what);
        const std::string doing =
            fmt::format("slice {} of {} under {} in {}", which.number, what.variant->info->name,
                        to_string(what.how), what.workload->info->name);
        const cell_result result = run_cell(what, mine.trial, watch(turn, doing));
        const bool news = is_new(result);
        journal::slice_record record = to_record(which, result);
        if (news && !interrupted()) explain(which, result, record);
        record.key = mine.trial.key;
        record.at = at;
        record.turn_seconds = seconds(turn).count();
        record.resident_kib = resident_kib(::getpid());
        if (!record.findings.empty() || result.seen.end != run_end::completed)
            record.command = reproduction(what, mine, words_.run);
        if (news && !interrupted()) {
            // What is known to break would otherwise take most of a short campaign.
            const auto each = result.judged.unexpected.empty()
                                  ? turn / times_again
                                  : std::min<std::chrono::nanoseconds>(turn, longest_again);
            record.again = run_again(what, mine.trial, each, doing);
        }
        record.spent_seconds = seconds(clock::now() - began).count();
        if (result.came_to_nothing() && result.seen.operations == 0) return std::nullopt;
        spent_now_ += record.spent_seconds;
        remember(record);
        // Before it is printed: the journal must not lack anything that was.
        if (const auto failed = append(record)) return failed;
        tell(result, record);
        return std::nullopt;
    }

    /// Whether it broke something that this campaign has not seen of this variant, or crashed as it
    /// had not. A stall is not run again: it would take as long each time.
    [[nodiscard]] bool is_new(const cell_result& result) const {
        if (result.seen.end == run_end::crashed &&
            !crashed_.contains({result.what.variant->info->name, result.what.how}))
            return true;
        return std::ranges::any_of(result.seen.findings, [&](const finding& one) {
            return !seen_.contains({result.what.variant->info->name, one.broken, result.what.how});
        });
    }

    /// Has the explorer look at a finding, in a process of its own, so that neither its memory nor
    /// its crash can affect the soak.
    void explain(const slice_plan::slice& which, const cell_result& result,
                 journal::slice_record& record) {
        constexpr double patience = 120;
        run_forked(
            {[&] {
                cell_result copy = result;
                explained_before seen = seen_;
                copy.explained = explain_findings(copy, words_.explorer, seen);
                return journal::to_line(to_record(which, copy));
            }},
            1, patience,
            [&record](std::size_t, const task_end& end) {
                if (end.how == task_end::kind::returned)
                    record.findings =
                        std::get<journal::slice_record>(journal::from_line(end.text)).findings;
                return true;
            },
            interrupted);
        for (journal::found& one : record.findings)
            if (one.explained && !one.explained->program.empty()) write_test(which, one);
    }

    /// Writes a finding that was explained as a test beside the journal. A test that cannot be
    /// written is left out: the journal has the program all the same.
    void write_test(const slice_plan::slice& which, journal::found& one) const {
        const auto of = explore::parse_case(one.explained->program);
        if (!of) return;
        const cell& what = how_.run.cells[which.cell];
        const std::string name = fmt::format("tests/{}_{}_{}.cpp", what.variant->info->name,
                                             to_string(what.how), one.invariant);
        std::error_code ignored;
        std::filesystem::create_directories(how_.folder + "/tests", ignored);
        if (write_file(how_.folder + "/" + name,
                       explore::regression_test(*of, one.explained->headline)) == 0)
            one.explained->test_file = name;
    }

    [[nodiscard]] journal::reproduction run_again(const cell& what, trial_settings trial,
                                                  std::chrono::nanoseconds each,
                                                  const std::string& doing) {
        trial.key = split(trial.key, "again");
        const cell_result again =
            repeat_cell(what, trial, watch(std::min(each * times_again, left()), doing + ", again"),
                        times_again);
        return {.runs = again.repeated, .with_findings = again.repeated_with_findings};
    }

    /// Unexpected findings are printed at once.
    void tell(const cell_result& result, const journal::slice_record& record) {
        const bool bad_end = result.seen.end != run_end::completed;
        if (result.judged.unexpected.empty() && !bad_end) return;
        worst_ = bad_end && result.judged.unexpected.empty()
                     ? fmt::format(", worst so far: {}", to_string(result.judged.kind))
                     : ", worst so far: violated";
        progress_.clear();
        say("{}", describe_findings(result, record.command));
        if (!record.stacks.empty()) say("{}", record.stacks);
        std::fflush(stdout);
    }

    /// What the slices of a cell have shown so far.
    struct shown_by_cell {
        std::set<std::string> marks{};
        std::set<std::string> broken{};
    };

    const soak_options& how_;
    const soak_words& words_;
    journal::journal_file& file_;
    slice_plan plan_;
    journal::metrics metrics_;
    bool metrics_failed_ = false;
    std::map<unsigned, shown_by_cell> shown_;
    clock::time_point begin_;
    progress_line progress_;
    explained_before seen_;
    std::set<std::pair<std::string_view, discipline>> crashed_;
    std::string worst_;  ///< For the line that says how far it is.
    std::uint64_t slices_ = 0;
    std::uint64_t canaries_ = 0;
    std::uint64_t operations_ = 0;
    double spent_ = 0;      ///< Seconds of all attempts, on slices and canaries.
    double spent_now_ = 0;  ///< Of these, in this process.
    double worked_ = 0;     ///< Seconds of slices alone.
    double worked_at_canary_ = 0;
};

/// The seed of the campaign that is there, if none was given.
[[nodiscard]] soak_options with_seed_of(soak_options how, const journal::journal_file& file) {
    if (!how.seed_is_given && file.before()) how.run.seed = file.before()->campaign.seed;
    return how;
}

}  // namespace

int run_soak(const soak_options& how, const soak_words& words) {
    if (canaries().empty()) {
        say(stderr,
            "pidmap-stress: a soak looks for planted bugs, to show that it can see, and this "
            "program has none: start it by ./run_stress.sh soak, or as pidmap-stress-mutants\n");
        return exit_unsupported;
    }
    try {
        journal::journal_file file(how.folder);
        soak_options mine = with_seed_of(how, file);
        if (file.before()) {
            const std::string differs =
                journal::difference(file.before()->campaign, to_campaign(mine));
            if (!differs.empty()) {
                say(stderr,
                    "pidmap-stress: --dir {} has another campaign: {}; give it another folder, or "
                    "the arguments that it was begun with\n",
                    how.folder, differs);
                return exit_usage;
            }
        }
        // Stacks need the places of code in the source. The libraries that this takes are loaded
        // first, so that memory is flat from the first slice on.
        for (const auto code : {reinterpret_cast<const void*>(&run_soak),
                                reinterpret_cast<const void*>(&std::terminate)})  // Of a library.
            (void)source_places(code);
        forget_source_places();
        if (under_sanitizer && !mine.run.raw)
            mine.run.trial.raw_text = how.folder + "/sanitizer.txt";
        std::optional<metrics_server> server;
        if (!how.metrics_address.empty())
            server.emplace(how.metrics_address, journal::journal_path(how.folder));
        heed_interruptions();
        heed_status_requests();
        if (const auto failed = soak(mine, words, file).run()) return *failed;
        auto journal = journal::read_journal(how.folder);
        // The other parts are not this one's fault: the report of all misses them.
        journal->campaign.part = {};
        const journal::summary all = journal::summarize({*journal});
        say("{}", journal::to_plain_text({.night = all, .changes = {}}));
        if (interrupted())
            say("cut short: all is saved in {}; the same command goes on\n", how.folder);
        return all.exit_code;
    } catch (const journal::append_failure& failure) {
        say(stderr, "pidmap-stress: --dir: {}\n", failure.what);
        return failure.no_room ? exit_no_resources : exit_usage;
    }
}

}  // namespace pidmap_stress
