#pragma once

#include <string>
#include <string_view>

#include "allocator/contract.hpp"
#include "checkers/verdict.hpp"

namespace pidmap_stress {

/// How a verdict compares with what the variant declares.
struct assessment {
    verdict_kind kind{};
    /// Broke, but not as a known breakage of the variant under this discipline.
    invariant_set unexpected{};
    /// One of these had to break in this scenario and none did: the harness is blind.
    invariant_set missing{};

    /// No crash, stall or vacuous run; nothing unexpected and nothing missing.
    [[nodiscard]] bool as_expected() const noexcept;
};

/// What must still break: of the breakages with `shown_by == scenario` that cover `how`, at least
/// one is required, and the schedule decides which one comes first. Empty if one of them is among
/// `broken`, and where none is required.
[[nodiscard]] invariant_set missing_from(invariant_set broken, const variant_info& info,
                                         discipline how, std::string_view scenario) noexcept;

/// Compares a verdict with the breakages that `info` declares.
/// missing_from() says what is required. Every breakage that covers `how` is permitted, in any
/// scenario.
/// scenario.
[[nodiscard]] assessment assess(const verdict& seen, const variant_info& info, discipline how,
                                std::string_view scenario) noexcept;

/// "as expected", or the deviation: "unexpected: no_underflow; none was shown of: unique_pid".
[[nodiscard]] std::string to_string(const assessment& what);

}  // namespace pidmap_stress
