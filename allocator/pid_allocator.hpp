#pragma once

#include "allocator/pid_namespace.hpp"

namespace pidmap_stress {

/// What every variant models, and all that a harness needs of one. A variant need not be a
/// pid_namespace, but one that is has all of this but `info`.
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

}  // namespace pidmap_stress
