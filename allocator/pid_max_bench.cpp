// The cost of a search in maps that are large and nearly full: a random pid is freed and another
// one allocated, so the share of free pids stays the same, and they lie anywhere.

#include <memory>
#include <random>

#include "allocator/benchmarking/alternatives.hpp"
#include "allocator/benchmarking/ratio_tables.hpp"
#include "allocator/benchmarking/subjects.hpp"

namespace pidmap_stress::benchmarking {
namespace {

/// Reserved pids stay allocated: after a wrap they would be free but never found.
constexpr pid_nr first = kernel_geometry::reserved_pids;

/// A map of which a share is free, in places drawn at random.
template <class Subject>
class filled {
public:
    filled(pid_nr pid_max, double share_free) : subject_(pid_max), draw_(first, pid_max - 1) {
        while (subject_.alloc() != 0) {
        }
        const auto free_pids = static_cast<pid_nr>(share_free * pid_max);
        for (pid_nr i = 0; i < free_pids; ++i) subject_.free(held_pid());
    }
    /// \returns Whether there was a pid.
    bool replace_one() {
        subject_.free(held_pid());
        return subject_.alloc() != 0;
    }

private:
    [[nodiscard]] pid_nr held_pid() {
        pid_nr nr = draw_(random_);
        while (!subject_.holds(nr)) nr = draw_(random_);
        return nr;
    }

    Subject subject_;
    std::minstd_rand random_{1};  // The same pids for every candidate.
    std::uniform_int_distribution<pid_nr> draw_;
};

/// Adds one cell, whose map is made when it is first run, and kept for the other rounds.
template <class Subject>
void add(ratio_tables& tables, const std::string& row, pid_nr pid_max, double share_free) {
    const auto map = std::make_shared<std::unique_ptr<filled<Subject>>>();
    tables.add(row, std::to_string(pid_max), 1, [=](benchmark::State& state) {
        if (*map == nullptr) *map = std::make_unique<filled<Subject>>(pid_max, share_free);
        for ([[maybe_unused]] const auto turn : state)
            if (!(*map)->replace_one()) {
                state.SkipWithError("no pid was found");
                break;
            }
        state.SetItemsProcessed(state.iterations());
    });
}

void add_table(ratio_tables& tables, const std::string& full, double share_free) {
    tables.begin_table({.name = full + "%_full",
                        .title = "A random pid replaced, by pid_max, map " + full + " % full",
                        .baseline = "per_pid"});
    for (int bits = 15; bits <= 22; ++bits) {
        const pid_nr pid_max = 1 << bits;
        for_each_candidate([&]<class V>(std::type_identity<V>) {
            add<variant_subject<V>>(tables, std::string(V::info.name), pid_max, share_free);
        });
        add<mutex_bitset>(tables, mutex_bitset::name, pid_max, share_free);
    }
}

}  // namespace
}  // namespace pidmap_stress::benchmarking

int main(int argc, char** argv) {
    pidmap_stress::benchmarking::ratio_tables tables;
    pidmap_stress::benchmarking::add_table(tables, "50", 0.5);
    pidmap_stress::benchmarking::add_table(tables, "99", 0.01);
    pidmap_stress::benchmarking::add_table(tables, "99.99", 0.0001);
    return tables.run(argc, argv);
}
