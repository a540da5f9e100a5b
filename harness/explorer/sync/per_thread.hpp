#pragma once

#include <array>

#include "harness/explorer/run/explored.hpp"

/// What thread_local is to a program: a variable of which each thread has its own.
namespace pidmap_stress::explore {

/// \tparam T  Of any type. It is no cell: only its own thread sees it.
template <class T>
class per_thread {
public:
    per_thread() = default;
    /// Each thread's own begins with this value.
    explicit per_thread(const T& initial) { all_.fill(initial); }

    /// The calling thread's own. Outside of the threads, the set-up's and final checks'.
    [[nodiscard]] T& local() noexcept { return all_[this_thread()]; }

private:
    std::array<T, max_threads> all_{};
};

}  // namespace pidmap_stress::explore
