// What one would choose instead of a lock-free pidmap, beside `sound` and what it replaces.

#include "allocator/benchmarking/alternatives.hpp"

#include "allocator/benchmarking/ratio_tables.hpp"
#include "allocator/benchmarking/subjects.hpp"

namespace pidmap_stress::benchmarking {
namespace {

/// Made when first needed, and one for all threads. One pid stays allocated.
template <class Subject>
Subject& the_only() {
    static Subject subject(32768);
    static const pid_nr stays = subject.alloc();
    benchmark::DoNotOptimize(stays);
    return subject;
}

template <class... Subjects>
void add_all(ratio_tables& tables, const std::array<std::string, sizeof...(Subjects)>& names) {
    for (const int threads : {1, 2, 4, 8}) {
        auto name = names.begin();
        const std::string column =
            std::to_string(threads) + (threads == 1 ? " thread" : " threads");
        (tables.add(*name++, column, threads,
                    [](benchmark::State& state) { run_pairs(state, the_only<Subjects>()); }),
         ...);
    }
    auto name = names.begin();
    (tables.add_cost(*name++, [](int count) { make_pairs(the_only<Subjects>(), count); }), ...);
}

}  // namespace
}  // namespace pidmap_stress::benchmarking

int main(int argc, char** argv) {
    using namespace pidmap_stress;
    using namespace pidmap_stress::benchmarking;
    ratio_tables tables;
    tables.begin_table({.name = "alternatives",
                        .title = "Alloc/free pairs, 32768 numbers: what one would pick instead",
                        .baseline = "sound"});
    add_all<variant_subject<sound<native>>, variant_subject<per_pid<native>>, mutex_bitset,
            tbb_queue, boost_queue, boost_stack>(
        tables, {"sound", "per_pid", mutex_bitset::name, tbb_queue::name, boost_queue::name,
                 boost_stack::name});
    return tables.run(argc, argv);
}
