#pragma once

#include <vector>

#include "harness/native/flights.hpp"
#include "harness/programs/script/script.hpp"

/// From stress to model: what workers did last becomes small programs for the explorer.
namespace pidmap_stress {

/// The namespaces that the last events are about, those first that most are about.
[[nodiscard]] std::vector<std::uint16_t> busiest_namespaces(const std::vector<flight_log>& flights,
                                                            std::size_t most);

/// Small programs made of the last calls in one namespace, on the page that most of them are about:
/// few threads and few calls first. Page 0 stays page 0, any other one becomes page 1; what a
/// thread frees and has not allocated, it holds at the start; and what the discipline asks for
/// that lies longer ago than the recorder goes, it has. Where objects are looked up or dropped,
/// pids are those of objects. Where a worker created namespaces below this one, their calls are
/// calls in children.
///
/// The calls are those that were made. Their order across threads was not recorded, and neither
/// was the state of the map: it is the explorer's to try the one, and a guess to have the other
/// full or empty, so for each choice of calls there are several programs.
///
/// \guarantees  !why_not() of each; different ones.
[[nodiscard]] std::vector<explore::script> to_scripts(discipline how,
                                                      const std::vector<flight_log>& flights,
                                                      std::uint16_t ns, unsigned bits_per_page);

}  // namespace pidmap_stress
