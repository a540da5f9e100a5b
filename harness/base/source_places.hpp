#pragma once

#include <string>
#include <vector>

namespace pidmap_stress {

/// A line of a source file, as the compiler was given its path.
struct source_place {
    std::string file;
    int line = 0;
    std::string function{};  ///< Its name, without parameters; empty if that is not known.
};

/// Where in the source the instruction at an address of this process is, innermost first: where it
/// was written, then where each function that it was inlined into was called. A process that was
/// forked from this one has the same addresses.
///
/// \returns Nothing if the program was built without lines, or without the library that reads them.
[[nodiscard]] std::vector<source_place> source_places(const void* address);

/// Gives back what source_places() has read and kept, which is tens of MiB: the next call reads it
/// anew. For a process that lasts, whose memory is to be flat.
void forget_source_places();

}  // namespace pidmap_stress
