#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "allocator/contract.hpp"

/// Where the objects under test live, and how a touch after their end shows.
///
/// Natively, each object has pages of its own. When it ends, they go to a quarantine: filled with
/// poison, or, for a sample, made inaccessible, so that a touch faults at the very instruction.
/// Under sanitizers the heap is used, which they watch better than we could.
///
/// Nothing here orders one worker against another: each has its own lists.
namespace pidmap_stress::memory_domain {

enum class object_kind : std::uint8_t { pid_namespace, page };
inline constexpr std::size_t object_kinds = 2;

/// The byte that released memory is filled with, and what an int and a pointer become by it.
inline constexpr unsigned char poison_byte = 0xd5;
inline constexpr int poison_int = static_cast<int>(0xd5d5d5d5U);

/// What the owner of a namespace learns of its end. It outlives the namespace.
struct release_record {
    std::atomic<unsigned> releases{0};
    std::uint16_t id = 0;
    /// Called once, by whoever releases, while the namespace still is what it was: takes it out of
    /// every table that a reader could find it in.
    void (*unpublish)(release_record&) noexcept = nullptr;
};

struct settings {
    /// Whether retired objects wait for readers.
    bool deferred_release = false;
    /// One ended object in so many is made inaccessible, beside the first ones; 1: each one.
    std::uint32_t guard_one_in = 32;
};

/// Sets up the domain for this process. Called once, before any object is made.
/// \returns Whether there was address space for it.
[[nodiscard]] bool open(const settings& how) noexcept;

/// Memory for an object, or nullptr: there is none, or a fault was injected.
[[nodiscard]] void* take(std::size_t bytes, object_kind kind) noexcept;
/// Ends the life of memory that take() gave. \pre The object in it was destroyed.
void give_back(void* memory, std::size_t bytes, object_kind kind) noexcept;

/// Tells who is to learn of the release of the namespace at `memory`.
void set_owner(void* memory, release_record* owner) noexcept;

/// Ends a retired namespace: at once, or after a grace period. A second time is a finding.
void retire(void* memory, void (*end)(void*) noexcept) noexcept;

/// Looks for writes into what is in quarantine, and reports them. \pre Quiescent.
void inspect_quarantine() noexcept;

struct object_counts {
    std::array<std::uint64_t, object_kinds> created{};
    std::array<std::uint64_t, object_kinds> destroyed{};
};
/// \pre Quiescent, and deferred releases drained.
[[nodiscard]] object_counts counts() noexcept;

/// What is known of an address: for the fault handler.
struct address_report {
    bool ended = false;  ///< It lies in an object that has ended.
    object_kind kind{};
    std::size_t offset = 0;
};
[[nodiscard]] address_report explain(const void* address) noexcept;

}  // namespace pidmap_stress::memory_domain
