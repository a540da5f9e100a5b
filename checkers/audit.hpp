#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "allocator/contract.hpp"
#include "checkers/finding.hpp"

/// The audit of a quiescent namespace: all workers stopped, deferred releases drained.
namespace pidmap_stress {

struct page_evidence {
    /// Whether the page has memory.
    bool installed = false;
    long nr_free = 0;
    /// Bit b of word w is pid `page * bits_per_page + 64 * w + b`. Empty unless installed.
    std::span<const std::uint64_t> bitmap{};
};

/// Views into buffers of the caller, which must outlive it.
struct namespace_evidence {
    namespace_key which{};
    counting counts = counting::per_page;
    long refcount = 0;
    /// Counted references other than those of pages and pids: the creator's, those of workers.
    unsigned external_references = 0;
    /// Whether it was released. Its refcount and pages are then ignored.
    bool released = false;
    pid_nr pid_max = 0;
    unsigned bits_per_page = 0;
    std::vector<page_evidence> pages{};
    /// The pids that the workers' own books say are held, in any order.
    std::span<const pid_nr> held{};
};

/// Judges a quiescent namespace and returns everything that is wrong with it.
///
/// - refcount_equals_pages: refcount == external references + non-empty pages (`per_pid`: + live
///   pids). Pages are counted from the bitmap and from the books, never from `nr_free`. Where these
///   two disagree there is a finding anyway, and the refcount may agree with either.
/// - nr_free_equals_clear_bits: page by page, from the bitmap. Bit 0 of page 0 is set, but not a
///   pid.
/// - bitmap_equals_held: both ways, and the pids are named.
/// - unique_pid: the books hold a pid twice.
/// - no_underflow: the count is below 0.
/// - released_once: nothing holds the namespace, its count is 0, and it was not released.
/// - live_pid_pins_namespace: it was released, and the books still hold pids of it.
///
/// Held pids at or above pid_max are fine: pid_max may shrink while a pid is held.
/// Takes time in proportion to installed pages and held pids.
///
/// \pre `bits_per_page` is a power of two; `bitmap` has its bits, rounded up to words.
[[nodiscard]] std::vector<finding> audit(const namespace_evidence& evidence);

}  // namespace pidmap_stress
