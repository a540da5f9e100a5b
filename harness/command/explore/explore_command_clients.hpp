#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/command/explore/explore_command.hpp"

/// `pidmap-stress explore --clients`.
namespace pidmap_stress {

inline constexpr std::string_view random_clients = "random";
inline constexpr unsigned most_calls_of_clients = 8;
/// The number of calls that --clients names. \return nothing if it names none.
[[nodiscard]] std::optional<unsigned> calls_of_clients(std::string_view given);

/// Explores the clients of each selected variant under each discipline, and prints what they
/// showed: a line for each, and a command that replays it for each invariant that broke.
///
/// \returns As run_explore() does. \throws usage_error
[[nodiscard]] int explore_clients_as_told(const explore_options& wanted,
                                          const std::string& program);

}  // namespace pidmap_stress
