#pragma once

#include <vector>

#include "harness/native/flights.hpp"
#include "harness/programs/script/script.hpp"

/// From stress to model: the workers' last calls become small programs for the explorer.
namespace pidmap_stress {

/// The namespaces that the last events are about, the most frequent ones first.
[[nodiscard]] std::vector<std::uint16_t> busiest_namespaces(const std::vector<flight_log>& flights,
                                                            std::size_t most);

/// Small programs made of the last calls in one namespace, on the page that most of them are about:
/// few threads and few calls first. Page 0 stays page 0, any other one becomes page 1. What a
/// thread frees and has not allocated, it holds at the start; it also has what the discipline
/// requires, if that was acquired before the recorder's first event. Where objects are looked up or
/// dropped, pids are those of objects. Where a worker created namespaces below this one, their
/// calls are calls in children.
///
/// The calls are those that were made. Their order across threads was not recorded, so the explorer
/// tries all orders. Nor was the state of the map, so for each choice of calls there are several
/// programs, with a map that is full or empty.
///
/// \guarantees  !why_not() of each; different ones.
[[nodiscard]] std::vector<explore::script> to_scripts(discipline how,
                                                      const std::vector<flight_log>& flights,
                                                      std::uint16_t ns, unsigned bits_per_page);

}  // namespace pidmap_stress
