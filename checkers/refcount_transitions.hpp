#pragma once

#include <optional>
#include <vector>

#include "checkers/finding.hpp"

/// The life of one reference count: its steps, its release, what it must cover.
namespace pidmap_stress {

/// One read-modify-write of a count. A get that was refused does not count.
struct count_change {
    long before = 0;
    long delta = 0;
};

/// A poisoned count that was changed since is off by that much; this far off, it is still
/// recognized.
inline constexpr long poison_drift = 4096;

/// Whether `value` was read from memory that had been filled with `poison`.
[[nodiscard]] constexpr bool is_poison(long value, long poison) noexcept {
    return value >= poison - poison_drift && value <= poison + poison_drift;
}

/// The invariant that the change breaks, if any: no_get_from_zero or no_underflow.
[[nodiscard]] constexpr std::optional<invariant> broken_by(count_change change) noexcept {
    if (change.delta > 0 && change.before <= 0) return invariant::no_get_from_zero;
    if (change.delta < 0 && change.before + change.delta < 0) return invariant::no_underflow;
    return std::nullopt;
}

/// The same, and no_use_after_release for a count that was read from released memory.
///
/// \param poison  The value of a count in released memory. No true count comes within
///                `poison_drift` of it.
[[nodiscard]] constexpr std::optional<invariant> broken_by(count_change change,
                                                           long poison) noexcept {
    if (is_poison(change.before, poison)) return invariant::no_use_after_release;
    return broken_by(change);
}

/// The sentence for a change that breaks `broken`.
[[nodiscard]] finding describe(invariant broken, count_change change, namespace_key which = {});

[[nodiscard]] inline std::optional<finding> judge_count(count_change change,
                                                        namespace_key which = {}) {
    const std::optional<invariant> broken = broken_by(change);
    if (!broken) [[likely]]
        return std::nullopt;
    return describe(*broken, change, which);
}
[[nodiscard]] inline std::optional<finding> judge_count(count_change change, long poison,
                                                        namespace_key which = {}) {
    const std::optional<invariant> broken = broken_by(change, poison);
    if (!broken) [[likely]]
        return std::nullopt;
    return describe(*broken, change, which);
}

/// The state when a namespace was released.
struct release_evidence {
    namespace_key which{};
    /// Releases of this same namespace before this one.
    unsigned earlier_releases = 0;
    /// Pids of it, or of namespaces below it, that were surely held: alloc had returned them, and
    /// free had not been called.
    unsigned held_pids = 0;
};

/// Judges one release: released_once and live_pid_pins_namespace.
[[nodiscard]] std::vector<finding> judge_release(const release_evidence& evidence);

/// Judges reference_covers_pages, at any instant at which the two numbers belong together.
///
/// \param non_empty_pages  Counted from the bitmap or from the books, never from nr_free.
[[nodiscard]] std::optional<finding> judge_cover(long refcount, unsigned non_empty_pages,
                                                 namespace_key which = {});

}  // namespace pidmap_stress
