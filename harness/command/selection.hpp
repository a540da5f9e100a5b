#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "harness/base/names.hpp"

/// Which variants, disciplines and scenarios go together, natively and explored: what the options
/// --variant, --discipline, --scenario and --variation choose, and why they refuse.
namespace pidmap_stress {

/// What one command can run.
struct cell_catalogue {
    struct scenario {
        std::string_view name;
        std::string_view summary;
        discipline_set disciplines;
        std::span<const std::string_view> variations{};
        bool nests = false;  ///< Whether it is only for variants that nest.
    };

    std::string_view command;
    std::vector<std::string_view> variants{};  ///< What `all` stands for.
    std::vector<std::string_view> mutants{};   ///< Known too, but only by name.
    std::vector<scenario> scenarios{};
    other_names other_scenarios{};  ///< Names of another command.
    /// Whether the variant has everything that the scenario needs: that it nests, for example.
    bool (*takes)(std::string_view variant, std::string_view scenario);
    /// Whether the scenario has the variation under the discipline.
    bool (*varies)(std::string_view scenario, std::string_view variation, discipline how);
};
/// What `run` hammers.
[[nodiscard]] cell_catalogue native_catalogue();
/// What `explore` explores. Empty in a build with a sanitizer.
[[nodiscard]] cell_catalogue explored_catalogue();

/// The names of all disciplines, and of the ones in a set.
[[nodiscard]] std::vector<std::string_view> discipline_names(discipline_set set = every_discipline);

/// What the command line says.
struct wanted_cells {
    std::span<const std::string> variants;
    std::span<const std::string> disciplines;
    std::span<const std::string> scenarios;
    std::string_view variation{};
};
struct chosen_cell {
    std::string_view variant;
    discipline how{};
    std::string_view scenario;
};
/// Every cell that fits, in the order of the names: `all` is all that fits the other selections.
///
/// \throws usage_error  if a name is unknown, or if nothing fits one that was given: it says which
///                      other word excludes it, and what would go with it.
[[nodiscard]] std::vector<chosen_cell> choose_cells(const cell_catalogue& known,
                                                    const wanted_cells& wanted);

}  // namespace pidmap_stress
