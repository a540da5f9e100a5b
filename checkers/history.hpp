#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"

/// What was recorded of a run: calls with their bounds in time.
namespace pidmap_stress {

/// A time stamp. Natively the time stamp counter, in the explorer the number of the step.
using ticks = std::uint64_t;

/// The return time of a call that had not returned when the recording ended.
inline constexpr ticks never = std::numeric_limits<ticks>::max();

using worker_nr = std::uint32_t;

/// Identifies a namespace, as another one may reuse its memory or its table slot.
struct namespace_key {
    std::uint32_t id = 0;
    std::uint32_t generation = 0;
    friend constexpr auto operator<=>(const namespace_key&, const namespace_key&) = default;
};

enum class operation_kind : std::uint8_t {
    alloc,
    free,
    get,      ///< Takes an external reference, if the namespace is alive.
    put,      ///< Drops an external reference.
    disable,  ///< Closes the namespace for allocations, if that was not done before.
};

/// One call. It took effect at one instant between `called` and `returned`; a pending one may
/// have taken effect, or not.
struct operation {
    operation_kind kind = operation_kind::alloc;
    worker_nr worker = 0;
    namespace_key where{};
    /// The pid that was returned (alloc) or given (free); 0: no pid. A pending alloc may have a
    /// pid, if the recorder knows which one it was about to return.
    pid_nr pid = 0;
    /// Why alloc or get failed. A get fails by `namespace_dead` only; so does a disable, which
    /// thereby says that the namespace was closed before.
    std::optional<alloc_error> error{};
    ticks called = 0;
    ticks returned = never;

    [[nodiscard]] constexpr bool pending() const noexcept { return returned == never; }
    /// Whether it returned, and did what it was called for.
    [[nodiscard]] constexpr bool succeeded() const noexcept { return !pending() && !error; }
    friend constexpr bool operator==(const operation&, const operation&) = default;
};

/// The span in which a pid was surely held.
struct tenancy {
    operation alloc{};
    /// The first free of the pid after `alloc`; its `called` is `never` if there is none.
    operation free{};
    ticks from = 0;       ///< Held from here on
    ticks until = never;  ///< and until just before here. Empty if not after `from`.
};

/// Returns `time + skew`, and `never` for `never`.
[[nodiscard]] constexpr ticks later(ticks time, ticks skew) noexcept {
    return never - time > skew ? time + skew : never;
}
/// Returns `time - skew`, at least 0, and `never` for `never`.
[[nodiscard]] constexpr ticks earlier(ticks time, ticks skew) noexcept {
    if (time == never) return never;
    return time > skew ? time - skew : 0;
}

/// Derives the tenancy of every successful allocation, whatever its namespace.
///
/// A tenancy runs from alloc's return to the call of the first free of its pid after that return,
/// by any worker: a shorter span than the true one where a pid had two tenants, never a longer one.
/// Both ends give way by `skew`.
///
/// \param history  In any order.
/// \param skew     How far the clocks of two workers may differ, in ticks.
/// \return         Sorted by namespace, pid and begin; empty spans are left out.
[[nodiscard]] std::vector<tenancy> tenancies_of(std::span<const operation> history, ticks skew);

/// Splits a history by namespace, each part in order of `called`.
[[nodiscard]] std::vector<std::vector<operation>> split_by_namespace(
    std::span<const operation> history);

[[nodiscard]] std::string_view to_string(operation_kind kind) noexcept;
/// One line, like "worker 2: alloc -> 17 [104, 120]".
[[nodiscard]] std::string to_string(const operation& what);

}  // namespace pidmap_stress
