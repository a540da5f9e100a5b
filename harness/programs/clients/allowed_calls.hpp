#pragma once

#include <cstddef>
#include <vector>

#include "harness/programs/clients/client_start.hpp"
#include "harness/programs/script/script.hpp"

namespace pidmap_stress::explore {

/// The calls that a thread of a client may make after those that it makes already. What the
/// interpreter would leave out, whatever the calls before it return, is not among them. The
/// script's later threads must call nothing yet, because namespaces have numbers in the order of
/// its text.
[[nodiscard]] std::vector<script_call> allowed_calls(const script& s, client_start from,
                                                     std::size_t thread);

/// Whether a client is about what its start is for. Otherwise it is one of a smaller start too.
[[nodiscard]] bool is_about(const script& s, client_start from);

}  // namespace pidmap_stress::explore
