#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "allocator/contract.hpp"

/// Where the objects under test live, and how a touch after their end is noticed.
///
/// Natively, each object has pages of its own. When it ends, they go to a quarantine: filled with
/// poison, or, for a sample, made inaccessible, so that a touch faults at the very instruction.
/// Under sanitizers the heap is used, which they watch better than we could.
///
/// Nothing here orders one worker against another: each has its own lists.
namespace pidmap_stress::memory_domain {

enum class object_kind : std::uint8_t {
    pid_namespace,
    page,
    pid_object,
    table_part,  ///< Of the table by which objects are found.
};
inline constexpr std::size_t object_kinds = 4;
/// In the singular, as in "a released page of bits"; for the plural, an s is added.
[[nodiscard]] std::string_view to_string(object_kind kind) noexcept;

/// The byte that released memory is filled with, and the int and pointer that result from it.
inline constexpr unsigned char poison_byte = 0xd5;
inline constexpr int poison_int = static_cast<int>(0xd5d5d5d5U);

/// What the owner of a namespace, or of a pid object, learns of its end. It outlives both.
struct release_record {
    std::atomic<unsigned> releases{0};
    std::uint16_t id = 0;
    /// Several objects share this record: each has a release of its own.
    bool shared = false;
    /// What it has a counted reference on until its end, if it has one.
    release_record* keeps = nullptr;
    /// Called once, by the worker that releases, while the namespace is still intact: takes it out
    /// of every table that a reader could find it in.
    void (*unpublish)(release_record&) noexcept = nullptr;
};

struct settings {
    /// Whether retired namespaces wait for readers. Pid objects always do: a worker that looks for
    /// them by number is a reader under every discipline.
    bool deferred_release = false;
    /// One ended object in N is made inaccessible, in addition to the first ones; 1: each one.
    std::uint32_t guard_one_in = 32;
};

/// Sets up the domain for this process. Called once, before any object is made.
/// \returns Whether there was address space for it.
[[nodiscard]] bool open(const settings& how) noexcept;

/// Memory for an object, or nullptr: there is none, or a fault was injected.
[[nodiscard]] void* take(std::size_t bytes, object_kind kind) noexcept;
/// Ends the life of memory that take() gave. \pre The object in it was destroyed.
void give_back(void* memory, std::size_t bytes, object_kind kind) noexcept;

/// Sets the record that learns of the release of the namespace at `memory`.
void set_owner(void* memory, release_record* owner) noexcept;

/// Ends a retired namespace or pid object: at once, or after a grace period. A second time is a
/// finding; and so is a call that needs more stack the more namespaces it releases.
void retire(void* memory, void (*end)(void*) noexcept,
            object_kind kind = object_kind::pid_namespace) noexcept;

/// Looks for writes into quarantined memory, and reports them. \pre Quiescent.
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
