#pragma once

#include <array>
#include <cassert>
#include <optional>
#include <type_traits>

#include "allocator/default_steps.hpp"
#include "allocator/pid_table.hpp"
#include "allocator/pidmap.hpp"

namespace pidmap_stress {

/// A pid namespace: pages, the hint where to search, and the count of references; and the walk that
/// all variants share.
///
/// What a variant does with the count is in its `Steps`, which inherit default_steps and override
/// members of it; how its accesses are ordered is in its `Orders`, a struct of named constants.
/// Steps are called in this order:
///
///     alloc_pidmap:  enter
///                    per page: install if need be, open_page, claim a bit, then
///                        found:      bit_claimed, advance_last_pid
///                        not found:  close_page
///                    leave (only if no pid was found)
///     free_pidmap:   clear the bit, then vacate
///
/// The namespace is released (policy's retire()) by the put() that takes the count to 0. Nothing
/// may touch it afterwards, so a put() that may be the last is the last thing that a step does.
///
/// Namespaces nest. A child has a counted reference on its parent, from its creation to its
/// release, which may be the parent's last one. Variants do not decide how a namespace begins,
/// closes and ends: see namespace_lifecycle.hpp.
///
/// Every synchronizing access has a number: pages (I1, I2), bits (A1, F1), nr_free (C1, C2),
/// refcount (R1, R2, R3), closing (D1, D2), objects (T1 to T4, O1, O2). The orders of the first
/// four, with reasons, stand in the variants.
template <execution_policy P, class Orders, class Steps>
class pid_namespace {
    template <class T, cell_role Role = cell_role::data>
    using atomic = typename P::template atomic<T, Role>;

public:
    using policy = P;
    using geometry = typename P::geometry;
    using orders = Orders;
    using steps = Steps;
    using lifecycle = typename Steps::lifecycle;
    using search_type = typename Steps::template search<geometry>;
    /// pid_max is one for all namespaces, and may change at any time.
    using pid_max_cell = atomic<pid_nr, cell_role::pid_max>;

    /// The value of nr_free on an empty page. Bit 0 of page 0 is never free.
    [[nodiscard]] static constexpr int capacity(unsigned page) noexcept {
        return page_capacity<geometry>(page);
    }

    /// An empty namespace, with the creator's reference. It is of no use before start().
    ///
    /// \param pid_max  In [lowest_pid_max, highest_pid_max] at all times; outlives the namespace.
    /// \param above    The parent, if it has one: see create_namespace().
    explicit pid_namespace(const pid_max_cell& pid_max, pid_namespace* above = nullptr) noexcept
        : parent(above), level(above == nullptr ? 0 : above->level + 1), pid_max_(&pid_max) {}
    pid_namespace(const pid_namespace&) = delete;
    pid_namespace& operator=(const pid_namespace&) = delete;
    virtual ~pid_namespace();

    /// Installs page 0 and sets its bit 0. Called once, before any other worker can see it.
    ///
    /// \returns Whether there was memory. If not, destroy the namespace.
    [[nodiscard]] bool start() noexcept;

    /// Hands out a pid that no caller holds.
    ///
    /// Any worker may call this at any time that its discipline allows.
    ///
    /// \returns A pid in [1, pid_max), at or above `reserved_pids` once the search has wrapped,
    ///          which the caller owns until it frees it; or why there is no pid. `exhausted` is
    ///          advisory: while other calls are in flight, a pid may be free all the same. After
    ///          disable_pid_allocation() it is `namespace_dead`, whatever else may be wrong.
    [[nodiscard]] alloc_result alloc_pidmap() noexcept;

    /// Closes the namespace: no allocation that begins after this has returned succeeds. One that
    /// is under way succeeds, if it does, as if it had come before. Pids in use stay in use, and
    /// the caller that frees the last one, or drops the last reference, still releases the
    /// namespace.
    ///
    /// \pre     As for alloc_pidmap(): the caller keeps the namespace alive meanwhile.
    /// \returns Whether it was this call that closed it.
    /// \source  disable_pid_allocation(), Linux c876ad768215 (2012).
    bool disable_pid_allocation() noexcept {
        // (D1) Relaxed, read by (D2), which says why that is enough.
        return !closed.exchange(true, std::memory_order::relaxed);
    }

    /// Returns `nr` to the pidmap, so that a later alloc_pidmap() may hand it out again. If it was
    /// the last reason to keep the namespace, the namespace is released.
    ///
    /// Any worker may call this, concurrently with every other member.
    ///
    /// \pre    The caller holds `nr`. A double free is a programmer error, not an error value.
    /// \post   Happens-before the alloc_pidmap() that next returns `nr` (F1 -> A1), if the
    ///         variant's orders say so.
    void free_pidmap(pid_nr nr) noexcept;

    /// Makes the next search begin behind `last`, so that a caller that wants a certain pid is
    /// likely to get it. Checkpoint and restore uses this to give a task the pid it had.
    ///
    /// It is only a hint: a concurrent allocation may move it on, or overwrite it. After a move
    /// backwards, pids may be handed out again at once.
    ///
    /// \pre    As for alloc_pidmap(); last >= reserved_pids - 1: reserved pids are not for this.
    /// \source The sysctl kernel.ns_last_pid, Linux b8f566b04d3c (2012).
    void set_last_pid(pid_nr last) noexcept {
        assert(last >= geometry::reserved_pids - 1 && last < highest_pid_max<geometry>);
        last_pid.store(last, Orders::hint);
    }

    /// Takes a reference. \pre The caller knows that the count is not 0 and cannot become 0 now.
    void get() noexcept { refcount.fetch_add(1, Orders::get); }
    /// Takes a reference unless the namespace is dead. \returns Whether it did.
    [[nodiscard]] bool get_unless_zero() noexcept;
    /// Drops a reference, and releases the namespace if it was the last one; then its parent's
    /// reference, and so on.
    void put() noexcept;
    /// Drops a reference. \returns Whether it was the last one, so that the caller must release.
    [[nodiscard]] bool drop() noexcept { return Steps::drop(*this); }

    // For judges: no steps of the algorithm, and no order.
    [[nodiscard]] int peek_refcount() const noexcept { return P::peek(refcount); }
    [[nodiscard]] int peek_nr_free(unsigned page) const noexcept {
        return P::peek(pages[page].nr_free);
    }
    /// The page's bitmap, or nullptr while it is not installed.
    [[nodiscard]] const page_bits<P>* peek_bits(unsigned page) const noexcept {
        return P::peek(pages[page].bits);
    }

    /// The namespace above, which this one keeps alive; nullptr for a root.
    pid_namespace* const parent;
    /// How many namespaces are above.
    const unsigned level;
    /// Whether allocation is disabled.
    atomic<bool> closed{false};
    /// The holder of each pid, if objects are in use, and how many objects were made here.
    pid_table<P> objects;
    atomic<int> objects_made{0};

    // For steps. The count and the hint are written by every worker, so neither shares a cache
    // line with the other, nor with the pages.
    static constexpr std::size_t cache_line = 64;
    alignas(cache_line) atomic<int, cell_role::refcount> refcount{Steps::initial_references};
    alignas(cache_line) atomic<pid_nr, cell_role::last_pid> last_pid{0};
    alignas(cache_line) std::array<pidmap<P>, geometry::max_pages> pages;

private:
    /// alloc_pidmap() between enter and leave.
    [[nodiscard]] alloc_result search() noexcept;
    /// The page's bitmap, installed if need be; nullptr if there is no memory.
    [[nodiscard]] page_bits<P>* installed(unsigned page) noexcept;
    /// Claims the first clear bit of what `visit` allows, if any.
    [[nodiscard]] std::optional<unsigned> claim_bit(page_bits<P>& bits,
                                                    const search_type& visit) noexcept;

    const pid_max_cell* pid_max_;
};

/// A namespace of the given type, ready for use, or nullptr if there is no memory. It is a child
/// of `parent`, if there is one: then the caller keeps that alive meanwhile.
///
/// \pre parent == nullptr || parent->level < max_level.
template <class Namespace>
[[nodiscard]] Namespace* create_namespace(const typename Namespace::pid_max_cell& pid_max,
                                          Namespace* parent = nullptr) noexcept {
    if constexpr (requires { typename Namespace::lifecycle; })
        return Namespace::lifecycle::create(pid_max, parent);
    else  // A variant that is not a pid_namespace has no steps to override.
        return namespace_lifecycle::create(pid_max, parent);
}

// ------------------------------------------------------------------------------------------------

template <execution_policy P, class Orders, class Steps>
pid_namespace<P, Orders, Steps>::~pid_namespace() {
    // The worker that destroys it has seen everything that was done here: R3 of the last put, or a
    // grace period. So these reads can be relaxed.
    for (pidmap<P>& map : pages)
        if (page_bits<P>* bits = map.bits.load(std::memory_order::relaxed)) P::destroy(bits);
}

template <execution_policy P, class Orders, class Steps>
bool pid_namespace<P, Orders, Steps>::start() noexcept {
    page_bits<P>* const bits = P::template create<page_bits<P>>();
    if (bits == nullptr) return false;
    // Relaxed throughout: no other worker sees the namespace yet, and the caller publishes it.
    [[maybe_unused]] const bool was_clear = bits->test_and_set(0, std::memory_order::relaxed);
    assert(was_clear);
    pages[0].nr_free.store(capacity(0), std::memory_order::relaxed);
    pages[0].bits.store(bits, std::memory_order::relaxed);
    return true;
}

template <execution_policy P, class Orders, class Steps>
alloc_result pid_namespace<P, Orders, Steps>::alloc_pidmap() noexcept {
    if (!Steps::enter(*this)) return alloc_error::namespace_dead;
    const alloc_result result = search();
    // Asked last, when a claim can no longer escape the closing, and before the steps that may
    // end the namespace.
    const bool open = lifecycle::still_open(*this);
    if (result && open) [[likely]]
        return result;
    if (result)
        free_pidmap(result.nr());
    else
        Steps::leave(*this);
    return open ? result : alloc_error::namespace_dead;
}

template <execution_policy P, class Orders, class Steps>
alloc_result pid_namespace<P, Orders, Steps>::search() noexcept {
    const pid_nr last = last_pid.load(Orders::hint);
    const pid_nr limit = pid_max_->load(Orders::hint);
    for (search_type visit(last, limit); !visit.done(); visit.next_page()) {
        page_bits<P>* const bits = installed(visit.page());
        if (bits == nullptr) return alloc_error::no_memory;
        const page_answer answer = Steps::open_page(*this, visit.page());
        if (answer == page_answer::namespace_dead) return alloc_error::namespace_dead;
        if (answer == page_answer::full) continue;
        if (const std::optional<unsigned> bit = claim_bit(*bits, visit)) {
            const auto nr = static_cast<pid_nr>(visit.page() * geometry::bits_per_page + *bit);
            Steps::bit_claimed(*this, visit.page());
            Steps::advance_last_pid(*this, last, nr);
            return nr;
        }
        Steps::close_page(*this, visit.page());
    }
    return alloc_error::exhausted;
}

template <execution_policy P, class Orders, class Steps>
page_bits<P>* pid_namespace<P, Orders, Steps>::installed(unsigned page) noexcept {
    atomic<page_bits<P>*, cell_role::page>& slot = pages[page].bits;
    // (I2) Pairs with (I1): a worker that sees the page sees it zeroed.
    if (page_bits<P>* const seen = slot.load(Orders::page_seen)) return seen;
    return Steps::install(*this, page);
}

template <execution_policy P, class Orders, class Steps>
std::optional<unsigned> pid_namespace<P, Orders, Steps>::claim_bit(
    page_bits<P>& bits, const search_type& visit) noexcept {
    const unsigned end = visit.end_bit();
    // Each bit is tried once at most, so this ends whatever the other workers do.
    for (unsigned bit = visit.first_bit(); bit < end;
         bit = bits.next_clear(bit + 1, end, Orders::hint))
        if (Steps::claim(*this, bits, bit)) return bit;
    return std::nullopt;
}

template <execution_policy P, class Orders, class Steps>
void pid_namespace<P, Orders, Steps>::free_pidmap(pid_nr nr) noexcept {
    // The bit is not asserted to be set: a judge must be able to see a pid with two tenants.
    assert(nr > 0 && nr < highest_pid_max<geometry>);
    const unsigned page = static_cast<unsigned>(nr) / geometry::bits_per_page;
    const unsigned bit = static_cast<unsigned>(nr) % geometry::bits_per_page;
    // Relaxed: the caller holds a pid of this page, so its installation happened before.
    page_bits<P>* const bits = pages[page].bits.load(std::memory_order::relaxed);
    assert(bits != nullptr && "installed by the allocation of nr");
    bits->clear(bit, Orders::clear);  // (F1)
    Steps::vacate(*this, page);
}

template <execution_policy P, class Orders, class Steps>
bool pid_namespace<P, Orders, Steps>::get_unless_zero() noexcept {
    int count = refcount.load(Orders::hint);
    while (count != 0)  // (R2)
        if (refcount.compare_exchange_strong(count, count + 1, Orders::get, Orders::hint))
            return true;
    return false;
}

template <execution_policy P, class Orders, class Steps>
void pid_namespace<P, Orders, Steps>::put() noexcept {
    if (drop()) lifecycle::release(*this);
}

}  // namespace pidmap_stress
