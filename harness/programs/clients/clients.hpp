#pragma once

#include <cstdint>
#include <vector>

#include "harness/programs/clients/client_start.hpp"
#include "harness/programs/script/script.hpp"

/// Clients: all of them up to a number of calls, or random ones. A client is a script of the calls
/// that fit the state that it starts from.
namespace pidmap_stress::explore {

inline constexpr unsigned most_client_threads = 3;

/// Every client of a family, of exactly `calls` calls on exactly `threads` threads, each of which
/// makes at least one.
///
/// Calls that can never be allowed, whatever the calls before them return, are left out. So are all
/// except one of the clients that differ only in which of their threads is called thread 1, 2 or 3.
/// Threads that hold a pid on the same page count as alike.
///
/// \guarantees  !why_not() of each.
[[nodiscard]] std::vector<script> clients_of(const client_kind& kind, client_family family,
                                             unsigned threads, unsigned calls);

/// A client of 2 or 3 threads with 1 to `most_calls` calls each. The same `key` gives the same
/// client.
[[nodiscard]] script random_client(const client_kind& kind, unsigned most_calls, std::uint64_t key);

}  // namespace pidmap_stress::explore
