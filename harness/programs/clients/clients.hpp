#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "harness/programs/script/script.hpp"

/// Clients of one namespace: all of them up to a number of calls, or random ones. A client is a
/// script of alloc, free, get and put, and of closing where it starts from a namespace that is to
/// be closed.
namespace pidmap_stress::explore {

/// The state that a client starts from.
enum class client_start : std::uint8_t {
    fresh,            ///< No pids except those that threads must have.
    about_to_empty,   ///< Thread 1 has the only pid of page 1.
    full_but_one,     ///< One pid is free, behind the hint.
    about_to_wrap,    ///< The hint is at the last pid.
    many_references,  ///< As fresh, with 300 more references.
    closing,          ///< As fresh, with the creator's reference: a thread closes it.
};
inline constexpr std::array<client_start, 6> client_starts{
    client_start::fresh,         client_start::about_to_empty,  client_start::full_but_one,
    client_start::about_to_wrap, client_start::many_references, client_start::closing};
[[nodiscard]] std::string_view to_string(client_start which) noexcept;

inline constexpr unsigned most_client_threads = 3;

/// Which clients to make.
struct client_kind {
    discipline how = discipline::member;
    unsigned bits = 4;    ///< Pids of a page; of two pages.
    bool closes = false;  ///< Whether the variant's namespaces can be closed.
};

/// Every client of exactly `calls` calls on exactly `threads` threads, each of which makes at least
/// one.
///
/// Calls that can never be allowed, whatever the calls before them return, are left out. So are all
/// except one of the clients that differ only in which of their threads is called thread 1, 2 or 3.
/// Threads that hold a pid on the same page count as alike.
///
/// \guarantees  !why_not() of each.
[[nodiscard]] std::vector<script> clients_of(const client_kind& kind, unsigned threads,
                                             unsigned calls);

/// A client of 2 or 3 threads with 1 to `most_calls` calls each. The same `key` gives the same
/// client.
[[nodiscard]] script random_client(const client_kind& kind, unsigned most_calls, std::uint64_t key);

}  // namespace pidmap_stress::explore
