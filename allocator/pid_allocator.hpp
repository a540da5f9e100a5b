#pragma once

#include "allocator/pid_namespace.hpp"

/// The contract of a variant: everything that the harness, the explorer and the tests require of
/// it.
///
/// A variant is a class template `template <execution_policy P> class NAME` in
/// `allocator/variants/NAME.hpp`. Its atomics, its memory and its pauses are those of `P`, and
/// nothing else is shared between workers: see execution_policy.hpp. A pid_namespace has all of
/// this except `info`; `allocator/example/own_make.hpp` is a complete variant that is not one.
///
/// **Types**
/// - `policy` is `P`; `geometry` is `P::geometry`, from which every size is taken;
///   `pid_max_cell` is `P::atomic<pid_nr, cell_role::pid_max>`.
/// - `info`, a static constexpr variant_info: `name` is that of the file and the class.
///
/// **Life**
/// - `V(const pid_max_cell&)` makes a namespace with one reference, the creator's. The cell is one
///   for all namespaces, outlives them, and may change at any time.
/// - `start()` follows at once, before any other worker knows the namespace. It sets bit 0 of page
/// 0,
///   which is never a pid. False: there was no memory, and the caller destroys the namespace.
/// - The count is an `atomic<int, cell_role::refcount>`. Once it is 0 it stays 0.
/// - The call that takes it to 0 passes the namespace to `P::retire()`, once, and does not touch it
///   afterwards; nor may any other. The destructor passes each page to `P::destroy()`.
///
/// **Calls**, by any worker at any time that its discipline allows, lock-free:
/// - `alloc_pidmap()` gives a pid in [1, pid_max) that no caller holds, for a pid_max that was
/// valid
///   at some time during the call. A search begins behind the last pid that was handed out, so that
///   a pid is not handed out again before the search has wrapped, unless the map is nearly full.
///   From a wrap on, pids are at or above `geometry::reserved_pids`. Otherwise it returns the
///   reason: `exhausted` when the search found nothing; `no_memory` when a page was needed; or
///   `namespace_dead` when the count was 0, which a caller that found the namespace in a table may
///   see. None of them leaves a trace.
/// - `free_pidmap(nr)` returns a pid that the caller holds. It happens-before the allocation that
///   hands the same pid out next.
/// - `get()` takes a reference where the caller knows that the count is not 0;
///   `get_unless_zero()` takes one, or returns false, where it does not; `put()` drops one.
/// - While a pid is in use, its namespace is not released. `info.counts` says what a reference
///   stands for: a page with pids in use, or a pid.
///
/// **Views** for judges, which use `P::peek()`, are no steps, and order nothing:
/// - `peek_refcount()`.
/// - `peek_bits(page)`: nullptr while the page has no memory, else a pointer to something that has
///   `words`, a number, and `peek(w)`, the w-th word: bit i of it is pid `page * bits_per_page +
///   w * 64 + i`. A page_bits<P> is of that kind.
/// - `peek_nr_free(page)`: how many bits of the page are clear, by the variant's own account if it
///   keeps one. A page without memory is all clear, except bit 0 of page 0.
///
/// conformance_test.cpp holds each variant to this, as far as one worker can. `run` and `explore`
/// show what more workers do to it.
namespace pidmap_stress {

template <class V>
concept pid_allocator = requires(V& ns, const V& seen, pid_nr nr, unsigned page) {
    requires execution_policy<typename V::policy>;
    { V::info } -> std::convertible_to<const variant_info&>;
    requires std::constructible_from<V, const typename V::pid_max_cell&>;
    { ns.start() } noexcept -> std::same_as<bool>;
    { ns.alloc_pidmap() } noexcept -> std::same_as<alloc_result>;
    { ns.free_pidmap(nr) } noexcept;
    { ns.get() } noexcept;
    { ns.get_unless_zero() } noexcept -> std::same_as<bool>;
    { ns.put() } noexcept;
    { seen.peek_refcount() } noexcept -> std::convertible_to<int>;
    { seen.peek_nr_free(page) } noexcept -> std::convertible_to<int>;
    { seen.peek_bits(page) } noexcept;
    { seen.peek_bits(page)->words } -> std::convertible_to<unsigned>;
    { seen.peek_bits(page)->peek(0U) } noexcept -> std::convertible_to<std::uint64_t>;
};

/// A variant whose namespaces nest, close, and have objects: every pid_namespace.
template <class V>
concept nesting_allocator = pid_allocator<V> && requires(V& ns) {
    typename V::lifecycle;
    typename V::steps;
    ns.parent;
    ns.level;
    ns.objects;
    { ns.disable_pid_allocation() } noexcept -> std::same_as<bool>;
};

/// Says at compile time what a variant lacks, in the words of the contract above.
template <class V>
consteval void check_contract() {
    constexpr unsigned page = 0;
    static_assert(execution_policy<typename V::policy>, "a variant has `policy`, which is P");
    static_assert(std::same_as<typename V::geometry, typename V::policy::geometry>,
                  "a variant has `geometry`, which is P::geometry");
    static_assert(std::same_as<typename V::pid_max_cell,
                               typename V::policy::template atomic<pid_nr, cell_role::pid_max>>,
                  "a variant has `pid_max_cell`, which is P::atomic<pid_nr, cell_role::pid_max>");
    static_assert(
        requires {
            { V::info } -> std::convertible_to<const variant_info&>;
        }, "a variant has `static constexpr variant_info info`");
    static_assert(std::constructible_from<V, const typename V::pid_max_cell&>,
                  "a namespace is made from a `const pid_max_cell&`");
    static_assert(
        requires(V& ns) {
            { ns.start() } noexcept -> std::same_as<bool>;
        }, "a variant has `bool start() noexcept`: sets bit 0 of page 0; false: no memory");
    static_assert(
        requires(V& ns) {
            { ns.alloc_pidmap() } noexcept -> std::same_as<alloc_result>;
        }, "a variant has `alloc_result alloc_pidmap() noexcept`");
    static_assert(
        requires(V& ns, pid_nr nr) {
            { ns.free_pidmap(nr) } noexcept;
        }, "a variant has `void free_pidmap(pid_nr) noexcept`");
    static_assert(
        requires(V& ns) {
            { ns.get() } noexcept;
        }, "a variant has `void get() noexcept`");
    static_assert(
        requires(V& ns) {
            { ns.get_unless_zero() } noexcept -> std::same_as<bool>;
        }, "a variant has `bool get_unless_zero() noexcept`: whether it took a reference");
    static_assert(
        requires(V& ns) {
            { ns.put() } noexcept;
        }, "a variant has `void put() noexcept`");
    static_assert(
        requires(const V& ns) {
            { ns.peek_refcount() } noexcept -> std::convertible_to<int>;
        }, "a variant has `int peek_refcount() const noexcept`");
    static_assert(
        requires(const V& ns) {
            { ns.peek_nr_free(page) } noexcept -> std::convertible_to<int>;
        }, "a variant has `int peek_nr_free(unsigned page) const noexcept`: its clear bits");
    static_assert(
        requires(const V& ns) {
            { ns.peek_bits(page)->words } -> std::convertible_to<unsigned>;
            { ns.peek_bits(page)->peek(0U) } noexcept -> std::convertible_to<std::uint64_t>;
        },
        "a variant has `peek_bits(unsigned page) const noexcept`: nullptr, or a pointer to what "
        "has "
        "`words` and `peek(word)`, as page_bits<P> has");
}

}  // namespace pidmap_stress
