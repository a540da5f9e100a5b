#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pidmap_stress {

/// Writes what a token shows as the source of a GoogleTest, and reports that on standard error.
///
/// \param path      "-" is standard output.
/// \param headline  One sentence: what happens.
/// \returns  The exit code if it could not be written, which is reported in one line.
[[nodiscard]] std::optional<int> emit_test(const std::string& path, const std::string& token,
                                           std::string_view headline);

}  // namespace pidmap_stress
