#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/command/shard.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;       // NOLINT(readability-identifier-naming)
}

/// `pidmap-stress mutants`: how well the harness detects bugs.
namespace pidmap_stress {

struct mutants_options {
    std::vector<std::string> mutants{"all"};
    std::vector<std::string> strategies{"all"};
    std::optional<unsigned> seeds{};  ///< Nothing: 6, or 1 if brief.
    std::uint64_t seed = 1;
    unsigned jobs = 2;
    bool brief = false;                ///< --short
    bool part = false;                 ///< As a part that another build will merge.
    std::vector<std::string> merge{};  ///< Results of other builds.
    std::string json_path{};
    shard_choice share{};  ///< Of the candidates.
};
void add_mutants_options(CLI::App& app, mutants_options& wanted);

/// What --strategy takes.
[[nodiscard]] std::vector<std::string_view> mutant_strategies();

/// Looks for the bug of each mutant with each strategy that this build has, and for one in the
/// variants that have none; prints which strategy found which.
///
/// \param program  The shell word that runs this program again, or a script for it.
/// \returns exit_as_expected if each mutant fell to an invariant that it names, and nothing else
///          was reported; exit_inconclusive if one survived, or fell to something else only;
///          exit_violated after a false alarm; exit_usage, with one line on stderr, if the options
///          make no sense. In a part of a study, only a false alarm is judged.
[[nodiscard]] int run_mutants(const mutants_options& wanted, const std::string& program,
                              bool program_is_script);

}  // namespace pidmap_stress
