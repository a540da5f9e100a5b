// The seed's claim: counting references by page is cheaper than counting them by pid. Each variant
// beside the same walk that counts nothing, where page-level counting costs most, and least.

#include <vector>

#include "allocator/benchmarking/ratio_tables.hpp"
#include "allocator/benchmarking/subjects.hpp"

namespace pidmap_stress::benchmarking {
namespace {

constexpr pid_nr page_size = kernel_geometry::bits_per_page;

/// Page 0 is full, so pairs fill and empty page 1: with one thread, each of them does.
///
/// Not page 0 itself: there the posted form drops a reference too many each time.
template <class V>
struct refilled_page : variant_subject<V> {
    refilled_page() : variant_subject<V>(2 * page_size) {
        for (pid_nr nr = 1; nr < page_size; ++nr) benchmark::DoNotOptimize(this->alloc());
    }
};

/// One page, on which pid 1 stays: no pair fills or empties it.
template <class V>
struct live_page : variant_subject<V> {
    live_page() : variant_subject<V>(page_size) { benchmark::DoNotOptimize(this->alloc()); }
};

/// As live_page, with pid_max so high that the pids held spread over pages.
template <class V>
struct many_pages : variant_subject<V> {
    many_pages() : variant_subject<V>(32 * page_size) { benchmark::DoNotOptimize(this->alloc()); }
};

/// The pids that a thread holds; the oldest is freed and a new one takes its place.
template <class Subject>
class generations {
public:
    static constexpr std::size_t in_all = 2 * static_cast<std::size_t>(page_size);

    generations(Subject& subject, int threads)
        : subject_(&subject), held_(in_all / static_cast<std::size_t>(threads)) {
        for (pid_nr& nr : held_) nr = subject_->alloc();
    }
    generations(const generations&) = delete;
    generations& operator=(const generations&) = delete;
    ~generations() {
        for (const pid_nr nr : held_) subject_->free(nr);
    }
    /// \returns Whether there was a pid.
    bool turn() {
        subject_->free(held_[oldest_]);
        held_[oldest_] = subject_->alloc();
        const bool found = held_[oldest_] != 0;
        oldest_ = oldest_ + 1 < held_.size() ? oldest_ + 1 : 0;
        return found;
    }

private:
    Subject* subject_;
    std::vector<pid_nr> held_;
    std::size_t oldest_ = 0;
};

template <class Subject>
void run_generations(benchmark::State& state, Subject& subject) {
    generations<Subject> held(subject, state.threads());
    for ([[maybe_unused]] const auto turn : state)
        if (!held.turn()) {
            state.SkipWithError("no pid was found");
            break;
        }
    state.SetItemsProcessed(state.iterations());
}

/// Made when first needed, and one for all threads.
template <class Subject>
Subject& the_only() {
    static Subject subject;
    return subject;
}

template <class Measure, class Cost>
void add_table(ratio_tables& tables, table_layout layout, Measure measure, Cost cost) {
    tables.begin_table(std::move(layout));
    for (const int threads : {1, 2, 4, 8})
        for_each_candidate([&]<class V>(std::type_identity<V> variant) {
            const std::string column =
                std::to_string(threads) + (threads == 1 ? " thread" : " threads");
            tables.add(std::string(V::info.name), column, threads,
                       [=](benchmark::State& state) { measure(variant, state); });
        });
    for_each_candidate([&]<class V>(std::type_identity<V> variant) {
        tables.add_cost(std::string(V::info.name), cost(variant));
    });
}

template <template <class> class Setting>
void add_pairs(ratio_tables& tables, table_layout layout) {
    add_table(
        tables, std::move(layout),
        []<class V>(std::type_identity<V>, benchmark::State& state) {
            run_pairs(state, the_only<Setting<V>>());
        },
        []<class V>(std::type_identity<V>) {
            return [](int count) { make_pairs(the_only<Setting<V>>(), count); };
        });
}

void add_generations(ratio_tables& tables, table_layout layout) {
    add_table(
        tables, std::move(layout),
        []<class V>(std::type_identity<V>, benchmark::State& state) {
            run_generations(state, the_only<many_pages<V>>());
        },
        []<class V>(std::type_identity<V>) {
            return [](int count) {
                static generations<many_pages<V>> held(the_only<many_pages<V>>(), 1);
                for (int i = 0; i < count; ++i) held.turn();
            };
        });
}

}  // namespace
}  // namespace pidmap_stress::benchmarking

int main(int argc, char** argv) {
    using namespace pidmap_stress::benchmarking;
    ratio_tables tables;
    add_pairs<refilled_page>(tables, {.name = "refilled_page",
                                      .title = "Alloc/free pairs on a page that each one refills",
                                      .baseline = "per_pid"});
    add_pairs<live_page>(tables, {.name = "live_page",
                                  .title = "Alloc/free pairs on a page that stays non-empty",
                                  .baseline = "per_pid"});
    add_generations(tables, {.name = "many_pages",
                             .title = "Oldest of 65536 pids freed, a new one allocated, 32 pages",
                             .baseline = "per_pid"});
    return tables.run(argc, argv);
}
