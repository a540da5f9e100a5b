#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "allocator/contract.hpp"
#include "harness/programs/script/script.hpp"

/// The states that clients start from.
namespace pidmap_stress::explore {

/// Which clients to make.
struct client_kind {
    discipline how = discipline::member;
    unsigned bits = 4;    ///< Pids of a page; of two pages.
    bool nests = false;   ///< Whether the variant's namespaces close, nest and have objects.
    pid_nr reserved = 1;  ///< Where a search begins after a wrap, in states that are about that.
};

enum class client_start : std::uint8_t {
    fresh,            ///< No pids except those that threads must have.
    about_to_empty,   ///< Thread 1 has the only pid of page 1.
    full_but_one,     ///< One pid is free, behind the hint.
    about_to_wrap,    ///< The hint is at the last pid below pid_max, which is not the highest one.
    full,             ///< No pid is free. Thread 1 has the first behind the reserved ones.
    without_memory,   ///< The next pid is the first of a page that thread 1 may find no memory for.
    many_references,  ///< As fresh, with 300 more references.
    closing,          ///< As fresh, with the creator's reference: a thread closes it.
    creating,         ///< As fresh: threads create children, for which thread 1 may find no memory.
    in_child,         ///< Threads are in a child.
    full_parent,      ///< They are in a child, and its parent has one pid left.
    objects,          ///< Pids have objects. Thread 1 may find no memory for one.
};
inline constexpr std::array<client_start, 12> client_starts{
    client_start::fresh,           client_start::about_to_empty, client_start::full_but_one,
    client_start::about_to_wrap,   client_start::full,           client_start::without_memory,
    client_start::many_references, client_start::closing,        client_start::creating,
    client_start::in_child,        client_start::full_parent,    client_start::objects};

/// What clients are about. They are counted apart: those with children and objects have more calls
/// to choose from, and more executions each.
enum class client_family : std::uint8_t {
    pids,    ///< One namespace, its pids and references.
    nested,  ///< Children and objects too.
};
inline constexpr std::array<client_family, 2> client_families{client_family::pids,
                                                              client_family::nested};
[[nodiscard]] std::string_view to_string(client_family which) noexcept;
[[nodiscard]] client_family family_of(client_start which) noexcept;

/// A script whose threads call nothing yet. \return nothing if there is no such state.
[[nodiscard]] std::optional<script> start_of(const client_kind& kind, client_start from,
                                             unsigned threads);

}  // namespace pidmap_stress::explore
