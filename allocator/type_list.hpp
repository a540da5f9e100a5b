#pragma once

#include <cstddef>
#include <type_traits>

namespace pidmap_stress {

/// Types as a value, for lists that a build generates.
template <class... Ts>
struct type_list {
    static constexpr std::size_t size = sizeof...(Ts);
};

/// Calls `visit` with a std::type_identity of each type, in order.
template <class... Ts, class Visit>
constexpr void for_each_type(type_list<Ts...>, Visit&& visit) {
    (visit(std::type_identity<Ts>{}), ...);
}

}  // namespace pidmap_stress
