#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/base/names.hpp"

namespace CLI {    // NOLINT(readability-identifier-naming): the library's
class App;         // NOLINT(readability-identifier-naming)
class ParseError;  // NOLINT(readability-identifier-naming)
}  // namespace CLI

/// What is wrong with the words of a command line, before their meaning is considered: the library
/// says less than a user needs. Each is one sentence, to follow "pidmap-stress: ".
namespace pidmap_stress {

/// The first word is not a command, or there are no words.
[[nodiscard]] std::string why_no_command(const CLI::App& program,
                                         std::span<const char* const> arguments);
/// A word that the command did not take: an option that it does not have, or a stray word.
[[nodiscard]] std::string why_not_taken(const CLI::App& program, const CLI::App& command,
                                        std::string_view word);
/// An option without its value, or with one too many.
[[nodiscard]] std::string why_not_parsed(const CLI::App& command,
                                         std::span<const char* const> arguments,
                                         const CLI::ParseError& error);

/// Adds an option that takes one of a few words; another one is a usage_error.
void add_choice(CLI::App& app, const known_names& known, std::string& value,
                const std::string& description);

/// `text` in one line: a user may have typed anything.
[[nodiscard]] std::string one_line(std::string_view text);

}  // namespace pidmap_stress
