#pragma once

#include <cstddef>
#include <span>
#include <string>

/// What this program was built from: for --version, and for every report.
namespace pidmap_stress {

struct build_facts {
    std::string version;
    std::string commit;     ///< "unknown" if it was not built in a git work tree.
    bool modified = false;  ///< The work tree had changes that were not committed.
    std::string compiler;   ///< "Clang 19.1.7"
    std::string sanitizer;  ///< "none", "thread", "address,undefined"
    std::string date;       ///< UTC, ISO 8601; SOURCE_DATE_EPOCH if that was set.
};
[[nodiscard]] const build_facts& this_build();

/// Where in memory the facts lie that change although no code does: commit and date. They are in
/// the file of the program, at a place of fixed size.
[[nodiscard]] std::span<const std::byte> volatile_facts() noexcept;

}  // namespace pidmap_stress
