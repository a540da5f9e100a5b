#pragma once

#include <string>

#include "harness/journal/records.hpp"

namespace pidmap_stress::journal {

/// The steps of an interleaving as a sequence diagram of Mermaid, which GitHub and GitLab draw: a
/// lifeline for each thread that takes a step, and one for the namespace.
///
/// \returns  Of many steps the last 40, because the last ones are where it breaks, and a note that
///           says how many are left out. An empty text if there are no steps, or if Mermaid would
///           refuse to draw it.
[[nodiscard]] std::string to_mermaid(const explained_finding& shown);

}  // namespace pidmap_stress::journal
