// The cost of watching: alloc/free pairs through a worker, with everything that is always on
// (tenant slots, flight recorder, judged count, range, release), beside the same pairs on the bare
// allocator.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "allocator/benchmarking/ratio_tables.hpp"
#include "allocator/benchmarking/subjects.hpp"
#include "harness/native/stage.hpp"
#include "harness/native/worker.hpp"
#include "harness/world/memory_domain.hpp"

namespace pidmap_stress::benchmarking {
namespace {

constexpr int most_threads = 8;

/// A stage for one variant, with a worker for each thread. One pid stays allocated.
class watched_stage {
public:
    explicit watched_stage(const std::string& variant)
        : here_(map_board()),
          subject_(find_subject(variant)->make()),
          stage_(
              *subject_, *here_,
              {.how = discipline::reference, .workers = most_threads, .highest_pid_max = 32768}) {
        tested_namespace* const ns = stage_.create();
        stage_.seat_workers(stage_.add_slot(), *ns);
        (void)stage_.main().alloc_in(*ns);
    }

    void run(benchmark::State& state) {
        use_board(here_.get());
        worker& me = stage_.at(static_cast<unsigned>(state.thread_index()));
        me.begin_round(1, UINT32_MAX, false);
        me.take_thread();
        table_slot& slot = stage_.slot(0);
        for ([[maybe_unused]] const auto turn : state) {
            if (!me.running() || !me.alloc(slot)) {
                state.SkipWithError("no pid was found");
                break;
            }
            me.free_last();
        }
        me.leave_thread();
        state.SetItemsProcessed(state.iterations());
    }

    /// For one thread.
    void make_pairs(int count) {
        worker& me = stage_.at(0);
        me.begin_round(1, UINT32_MAX, false);
        table_slot& slot = stage_.slot(0);
        for (int n = 0; n < count && me.running() && me.alloc(slot); ++n) me.free_last();
    }

private:
    board_ptr here_;
    std::unique_ptr<subject> subject_;
    stage stage_;
};

// Made when first needed, and one for all threads. One pid stays allocated.
template <class V>
[[nodiscard]] variant_subject<V>& the_bare() {
    static variant_subject<V> subject(32768);
    static const pid_nr stays = subject.alloc();
    benchmark::DoNotOptimize(stays);
    return subject;
}
template <class V>
[[nodiscard]] watched_stage& the_watched() {
    static watched_stage watched{std::string(V::info.name)};
    return watched;
}

template <class V>
void add_pair(ratio_tables& tables) {
    const std::string name(V::info.name);
    tables.begin_table({.name = "overhead_" + name,
                        .title = "Alloc/free pairs of `" + name + "`, bare and watched",
                        .baseline = "bare"});
    for (const int threads : {1, 2, 4, most_threads}) {
        const std::string column =
            std::to_string(threads) + (threads == 1 ? " thread" : " threads");
        tables.add("bare", column, threads,
                   [](benchmark::State& state) { run_pairs(state, the_bare<V>()); });
        tables.add("watched", column, threads,
                   [](benchmark::State& state) { the_watched<V>().run(state); });
    }
    tables.add_cost("bare", [](int count) { make_pairs(the_bare<V>(), count); });
    tables.add_cost("watched", [](int count) { the_watched<V>().make_pairs(count); });
}

}  // namespace
}  // namespace pidmap_stress::benchmarking

int main(int argc, char** argv) {
    using namespace pidmap_stress;
    using namespace pidmap_stress::benchmarking;
    if (!memory_domain::open({})) return 1;
    ratio_tables tables;
    add_pair<sound<native>>(tables);
    add_pair<per_pid<native>>(tables);
    return tables.run(argc, argv);
}
