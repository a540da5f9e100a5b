#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/command/confirm_fix.hpp"
#include "harness/command/explore/explore_command.hpp"
#include "harness/command/mutants_command.hpp"
#include "harness/command/shard.hpp"
#include "harness/command/soak/report_command.hpp"
#include "harness/native/trial.hpp"

namespace pidmap_stress {

/// Exit codes of the program. 66 is ThreadSanitizer's, 77 means skipped.
enum exit_code : int {
    exit_as_expected = 0,
    exit_usage = 1,
    exit_violated = 2,
    exit_no_resources = 3,
    exit_unsupported = 4,
    exit_crash = 5,
    exit_stall = 6,
    exit_inconclusive = 7,
    exit_cut_short = 85,  ///< Asked to end; what was seen so far is reported and kept.
};

struct run_options {
    std::vector<cell> cells;
    trial_settings trial;
    std::uint64_t seed = 0;
    std::chrono::nanoseconds duration{};  ///< Of all cells together; 0: operations count.
    std::string json_path;
    bool strict = false;
    bool raw = false;      ///< Print a sanitizer's own text as it comes.
    bool explain = false;  ///< Have the explorer look at every finding, expected ones too.
    /// Each cell is run this often, up to its first finding each time: in how many runs does it
    /// show?
    unsigned repeat = 0;  ///< 0: once, to show everything that is broken.
    /// How often a bug showed whose fix is to be confirmed.
    std::optional<bug_rate> confirm;
    /// The words that, with `--seed`, run one cell of this again.
    std::string common_arguments;
};

/// A campaign in a folder, which continues where it was left.
struct soak_options {
    run_options run;     ///< Its duration is the whole campaign's; its seed, if given.
    std::string folder;  ///< Has the journal.
    std::string world;   ///< "native", "jitter", "tsan" or "asan".
    bool seed_is_given = false;
    std::chrono::nanoseconds slice{};         ///< 0: as fits the duration.
    std::chrono::nanoseconds canary_every{};  ///< Work between two planted bugs.
    shard_choice share;                       ///< Of the slices.
    std::string metrics_address;              ///< Where numbers are served: "9464"; empty: nowhere.
    std::string metrics_path;                 ///< A file for Prometheus; empty: none is wanted.
};

enum class command { run, soak, report, status, explore, replay, mutants, list, self_test, help };

struct options {
    command what = command::help;
    run_options run;
    soak_options soak;
    report_options report;
    std::string status_folder;
    explore_options explore;
    replay_options replay;
    mutants_options mutants;
    std::string list_json;  ///< For list: "-" is standard output; empty: print text.
    /// Set instead if the arguments are wrong or ask for help: what to print, and the exit code.
    std::string message;
    int exit_code = exit_as_expected;
};

/// Reads the command line. Never exits, and prints nothing.
[[nodiscard]] options parse_options(int argc, const char* const* argv);

/// What --pool takes.
[[nodiscard]] std::vector<std::string_view> pool_names();

/// `text` as one word of a shell.
[[nodiscard]] std::string shell_quoted(std::string_view text);

}  // namespace pidmap_stress
