#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/journal/journal_file.hpp"

/// The sum of any number of journals, together. Depends on what they say, not on their order.
namespace pidmap_stress::journal {

/// One cell, over all slices of all journals of one world.
struct cell_total {
    std::string world{};
    planned_cell plan{};
    std::uint64_t slices = 0;
    double seconds = 0;
    double cpu_seconds = 0;
    std::uint64_t operations = 0;
    std::uint64_t rounds = 0;
    std::uint64_t undecided = 0;
    std::set<std::string> marks{};                  ///< That were hit.
    std::map<std::string, std::uint64_t> broken{};  ///< How often each invariant broke.
    std::map<std::string, std::uint64_t> near_misses{};
    /// The shortest time from a page's last clear to its put; 0: none was timed.
    std::uint64_t clear_to_put_ns = 0;
    std::map<std::string, std::uint64_t> bad_ends{};  ///< "crashed", ... : in how many slices.

    std::string verdict{};  ///< "holds", "violated", "crash", "stall", "killed", "inconclusive".
    bool as_expected = false;
    std::vector<std::string> unexpected{};  ///< Invariants.
    std::vector<std::string> missing{};     ///< One of these had to break, and none did.
    std::vector<std::string> unhit_marks{};
};

/// Where a finding was seen once.
struct sighting {
    std::string folder{};
    std::string world{};
    cell_name cell{};
    std::uint64_t slice = 0;
    std::string at{};
    std::string sentence{};
    std::string command{};
    std::string host{};
    std::string compiler{};
    std::string commit{};
};

/// Sightings of what is one bug as far as can be told: the same invariant, in the same variant and
/// discipline, by the same shrunk program; without a program, in the same scenario.
struct finding_group {
    std::string id{};      ///< 12 hexadecimal digits, the same in every night.
    std::string family{};  ///< The same, of variant, discipline and what broke: whatever program.
    std::string kind{};    ///< "violation", "crash", "stall", "killed".
    std::string invariant{};  ///< Empty if it is not a violation.
    bool expected = false;    ///< A known breakage of its variant.
    std::uint64_t count = 0;  ///< How often the invariant broke.
    std::string first_seen{};
    std::string last_seen{};
    std::vector<sighting> sightings{};  ///< One for each slice, the earliest first; never empty.
    reproduction again{};
    std::optional<explained_finding> explained{};
    std::string last_events{};
    std::string stacks{};
};

/// What memory did over a campaign.
struct memory_watch {
    std::string folder{};
    std::uint64_t first_third_kib = 0;  ///< Median of the supervisor's resident memory.
    std::uint64_t last_third_kib = 0;
    bool grows = false;
};

/// A planted bug of one journal: the last that was looked for, and whether one was ever found.
struct canary_state {
    std::string folder{};
    std::string world{};
    std::optional<canary_record> last{};
    double seconds_since_found = 0;  ///< Of work in slices; all of it if none was found.
    bool dead = false;               ///< Not found, or longer ago than the campaign allows.
    std::string why{};               ///< If dead: one sentence.
};

/// One point of a drawing over time.
struct moment {
    std::string at{};
    double operations_per_second = 0;
    std::uint64_t resident_kib = 0;
    std::uint64_t trial_resident_kib = 0;
    std::uint64_t near_misses = 0;
};

struct series {
    std::string folder{};
    std::string world{};
    std::vector<moment> moments{};
};

/// A part of a campaign that should have been there and is not, or is not whole.
struct missing_part {
    std::string what{};  ///< "shard 3 of 8", "native: cut short after 512 slices".
};

/// Something that the night did besides soaks.
struct other_part {
    std::string name{};
    int code = 0;            ///< Its exit code.
    std::string sentence{};  ///< Its result.
};

struct summary {
    std::vector<cell_total> cells{};        ///< By world, variant, discipline, scenario.
    std::vector<finding_group> findings{};  ///< Unexpected ones first, then by variant.
    std::vector<canary_state> canaries{};
    std::vector<memory_watch> memory{};
    std::vector<series> over_time{};
    std::vector<missing_part> missing{};
    std::vector<other_part> others{};
    std::vector<std::string> remarks{};      ///< What was left out of journals, for readers.
    std::vector<attempt_record> attempts{};  ///< Of all journals, the earliest first.
    std::set<std::string> worlds{};
    double seconds = 0;  ///< Of work, all slices together.
    double cpu_seconds = 0;
    std::uint64_t operations = 0;
    std::uint64_t slices = 0;
    double clean_cpu_seconds = 0;  ///< Of cells that hold.
    std::uint64_t clean_operations = 0;
    std::string began{};
    std::string ended{};
    /// One sentence, for the first line of every report.
    std::string verdict{};
    int exit_code = 7;
};

/// Adds up journals, one after another, so that no more than one must be in memory.
class summarizer {
public:
    summarizer();
    ~summarizer();
    summarizer(const summarizer&) = delete;
    summarizer& operator=(const summarizer&) = delete;

    void add(const journal_text& journal);
    void add(const other_part& part);
    void add(const missing_part& part);
    /// The sum of all of them. Of none the exit code is 7: nothing was run, so nothing was shown.
    [[nodiscard]] summary finish() &&;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// All at once.
[[nodiscard]] summary summarize(const std::vector<journal_text>& journals);

/// The upper bound, at 95 % confidence, of the rate of what was not seen once in this much. 0:
/// none.
[[nodiscard]] double excluded_rate(double exposure) noexcept;
/// The interval of a share, at 95 % confidence.
struct interval {
    double low = 0;
    double high = 1;
};
[[nodiscard]] interval interval_of(const reproduction& seen) noexcept;

}  // namespace pidmap_stress::journal
