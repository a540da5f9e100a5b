#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/names.hpp"
#include "harness/command/shard.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;       // NOLINT(readability-identifier-naming)
}

/// `pidmap-stress explore` and `pidmap-stress replay`: the explorer on the command line.
namespace pidmap_stress {

inline constexpr std::array<named_choice, 9> explore_strategies{{
    {"random", "random walks"},
    {"pct", "random priorities of threads, which change a few times"},
    {"pos", "random priorities of steps"},
    {"surw", "of one cell's accesses, about all orders alike"},
    {"bounded", "every schedule with few preemptions"},
    {"exhaustive", "every execution, each once"},
    {"stateful", "every state: executions that reach the same state are merged from there"},
    {"prove", "exhaustive, then stateful where there are too many executions"},
    {"portfolio", "random, then bounded, then exhaustive"},
}};
inline constexpr std::array<named_choice, 3> explore_models{{
    {"rc11", "C++20's memory model, as compilers give it"},
    {"cxx20", "the letter of the standard's order of seq_cst operations"},
    {"sc", "sequential consistency"},
}};
inline constexpr std::array<named_choice, 3> explore_progress{{
    {"auto", "where no thread ever waits, and in a matrix of 2 threads x 1 turn"},
    {"always", "with each thread stopped at each of its steps"},
    {"never", "not checked"},
}};
inline constexpr std::array<named_choice, 4> replay_formats{{
    {"table", "a column for each thread"},
    {"text", "a line for each step, for e-mail"},
    {"mermaid", "a sequence diagram, for issue trackers"},
    {"perfetto", "Chrome trace JSON, for ui.perfetto.dev"},
}};

struct explore_options {
    std::vector<std::string> variants{"all"};
    std::vector<std::string> disciplines{"all"};
    std::vector<std::string> scenarios{"all"};
    unsigned threads = 2;
    unsigned operations = 1;
    unsigned pages = 2;
    unsigned bits = 8;
    std::string variation;  // Empty: the usual one.
    std::string strategy;   // Empty: portfolio, or prove for the matrix.
    std::string model = "rc11";
    std::optional<std::uint64_t> budget;  // Nothing: the strategy's own.
    std::uint64_t seed = 1;
    std::chrono::nanoseconds duration{};  // For the whole command; 0: no limit.
    std::string json_path;
    unsigned jobs = 1;
    std::string clients;  // Empty: scenarios. Otherwise a number of calls, or "random".
    std::optional<unsigned> calls_of_three;   // None: 3.
    std::optional<unsigned> calls_of_nested;  // None: 3.
    bool matrix = false;
    std::string progress = "auto";
    bool strict = false;
    bool no_shrink = false;
    bool estimate = false;  ///< Only say how much there is to explore.
    std::string emit_test;  ///< A path, or empty.
    shard_choice share{};   ///< Of the cells, or of the clients.
};
void add_explore_options(CLI::App& app, explore_options& wanted);

struct replay_options {
    std::string token;
    bool best_effort = false;
    std::string format = "table";
    std::string output;  ///< A path; empty: standard output.
    std::string
        json_path;  ///< Empty: none is wanted; "-": standard output, and nothing else there.
    bool full = false;
    std::string emit_test;  ///< A path, or empty.
};
void add_replay_options(CLI::App& app, replay_options& wanted);

/// Explores each selected cell, and prints what it showed: a line for each, and a command that
/// replays it for each invariant that broke. The same options print the same, whatever `jobs` is,
/// unless time is the limit.
///
/// \param program  The shell command that starts this program.
/// \returns As exit_code_of() has it; exit_usage, with one line on stderr, if the options make no
///          sense, or if results cannot be kept.
[[nodiscard]] int run_explore(const explore_options& wanted, const std::string& program);

/// Runs the one execution that a token names, and prints it for a reader.
///
/// \param program  The shell command that starts this program.
/// \returns As exit_code_of() has it; exit_usage, with one line on stderr, if the text is not a
///          token, or is that of another build, or if the output cannot be written.
[[nodiscard]] int run_replay(const replay_options& wanted, const std::string& program);

}  // namespace pidmap_stress
