#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

/// What each command takes: for people, and for programs.
namespace pidmap_stress {

[[nodiscard]] std::string list_as_text();

/// Schema 1: see the README. Fields may be added; none is renamed or removed.
[[nodiscard]] nlohmann::json list_as_json();

/// Prints the list.
///
/// \param json_path  Where the JSON goes: "-" is standard output. Empty: the text is printed.
/// \returns exit_as_expected; exit_usage or exit_no_resources, with one line on stderr, if the file
///          cannot be written.
[[nodiscard]] int run_list(const std::string& json_path);

}  // namespace pidmap_stress
