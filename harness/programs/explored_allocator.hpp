#pragma once

#include <span>

#include "allocator/contract.hpp"
#include "allocator/pid_numbers.hpp"
#include "harness/explorer/run/explored.hpp"

/// A variant as explored programs see it, with its types erased: a program is compiled once, not
/// once for each variant and each size of page.
namespace pidmap_stress::explore {

/// A namespace in the explored memory. Only its variant knows what it is.
struct namespace_object;
/// A pid object (the kernel's struct pid). Only its variant knows what it is.
struct pid_object_handle;

/// An object, or why there is none.
struct pid_object_result {
    pid_object_handle* object = nullptr;
    alloc_error error{};
};

using pid_max_cell = atomic<pid_nr, cell_role::pid_max>;

/// The calls of one variant on pages of one size: see pid_allocator, pid_numbers and pid_object for
/// what each one means. Made by explored_allocator_of().
struct explored_allocator {
    const variant_info* info;
    unsigned bits_per_page;
    unsigned max_pages;
    pid_nr reserved_pids;
    bool nests;  ///< It satisfies nesting_allocator; otherwise the calls below are null.

    /// nullptr if there was no memory. A parent may be null.
    namespace_object* (*create)(const pid_max_cell& pid_max, namespace_object* parent) noexcept;
    alloc_result (*alloc_pidmap)(namespace_object& ns) noexcept;
    void (*free_pidmap)(namespace_object& ns, pid_nr nr) noexcept;
    void (*get)(namespace_object& ns) noexcept;
    void (*put)(namespace_object& ns) noexcept;
    int (*peek_refcount)(const namespace_object& ns) noexcept;
    int (*peek_nr_free)(const namespace_object& ns, unsigned page) noexcept;
    /// Whether the page has memory.
    bool (*peek_installed)(const namespace_object& ns, unsigned page) noexcept;
    /// The page's bitmap, which is one word. \pre It has memory.
    std::uint64_t (*peek_bitmap)(const namespace_object& ns, unsigned page) noexcept;

    unsigned (*level)(const namespace_object& ns) noexcept;
    numbers_result (*alloc_numbers)(namespace_object& ns, std::span<pid_nr> numbers) noexcept;
    void (*free_numbers)(namespace_object& ns, std::span<const pid_nr> numbers) noexcept;
    bool (*disable_pid_allocation)(namespace_object& ns) noexcept;
    void (*abandon)(namespace_object& ns, pid_nr first) noexcept;
    pid_object_result (*alloc_pid)(namespace_object& ns) noexcept;
    void (*free_pid)(namespace_object& ns, pid_object_handle& object) noexcept;
    pid_object_handle* (*find_pid)(namespace_object& ns, pid_nr nr) noexcept;
    void (*get_pid)(pid_object_handle& object) noexcept;
    void (*put_pid)(pid_object_handle& object) noexcept;
    /// The object's number in the namespace of that level.
    pid_nr (*number_of)(const pid_object_handle& object, unsigned level) noexcept;

    /// First pid number that the pages have no bit for.
    [[nodiscard]] constexpr pid_nr highest_pid_max() const noexcept {
        return static_cast<pid_nr>(bits_per_page * max_pages);
    }
};

/// The most bits and pages that a size of explored_variant has: books of pids are that large.
inline constexpr unsigned most_explored_bits = 8;
inline constexpr unsigned most_explored_pages = 3;
inline constexpr unsigned most_explored_pids = most_explored_bits * most_explored_pages;

/// A namespace with its variant's calls. It is a handle: a copy is the same namespace.
class explored_namespace {
public:
    explored_namespace() = default;
    explored_namespace(const explored_allocator& calls, namespace_object* object) noexcept
        : calls_(&calls), object_(object) {}

    /// An empty handle if there was no memory.
    [[nodiscard]] static explored_namespace create(const explored_allocator& calls,
                                                   const pid_max_cell& pid_max) noexcept {
        return {calls, calls.create(pid_max, nullptr)};
    }
    /// Below `parent`, if that is a namespace. \pre The variant nests, if it is.
    [[nodiscard]] static explored_namespace create(const explored_allocator& calls,
                                                   const pid_max_cell& pid_max,
                                                   const explored_namespace& parent) noexcept {
        return {calls, calls.create(pid_max, parent.object_)};
    }

    [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }
    [[nodiscard]] namespace_object* object() const noexcept { return object_; }
    [[nodiscard]] const explored_allocator& calls() const noexcept { return *calls_; }

    [[nodiscard]] alloc_result alloc_pidmap() const noexcept {
        return calls_->alloc_pidmap(*object_);
    }
    void free_pidmap(pid_nr nr) const noexcept { calls_->free_pidmap(*object_, nr); }
    void get() const noexcept { calls_->get(*object_); }
    void put() const noexcept { calls_->put(*object_); }

    [[nodiscard]] int peek_refcount() const noexcept { return calls_->peek_refcount(*object_); }
    [[nodiscard]] int peek_nr_free(unsigned page) const noexcept {
        return calls_->peek_nr_free(*object_, page);
    }
    [[nodiscard]] bool peek_installed(unsigned page) const noexcept {
        return calls_->peek_installed(*object_, page);
    }
    [[nodiscard]] std::uint64_t peek_bitmap(unsigned page) const noexcept {
        return calls_->peek_bitmap(*object_, page);
    }

    // \pre The variant nests.
    [[nodiscard]] unsigned level() const noexcept { return calls_->level(*object_); }
    [[nodiscard]] numbers_result alloc_numbers(std::span<pid_nr> numbers) const noexcept {
        return calls_->alloc_numbers(*object_, numbers);
    }
    void free_numbers(std::span<const pid_nr> numbers) const noexcept {
        calls_->free_numbers(*object_, numbers);
    }
    [[nodiscard]] bool disable_pid_allocation() const noexcept {
        return calls_->disable_pid_allocation(*object_);
    }
    void abandon(pid_nr first) const noexcept { calls_->abandon(*object_, first); }
    [[nodiscard]] pid_object_result alloc_pid() const noexcept {
        return calls_->alloc_pid(*object_);
    }
    void free_pid(pid_object_handle& object) const noexcept { calls_->free_pid(*object_, object); }
    [[nodiscard]] pid_object_handle* find_pid(pid_nr nr) const noexcept {
        return calls_->find_pid(*object_, nr);
    }

private:
    const explored_allocator* calls_ = nullptr;
    namespace_object* object_ = nullptr;
};

}  // namespace pidmap_stress::explore
