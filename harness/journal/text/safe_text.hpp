#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Text from journals, made fit to be shown. It comes from processes that crashed, from sanitizers
/// and from other machines, so it may hold any bytes, and any number of them.
namespace pidmap_stress::journal::safe_text {

/// The text as valid UTF-8 without control characters: what is not valid, and what XML 1.0 forbids
/// or a terminal would obey, becomes U+FFFD. Ends of lines and tabs stay, and CR LF is one end.
[[nodiscard]] std::string readable(std::string_view text);

/// The same in one line: each run of white space is one space, and none is left at either end.
///
/// \param most  Bytes of the result; a longer one ends in "...".
/// \pre         most >= 3.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t most);

/// The same as lines. The last line of a text that was cut says how much of it is left out.
///
/// \param most  Bytes of the result. It is cut at the end of a line if there is one in the second
///              half, and never within a character.
/// \pre         most >= 128.
[[nodiscard]] std::string clipped(std::string_view text, std::size_t most);

}  // namespace pidmap_stress::journal::safe_text
