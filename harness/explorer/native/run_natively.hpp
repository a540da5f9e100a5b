#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/explorer/run/program.hpp"
#include "harness/explorer/search/explore.hpp"

/// Runs a program on the machine itself, again and again: a program whose state is made of
/// native_world (see worlds.hpp), whose cells are std::atomic and the like. What ThreadSanitizer
/// sees of it is the program's own code, too.
namespace pidmap_stress::explore {

struct native_options {
    std::uint64_t runs = 100'000;     ///< At most ...
    std::chrono::nanoseconds time{};  ///< ... and no new one after this; 0: no limit.
};

struct native_result {
    std::uint64_t runs = 0;
    std::map<std::string, std::uint64_t> outcomes{};  ///< How often each was seen.
    std::map<std::string, std::uint64_t> failures{};  ///< How often each check failed.

    [[nodiscard]] bool ok() const noexcept { return failures.empty(); }
};

/// Runs it with a thread for each of its threads, which begin together each time.
///
/// \pre  Every run ends, whatever the scheduler does: nobody looks on.
[[nodiscard]] native_result run_natively(const program& p, const native_options& how = {});

/// Outcomes that the machine has shown and an exploration of the same program has not: if it was
/// complete, there must be none.
[[nodiscard]] std::vector<std::string> unexplored(const native_result& seen,
                                                  const result& explored);

}  // namespace pidmap_stress::explore
