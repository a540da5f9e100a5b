#pragma once

#include <vector>

#include "harness/native/flights.hpp"
#include "harness/programs/script/script.hpp"

/// From stress to model: what workers did last becomes small programs for the explorer.
namespace pidmap_stress {

/// The namespace that most of the last events are about; 0 if there are none.
[[nodiscard]] std::uint16_t busiest_namespace(const std::vector<flight_log>& flights);

/// Small programs made of the last calls in one namespace, on the page that most of them are about:
/// few threads and few calls first. Page 0 stays page 0, any other one becomes page 1; what a
/// thread frees and has not allocated, it holds at the start; and what the discipline asks for
/// that lies longer ago than the recorder goes, it has.
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
