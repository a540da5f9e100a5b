#pragma once

#include "harness/explorer/litmus/pidmap_model.hpp"
#include "harness/explorer/run/explored.hpp"
#include "harness/explorer/run/program.hpp"

/// The tiny model as a program for the explorer.
namespace pidmap_stress::explore::yardstick {

struct model_world {
    template <class T, cell_role Role>
    using atomic = explore::atomic<T, Role>;
    static void check(bool holds, const char* what) { explore::check(holds, what); }
};

template <shape S>
[[nodiscard]] auto pidmap_program() {
    using model = pidmap_model<S, model_world>;
    auto p = over<model>();
    p.threads(static_cast<unsigned>(S.threads),
              [](model& m, unsigned me) { m.worker(static_cast<int>(me)); });
    p.finally([](model& m) { m.quiesce(); });
    return p;
}

template <int How, int Where, int Threads, int Turns>
[[nodiscard]] auto pidmap_case() {
    return pidmap_program<shape{.how = static_cast<form>(How),
                                .where = static_cast<scene>(Where),
                                .threads = Threads,
                                .turns = Turns}>();
}

}  // namespace pidmap_stress::explore::yardstick
