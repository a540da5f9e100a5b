#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "checkers/expectation.hpp"
#include "harness/base/shard.hpp"
#include "harness/explorer/search/explore.hpp"
#include "harness/programs/clients/clients.hpp"
#include "harness/programs/explored_variant.hpp"
#include "harness/programs/matrix.hpp"

/// Explores a variant with clients, and not only with the scenarios that its authors thought of.
namespace pidmap_stress::explore {

/// The pages that clients of a variant have: the smallest that it is built for and that leave
/// enough room.
[[nodiscard]] client_kind kind_of_clients(const explored_variant& variant, discipline how);

/// Clients of one family, number of threads and of calls.
struct client_level {
    client_family family{};
    unsigned threads = 0;
    unsigned calls = 0;
    std::uint64_t clients = 0;   ///< How many there are, of this part of them.
    std::uint64_t explored = 0;  ///< In every execution, or to their first findings.
    std::uint64_t partly = 0;    ///< Clients that the budget did not cover in full.
    std::uint64_t executions = 0;
    std::uint64_t states = 0;  ///< For clients with too many executions to look at each.
};

/// Which of all clients one is. The order of two of them is that in which they are explored.
struct client_number {
    unsigned calls = 0;  ///< 0: of random clients.
    unsigned threads = 0;
    std::uint64_t number = 0;  ///< Among those of that many calls and threads, in all families.

    friend auto operator<=>(const client_number&, const client_number&) = default;
};

/// What they showed.
struct clients_verdict {
    const explored_variant* variant = nullptr;
    discipline how{};
    std::vector<client_level> levels{};  ///< Those that were begun; one for random clients.
    std::uint64_t executions = 0;
    std::uint64_t states = 0;  ///< For clients with too many executions to look at each.
    /// The first client of each invariant that broke, in the order of the clients.
    std::vector<broken_invariant> broken{};
    std::vector<explored_case> broken_in{};  ///< One for each of these.
    std::vector<client_number> broken_by{};  ///< One for each of these.
    assessment assessed{};
    bool cut_short = false;

    [[nodiscard]] bool as_expected() const noexcept;
    /// The most calls for which every client of the family, with that many threads and at most as
    /// many calls, was explored in every execution.
    [[nodiscard]] unsigned complete_up_to(client_family family, unsigned threads) const noexcept;
};

struct client_options {
    unsigned calls = 4;  ///< At most, together.
    /// At most, on 3 threads. These have by far the most executions: three threads that allocate at
    /// once have half a million.
    unsigned calls_of_three = 3;
    /// At most, of clients with children and objects on 2 and 3 threads; on one, one more.
    unsigned calls_of_nested = 3;
    explore::model model = explore::model::rc11;
    unsigned jobs = 1;                 ///< Clients side by side. Changes no result.
    std::uint64_t budget = 5'000'000;  ///< Executions, or states, of each client.
    shard part{};                      ///< Of the clients of each level.
    watch* watched = nullptr;
    /// Called before a level of clients is begun. May be empty.
    std::function<void(const client_level&)> on_level{};
};

/// How many calls clients of a family and of that many threads have, at most.
[[nodiscard]] unsigned most_calls_on(client_family family, unsigned threads,
                                     const client_options& wanted) noexcept;

/// Explores every client of 1, 2, ... calls, those of fewer threads first, each as strategy::prove
/// does. Ends with the first number of calls and threads for which something broke, so the findings
/// are as small as possible.
[[nodiscard]] clients_verdict explore_clients(const explored_variant& variant, discipline how,
                                              const client_options& options);

struct random_client_options {
    std::uint64_t executions = 200'000;  ///< Of all clients together.
    unsigned walks = 20;                 ///< Of each client.
    unsigned most_calls = 4;             ///< Of each thread.
    std::uint64_t seed = 1;
    explore::model model = explore::model::rc11;
    unsigned jobs = 1;
    shard part{};  ///< Of the clients that the seed gives.
    watch* watched = nullptr;
};
/// Explores random clients by random walks, until one shows a finding or the executions are used
/// up.
[[nodiscard]] clients_verdict explore_random_clients(const explored_variant& variant,
                                                     discipline how,
                                                     const random_client_options& options);

}  // namespace pidmap_stress::explore
