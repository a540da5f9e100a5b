#pragma once

#include <type_traits>

#include "allocator/geometry.hpp"
#include "allocator/pid_allocator.hpp"
#include "allocator/pid_object.hpp"
#include "harness/programs/explored_variant.hpp"
#include "harness/programs/interpreter/judged.hpp"

/// Erases a variant's type. Only the sources that are generated for each variant include this.
namespace pidmap_stress::explore {

namespace detail {

template <class V>
[[nodiscard]] V& as(namespace_object& ns) noexcept {
    return reinterpret_cast<V&>(ns);
}
template <class V>
[[nodiscard]] const V& as(const namespace_object& ns) noexcept {
    return reinterpret_cast<const V&>(ns);
}
template <nesting_allocator V>
[[nodiscard]] object_of<V>& as_object(pid_object_handle& object) noexcept {
    return reinterpret_cast<object_of<V>&>(object);
}

template <nesting_allocator V>
void add_nesting_calls(explored_allocator& a) noexcept {
    a.nests = true;
    a.create = [](const pid_max_cell& pid_max, namespace_object* parent) noexcept {
        return reinterpret_cast<namespace_object*>(
            create_namespace<V>(pid_max, reinterpret_cast<V*>(parent)));
    };
    a.level = [](const namespace_object& ns) noexcept { return as<V>(ns).level; };
    a.alloc_numbers = [](namespace_object& ns, std::span<pid_nr> numbers) noexcept {
        return pidmap_stress::alloc_numbers(as<V>(ns), numbers);
    };
    a.free_numbers = [](namespace_object& ns, std::span<const pid_nr> numbers) noexcept {
        pidmap_stress::free_numbers(as<V>(ns), numbers);
    };
    a.disable_pid_allocation = [](namespace_object& ns) noexcept {
        return as<V>(ns).disable_pid_allocation();
    };
    a.abandon = [](namespace_object& ns, pid_nr first) noexcept {
        V::lifecycle::abandon(as<V>(ns), first);
    };
    a.alloc_pid = [](namespace_object& ns) noexcept {
        const auto got = pidmap_stress::alloc_pid(as<V>(ns));
        return pid_object_result{.object = reinterpret_cast<pid_object_handle*>(got.object),
                                 .error = got.error};
    };
    a.free_pid = [](namespace_object& ns, pid_object_handle& object) noexcept {
        pidmap_stress::free_pid(as<V>(ns), as_object<V>(object));
    };
    a.find_pid = [](namespace_object& ns, pid_nr nr) noexcept {
        return reinterpret_cast<pid_object_handle*>(pidmap_stress::find_pid(as<V>(ns), nr));
    };
    a.get_pid = [](pid_object_handle& object) noexcept {
        pidmap_stress::get_pid<V>(as_object<V>(object));
    };
    a.put_pid = [](pid_object_handle& object) noexcept {
        pidmap_stress::put_pid<V>(as_object<V>(object));
    };
    a.number_of = [](const pid_object_handle& object, unsigned level) noexcept {
        return reinterpret_cast<const object_of<V>&>(object).numbers[level].get();
    };
}

}  // namespace detail

/// The calls of `V`, a variant over judged<...>.
template <pid_allocator V>
[[nodiscard]] explored_allocator explored_allocator_of() noexcept {
    static_assert(std::is_same_v<typename V::pid_max_cell, pid_max_cell>);
    static_assert(page_bits<typename V::policy>::words == 1, "a bitmap is peeked at as one word");
    static_assert(V::geometry::bits_per_page <= most_explored_bits &&
                  V::geometry::max_pages <= most_explored_pages);
    using detail::as;
    explored_allocator a{};
    a.info = &V::info;
    a.bits_per_page = V::geometry::bits_per_page;
    a.max_pages = V::geometry::max_pages;
    a.reserved_pids = V::geometry::reserved_pids;
    a.alloc_pidmap = [](namespace_object& ns) noexcept { return as<V>(ns).alloc_pidmap(); };
    a.free_pidmap = [](namespace_object& ns, pid_nr nr) noexcept { as<V>(ns).free_pidmap(nr); };
    a.get = [](namespace_object& ns) noexcept { as<V>(ns).get(); };
    a.put = [](namespace_object& ns) noexcept { as<V>(ns).put(); };
    a.peek_refcount = [](const namespace_object& ns) noexcept -> int {
        return as<V>(ns).peek_refcount();
    };
    a.peek_nr_free = [](const namespace_object& ns, unsigned page) noexcept -> int {
        return as<V>(ns).peek_nr_free(page);
    };
    a.peek_installed = [](const namespace_object& ns, unsigned page) noexcept {
        return as<V>(ns).peek_bits(page) != nullptr;
    };
    a.peek_bitmap = [](const namespace_object& ns, unsigned page) noexcept -> std::uint64_t {
        return as<V>(ns).peek_bits(page)->peek(0);
    };
    if constexpr (nesting_allocator<V>)
        detail::add_nesting_calls<V>(a);
    else
        a.create = [](const pid_max_cell& pid_max, namespace_object*) noexcept {
            return reinterpret_cast<namespace_object*>(create_namespace<V>(pid_max));
        };
    return a;
}

/// A variant on pages of every size that is explored.
template <template <class> class Variant>
[[nodiscard]] explored_variant make_explored_variant() {
    const auto sized = []<unsigned Bits, unsigned Pages, pid_nr Reserved>() {
        return explored_allocator_of<Variant<judged<tiny_geometry<Bits, Pages, Reserved>>>>();
    };
    return {
        .info = &Variant<judged<tiny_geometry<8, 2>>>::info,
        .sizes = {sized.template operator()<8, 2, 1>(), sized.template operator()<8, 2, 3>(),
                  sized.template operator()<4, 2, 1>(), sized.template operator()<4, 2, 3>(),
                  sized.template operator()<8, 3, 1>(), sized.template operator()<8, 3, 3>(),
                  sized.template operator()<4, 3, 1>(), sized.template operator()<4, 3, 3>(),
                  sized.template operator()<2, 2, 1>()}
    };
}

/// The same in the usual size alone: there are many mutants, and each size adds to the time of a
/// build.
template <template <class> class Mutant>
[[nodiscard]] explored_variant make_usual_explored_variant() {
    return {.info = &Mutant<judged<tiny_geometry<8, 2>>>::info,
            .sizes = {explored_allocator_of<Mutant<judged<tiny_geometry<8, 2, 1>>>>(),
                      explored_allocator_of<Mutant<judged<tiny_geometry<8, 2, 3>>>>()}};
}

}  // namespace pidmap_stress::explore
