#pragma once

#include <string>
#include <string_view>

namespace pidmap_stress::journal {

/// Text as it stands between tags or in a quoted attribute, in XML as in HTML.
/// \pre It has no character that XML forbids: see safe_text.
[[nodiscard]] std::string escaped(std::string_view text);

}  // namespace pidmap_stress::journal
