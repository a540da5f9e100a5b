#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "checkers/finding.hpp"

/// unique_pid: no pid has two tenants at once.
namespace pidmap_stress {

/// The holder of a pid, as written into the slot of that pid: anything but `vacant`.
using tenant = std::uint64_t;
inline constexpr tenant vacant = 0;

/// One step at a pid's slot. The new holder stores itself and notes what it found; the holder that
/// frees puts `vacant` back before its call of free, and notes what it found likewise.
struct tenant_change {
    enum class step : std::uint8_t { moves_in, moves_out };

    step which{};
    namespace_key where{};
    pid_nr pid = 0;
    tenant self = vacant;   ///< The one that moves.
    tenant found = vacant;  ///< What the slot held before.

    [[nodiscard]] constexpr bool fits() const noexcept {
        return found == (which == step::moves_in ? vacant : self);
    }
};

/// The sentence for a change that does not fit.
[[nodiscard]] finding describe_misfit(const tenant_change& change);

/// Judges one step at a slot. Costs a comparison unless something is wrong.
[[nodiscard]] inline std::optional<finding> judge_tenant(const tenant_change& change) {
    if (change.fits()) [[likely]]
        return std::nullopt;
    return describe_misfit(change);
}

/// Finds two tenancies of one pid that surely overlapped, if any.
///
/// Tenancies run from alloc's return to free's call, less the clock skew (see tenancies_of()), so
/// a finding is a proof and never a false alarm.
[[nodiscard]] std::optional<finding> find_double_tenancy(std::vector<tenancy> tenancies);

}  // namespace pidmap_stress
