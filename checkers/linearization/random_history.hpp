#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "checkers/history.hpp"

/// Correct histories in any size, for tests and benchmarks.
namespace pidmap_stress {

struct random_history_shape {
    std::size_t operations = 10'000;
    worker_nr workers = 4;
    pid_nr pids = 64;
    unsigned seed = 1;
};

/// Makes a history that is linearizable by construction: calls take effect one after another, and
/// are stretched to both sides as far as the other calls of their worker permit.
[[nodiscard]] inline std::vector<operation> make_random_history(const random_history_shape& shape) {
    // Between two effects lie ten ticks. A worker takes its turn every `workers` effects, so less
    // than half of that to both sides never meets its own next call.
    constexpr ticks step = 10;
    const ticks reach = step * shape.workers / 2 - 1;
    std::mt19937 random(shape.seed);
    std::vector<bool> held(static_cast<std::size_t>(shape.pids) + 1);
    std::vector<operation> history;
    for (std::size_t i = 0; i < shape.operations; ++i) {
        const auto pid = static_cast<pid_nr>(1 + random() % static_cast<unsigned>(shape.pids));
        const bool frees = held[static_cast<std::size_t>(pid)];
        held[static_cast<std::size_t>(pid)] = !frees;
        const ticks effect = 10'000 + step * i;
        history.push_back({.kind = frees ? operation_kind::free : operation_kind::alloc,
                           .worker = static_cast<worker_nr>(i % shape.workers),
                           .pid = pid,
                           .called = effect - random() % reach,
                           .returned = effect + random() % reach});
    }
    return history;
}

}  // namespace pidmap_stress
