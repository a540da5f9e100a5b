#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/shard.hpp"

/// What a soak writes down: one record for each line of a journal. The format of the lines, member
/// by member, is in README.md; a reader of any later version must be able to read version 1.
///
/// Nothing here knows a variant, a checker or a process: a report is made from journals alone, on
/// any machine, by any build.
namespace pidmap_stress::journal {

inline constexpr int schema_version = 1;

/// A variant under a discipline in a scenario, by names.
struct cell_name {
    std::string variant;
    std::string discipline;
    std::string scenario;

    friend auto operator<=>(const cell_name&, const cell_name&) = default;
};
/// "as_posted under lookup in page_zero".
[[nodiscard]] std::string to_string(const cell_name& name);

/// A cell of a campaign, and what its variant declares.
struct planned_cell {
    cell_name name;
    std::vector<std::string> marks{};      ///< Each must be hit, or nothing was shown.
    std::vector<std::string> permitted{};  ///< Invariants that are known to break here.
    std::vector<std::string> required{};   ///< Of these at least one must break.

    friend bool operator==(const planned_cell&, const planned_cell&) = default;
};

/// The first line: what the campaign is. The same command goes on with it; another one is refused.
struct campaign_record {
    std::uint64_t seed = 0;
    std::string world{};  ///< "native", "jitter", "tsan", "asan".
    /// What changes the meaning of a slice: threads, pool, pid_max, jitter. In the words of the
    /// options, without their dashes.
    std::map<std::string, std::string> configuration{};
    shard part{};  ///< Parts share a campaign's seed and cells, and no slice.
    std::vector<planned_cell> cells{};
    /// A planted bug must have been found within this many seconds of work, or the harness is
    /// blind.
    double canary_every_seconds = 0;
};

/// A process began to work on the campaign.
struct attempt_record {
    std::string at{};  ///< When, in ISO 8601, UTC.
    std::string host{};
    unsigned processors = 0;
    std::string version{};
    std::string commit{};
    bool modified = false;  ///< The source was not that of the commit.
    std::string compiler{};
    std::string sanitizer{};
    std::string command{};        ///< The words of a shell that do this again.
    double duration_seconds = 0;  ///< That the campaign is to take, all attempts together.
    std::string resumed{};  ///< What was found wrong with the journal and left out; else empty.
};

/// A step of an interleaving, for a drawing.
struct interleaving_step {
    unsigned thread = 0;  ///< From 1.
    std::string call{};   ///< "alloc", "free of pid 3".
    std::string what{};   ///< "refcount sub 1 -> 0 [seq_cst]".
    std::string edge{};   ///< "R3", or nothing.
    std::string place{};  ///< "pid_namespace.hpp:235", or nothing.
    /// The step whose value it read, counted from 0; nothing if none of those shown.
    std::optional<unsigned> reads_from{};
    std::vector<std::string> broken{};  ///< "no_underflow: ...", for each invariant broken here.
};

/// What the explorer made of a finding: a small program that shows it.
struct explained_finding {
    std::string token{};  ///< Replays it. Empty: it could not be shown.
    std::string headline{};
    std::string program{};  ///< The script, as `explore` takes it.
    std::string table{};    ///< The interleaving as text.
    std::vector<interleaving_step> steps{};
    unsigned threads = 0;
    std::uint64_t executions = 0;
    std::string test_file{};  ///< Of the generated regression test, from the journal's folder.
};

struct found {
    std::string invariant{};
    std::string sentence{};
    std::optional<explained_finding> explained{};
};

/// How often a finding came again when its slice was run again.
struct reproduction {
    std::uint64_t runs = 0;
    std::uint64_t with_findings = 0;
};

/// A slice of a cell ended: the unit that is lost, or kept, whole.
struct slice_record {
    unsigned cell = 0;         ///< Its place in campaign_record::cells.
    std::uint64_t number = 0;  ///< Which slice of that cell, from 0.
    std::uint64_t key = 0;     ///< Of all chance in it: a function of seed, cell and number.
    std::string at{};          ///< When it began.
    double seconds = 0;
    double turn_seconds = 0;   ///< What it was given.
    double spent_seconds = 0;  ///< With all that came of it: runs again, explanations.
    double cpu_seconds = 0;
    std::uint64_t operations = 0;
    std::uint64_t rounds = 0;
    std::uint64_t trials = 0;
    std::string end{"completed"};  ///< Or "crashed", "stalled", "killed".
    std::string ending{};          ///< How it ended, as a sentence, if not well.
    bool cut_short = false;        ///< Asked to end before its time.
    bool out_of_resources = false;
    std::vector<std::string> marks{};               ///< That were hit.
    std::map<std::string, std::uint64_t> broken{};  ///< How often each invariant broke.
    std::vector<found> findings{};
    std::string last_events{};
    std::string stacks{};  ///< Of all threads, where a stall or a crash was seen.
    std::map<std::string, std::uint64_t> near_misses{};
    /// The shortest time from a page's last clear to its put, of those that were timed; 0: none.
    std::uint64_t clear_to_put_ns = 0;
    std::optional<reproduction> again{};
    std::string command{};  ///< The words of a shell that run the slice again, if it found.
    std::uint64_t resident_kib = 0;        ///< Of the supervising process, at its end.
    std::uint64_t trial_resident_kib = 0;  ///< The most that a trial's process had.
    std::uint64_t undecided = 0;           ///< Histories whose judge gave up.
};

/// A planted bug was run, to see whether the harness sees.
struct canary_record {
    std::string at{};
    cell_name name{};
    bool found = false;
    double seconds = 0;
    std::string invariant{};  ///< What it broke, if it was found.
    double work_seconds = 0;  ///< Of all slices before it.
};

/// A process ended its work in good order.
struct end_record {
    std::string at{};
    std::string reason{};  ///< "done", "asked to end", "no room".
};

using record =
    std::variant<campaign_record, attempt_record, slice_record, canary_record, end_record>;

/// One line, without its end.
[[nodiscard]] std::string to_line(const record& what);
/// \throws std::runtime_error  if the line is not a record of a version that is known: one
/// sentence.
[[nodiscard]] record from_line(const std::string& line);

}  // namespace pidmap_stress::journal
