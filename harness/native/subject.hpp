#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "allocator/pid_numbers.hpp"
#include "checkers/audit.hpp"
#include "harness/native/tenant_slots.hpp"
#include "harness/world/memory_domain.hpp"

/// The allocator under test as the harness sees it: a variant in a world, with its types erased.
namespace pidmap_stress {

struct table_slot;

/// A pid object, as it passes through the harness. Only its variant knows what it is.
struct pid_handle;

/// An object, or why there is none, and at which level.
struct handle_result {
    pid_handle* object = nullptr;
    alloc_error error{};
    unsigned at_level = 0;
};

/// What was read off a quiescent namespace.
struct namespace_peek {
    long refcount = 0;
    std::vector<page_evidence> pages{};
    std::vector<std::uint64_t> words{};  ///< What the pages' bitmaps point into.
};

/// A namespace under test, and what the harness knows of it. The object stays when the namespace is
/// gone, and serves another one once the workers have stopped.
class tested_namespace : public memory_domain::release_record {
public:
    virtual ~tested_namespace() = default;
    tested_namespace(const tested_namespace&) = delete;
    tested_namespace& operator=(const tested_namespace&) = delete;

    /// Makes the namespace, below `above` if that is not null. \returns Whether memory was
    /// available. \pre above == nullptr, or the subject nests, and the caller keeps `above` alive.
    [[nodiscard]] virtual bool create(tested_namespace* above) noexcept = 0;
    // The contract of pid_allocator.
    [[nodiscard]] virtual alloc_result alloc_pidmap() noexcept = 0;
    virtual void free_pidmap(pid_nr nr) noexcept = 0;
    virtual void get() noexcept = 0;
    [[nodiscard]] virtual bool get_unless_zero() noexcept = 0;
    virtual void put() noexcept = 0;

    // The contracts of pid_numbers, pid_object and namespace_lifecycle. \pre The subject nests.
    [[nodiscard]] virtual numbers_result alloc_numbers(std::span<pid_nr> numbers) noexcept = 0;
    virtual void free_numbers(std::span<const pid_nr> numbers) noexcept = 0;
    [[nodiscard]] virtual handle_result alloc_pid() noexcept = 0;
    virtual void free_pid(pid_handle& object) noexcept = 0;
    [[nodiscard]] virtual pid_handle* find_pid(pid_nr nr) noexcept = 0;
    virtual bool disable_pid_allocation() noexcept = 0;
    virtual void abandon(pid_nr first) noexcept = 0;
    virtual void set_last_pid(pid_nr last) noexcept = 0;

    /// \pre Quiescent, and the namespace is not released.
    virtual void peek(namespace_peek& into) const = 0;
    /// Whether the bitmap says that `nr` is the only pid in use on its page, at about this moment.
    /// \pre The caller holds `nr`.
    [[nodiscard]] virtual bool alone_on_page(pid_nr nr) const noexcept = 0;

    [[nodiscard]] bool released() const noexcept {
        return releases.load(std::memory_order::relaxed) != 0;
    }
    [[nodiscard]] tenant_slot& cell(pid_nr nr) noexcept { return cells_[nr]; }
    /// The namespace above; nullptr for a root. It stays known until quiescence, released or not.
    [[nodiscard]] tested_namespace* parent() const noexcept {
        return static_cast<tested_namespace*>(keeps);
    }
    /// \pre Released, quiescent.
    void reset() noexcept;

    /// References of creators and workers, of children and of objects. Relaxed: the harness's own
    /// book.
    std::atomic<int> external{0};
    /// How many of these belong to children.
    std::atomic<int> children{0};
    /// How many namespaces are above.
    unsigned level = 0;
    /// Whether it is below another one, and has had no pid so far: its first one must be 1. Until
    /// then only its creator may look.
    bool awaits_init = false;
    /// Set by its creator: it may say that it is dead while its users keep it alive.
    bool may_be_closed = false;
    /// A disable has returned. Release: a worker that acquires this has learned of the closing.
    std::atomic<bool> closed{false};
    /// A worker has moved its last_pid, so a pid that is soon reused is not a fault. Relaxed: this
    /// is only recorded.
    std::atomic<bool> hint_was_set{false};
    /// A worker was told that it is dead, while that worker kept it alive. Relaxed: a book.
    std::atomic<bool> told_dead{false};
    /// What pid objects that have a reference on this namespace share.
    release_record objects;
    /// Where readers find it, if they can.
    table_slot* home = nullptr;
    std::uint32_t generation = 0;
    /// The hint is surely at or above reserved_pids: the last allocations before the latest
    /// quiescent state were all up there. From then on, a pid below is one that a wrap should have
    /// skipped, however late a store of the hint may be.
    bool past_reserved = false;
    /// Scratch of the audit: what the workers' books say.
    std::vector<pid_nr> held;
    /// The state when the recorded history began.
    std::vector<pid_nr> held_before;
    unsigned external_before = 1;
    bool closed_before = false;

protected:
    tested_namespace(std::uint16_t number, tenant_slot* cells);

private:
    tenant_slot* cells_;
};

/// Where lookups find a namespace.
struct alignas(64) table_slot {
    std::atomic<tested_namespace*> current{nullptr};
};

/// A variant in a world, with the pid_max that its namespaces share.
class subject {
public:
    virtual ~subject() = default;
    [[nodiscard]] virtual const variant_info& info() const noexcept = 0;
    virtual void set_pid_max(pid_nr limit) noexcept = 0;
    [[nodiscard]] virtual pid_nr pid_max() const noexcept = 0;
    [[nodiscard]] virtual unsigned bits_per_page() const noexcept = 0;
    [[nodiscard]] virtual pid_nr reserved_pids() const noexcept = 0;
    /// \param cells  One for each pid that it may give; they must outlive it.
    [[nodiscard]] virtual std::unique_ptr<tested_namespace> make_namespace(std::uint16_t number,
                                                                           tenant_slot* cells) = 0;

    /// How many references on its namespace an object has for its whole life.
    [[nodiscard]] virtual int references_of_objects() const noexcept = 0;
    // Questions about an object are asked here, as its namespace may be gone. \pre It nests.
    virtual void get_pid(pid_handle& object) noexcept = 0;
    virtual void put_pid(pid_handle& object) noexcept = 0;
    /// The level of the deepest namespace in which the object has a number.
    [[nodiscard]] virtual unsigned level_of(const pid_handle& object) const noexcept = 0;
    /// \pre level <= max_level.
    [[nodiscard]] virtual pid_nr number_of(const pid_handle& object,
                                           unsigned level) const noexcept = 0;
};

struct subject_entry {
    const variant_info* info;
    std::unique_ptr<subject> (*make)();
    /// The same with delays at atomic accesses.
    std::unique_ptr<subject> (*make_jittered)();
    /// Whether its namespaces nest and close, and have objects, as those of a pid_namespace do.
    bool nests = false;
};

/// Every variant, by name. Generated from the files of allocator/variants.
[[nodiscard]] std::span<const subject_entry> variant_subjects() noexcept;
/// The mutants likewise, from allocator/mutants. A mutant is a variant like any other, but a run of
/// `all` leaves it out.
[[nodiscard]] std::span<const subject_entry> mutant_subjects() noexcept;
/// A variant or a mutant.
[[nodiscard]] const subject_entry* find_subject(std::string_view name) noexcept;

}  // namespace pidmap_stress
