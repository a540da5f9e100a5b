#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/explorer/search/explore.hpp"
#include "harness/programs/replayable.hpp"

/// A replay, made ready for a reader: what each step was, from whom it read, where it stands in the
/// source, what the counts were after it, and which step broke what.
namespace pidmap_stress::explore {

/// What stood in a cell after a row.
struct followed_value {
    std::string cell{};
    std::optional<unsigned> page{};  ///< If it is of one.
    int value = 0;
    friend bool operator==(const followed_value&, const followed_value&) = default;
};

struct trace_row {
    step what{};
    std::string text{};   ///< "refcount sub 1 -> 0 [seq_cst]".
    std::string edge{};   ///< The number that the algorithm's comments give the access: "R3".
    std::string place{};  ///< "pid_namespace.hpp:235", or nothing if the build has no lines.
    std::vector<followed_value> refcounts{};  ///< After it.
    std::vector<followed_value> nr_free{};
    std::vector<std::string> broken{};  ///< "no_underflow: ...", each invariant that broke here.
    /// Whether another thread's steps, or what is broken, depend on it.
    bool matters = false;
};

struct trace {
    std::string headline{};  ///< One sentence: who does what, and what breaks.
    std::string name{};      ///< Variant, discipline, program, model.
    std::string in_words{};  ///< The setting.
    std::string command{};   ///< To see it again.
    unsigned threads = 0;
    std::vector<trace_row> rows{};
    std::vector<std::string> broken_at_first{};  ///< Before any thread's step.
    std::vector<std::string> broken_at_last{};   ///< After all steps.
    std::size_t later = 0;  ///< Steps behind the one that broke what is to be shown.
    bool exact = true;
    std::optional<unsigned> departed_at{};  ///< As replay_result has it.

    /// How many rows a reader is shown, unless all are wanted.
    [[nodiscard]] std::size_t shown() const noexcept;
    [[nodiscard]] bool breaks_anything() const noexcept;
    /// What breaks after all steps; where later steps are not shown, what comes of them is not.
    [[nodiscard]] std::vector<std::string> broken_in_the_end(bool full) const {
        return full || later == 0 ? broken_at_last : std::vector<std::string>{};
    }
};

/// What `run`, a replay of `of`, shows.
/// \param program  The words of a shell that start this program.
[[nodiscard]] trace make_trace(const replayable& of, const replay_result& run,
                               std::string_view program);

/// What a step that breaks an invariant does, in the third person.
[[nodiscard]] std::string deed(invariant which);
/// What a finding says, and of a crash where in the source it is.
[[nodiscard]] std::string sentence_of(const finding& f);
/// "free of pid 3", for a label "free 3"; "call" if there is none.
[[nodiscard]] std::string call_of(std::string_view label);
/// How many of the steps matter to a reader who is to see `shows` break; all, if that is none.
[[nodiscard]] std::size_t count_shown(const replay_result& run, std::optional<defect> shows);

enum class trace_format : std::uint8_t { table, text, mermaid, perfetto };
[[nodiscard]] std::optional<trace_format> parse_trace_format(std::string_view name) noexcept;

/// \param full  All rows, not only those that matter.
[[nodiscard]] std::string to_table(const trace& seen, bool full);
/// A line a step, for mails.
[[nodiscard]] std::string to_text(const trace& seen, bool full);
/// A sequence diagram, for issue trackers that draw Mermaid.
[[nodiscard]] std::string to_mermaid(const trace& seen, bool full);
/// Chrome trace JSON, which Perfetto opens: a track a thread, a counter for each count, an arrow
/// from each write to who read it.
[[nodiscard]] std::string to_perfetto(const trace& seen, bool full);
[[nodiscard]] std::string format(const trace& seen, trace_format as, bool full);
/// All steps, for programs. Fields may be added; none is renamed.
[[nodiscard]] std::string to_json(const trace& seen);

}  // namespace pidmap_stress::explore
