#pragma once

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "allocator/pid_allocator.hpp"
#include "allocator/type_list.hpp"

/// Type lists of variants, for GoogleTest's typed tests.
namespace pidmap_stress::testing {

template <class... Lists>
struct joined;
template <class... Ts>
struct joined<type_list<Ts...>> {
    using type = type_list<Ts...>;
};
template <class... Ts, class... Us, class... Rest>
struct joined<type_list<Ts...>, type_list<Us...>, Rest...>
    : joined<type_list<Ts..., Us...>, Rest...> {};
template <class... Lists>
using joined_t = typename joined<Lists...>::type;

/// The types that have a property: `Property<T>::value`.
template <template <class> class Property, class List>
struct with;
template <template <class> class Property, class... Ts>
struct with<Property, type_list<Ts...>> {
    using type = joined_t<type_list<>,
                          std::conditional_t<Property<Ts>::value, type_list<Ts>, type_list<>>...>;
};
template <template <class> class Property, class List>
using with_t = typename with<Property, List>::type;

template <class List>
struct typed_cases;
template <class... Ts>
struct typed_cases<type_list<Ts...>> {
    using type = ::testing::Types<Ts...>;
};
template <class List>
using typed_cases_t = typename typed_cases<List>::type;

// Properties that a variant declares: so a new variant is in the right tests at once.

/// Holds under every discipline.
template <class V>
struct is_flawless : std::bool_constant<V::info.breaks.empty()> {};
/// Its references balance for callers that hold one of their own.
template <class V>
struct balances : std::bool_constant<!V::info.breaks.expects(invariant::refcount_equals_pages,
                                                             discipline::reference)> {};
/// A pid that is freed may be handed out again with what its last owner wrote.
template <class V>
struct hands_over : std::bool_constant<!V::info.breaks.expects(invariant::reuse_happens_after,
                                                               discipline::reference)> {};
template <class V>
struct counts_pages : std::bool_constant<V::info.counts == counting::per_page> {};

/// Is a pid_namespace, of which more is known than the contract says.
template <class V>
struct is_pid_namespace : std::bool_constant<nesting_allocator<V>> {};

/// Names a case after its variant and its geometry.
struct case_name {
    template <class V>
    static std::string GetName(int) {
        using geometry = typename V::policy::geometry;
        return std::string(V::info.name) +
               (std::is_same_v<geometry, kernel_geometry> ? "_kernel" : "_tiny");
    }
};

}  // namespace pidmap_stress::testing
