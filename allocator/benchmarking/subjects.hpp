#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <type_traits>

#include "allocator/variant_list.hpp"

/// What the benchmarks measure: anything with `alloc()`, which returns 0 for no pid, and
/// `free(pid)`.
namespace pidmap_stress::benchmarking {

/// The walk that counts nothing except nr_free: any way to count adds its cost to this.
struct uncounted_steps : per_pid_steps {
    template <class Namespace>
    [[nodiscard]] static bool enter(Namespace&) noexcept {
        return true;
    }
    template <class Namespace>
    static void leave(Namespace&) noexcept {}
    template <class Namespace>
    static void vacate(Namespace& ns, unsigned page) noexcept {
        ns.pages[page].nr_free.fetch_add(1, Namespace::orders::account);
    }
};
template <execution_policy P>
struct uncounted : pid_namespace<P, per_pid_orders, uncounted_steps> {
    using pid_namespace<P, per_pid_orders, uncounted_steps>::pid_namespace;
    static constexpr variant_info info{.name = "uncounted", .summary = "no references at all"};
};

/// A variant's namespace of a given pid_max.
template <class V>
class variant_subject {
public:
    using variant = V;

    explicit variant_subject(pid_nr pid_max)
        : pid_max_(pid_max), ns_(create_namespace<V>(pid_max_)) {}
    variant_subject(const variant_subject&) = delete;
    variant_subject& operator=(const variant_subject&) = delete;
    ~variant_subject() { V::policy::destroy(ns_); }

    [[nodiscard]] pid_nr alloc() noexcept {
        const alloc_result result = ns_->alloc_pidmap();
        return result ? result.nr() : 0;
    }
    void free(pid_nr nr) noexcept { ns_->free_pidmap(nr); }

    /// Whether `nr` is held. For one thread only.
    [[nodiscard]] bool holds(pid_nr nr) const noexcept {
        constexpr unsigned page_size = V::policy::geometry::bits_per_page;
        const auto at = static_cast<unsigned>(nr);
        const auto* const bits = ns_->peek_bits(at / page_size);
        return (bits->peek(at % page_size / 64) >> at % 64 & 1) != 0;
    }

private:
    typename V::pid_max_cell pid_max_;
    V* ns_;
};

/// Calls `visit` with a std::type_identity of each: all variants, and the walk without counting.
template <class Visit>
void for_each_candidate(Visit visit) {
    visit(std::type_identity<uncounted<native>>{});
    for_each_variant<native>(visit);
}

/// One alloc/free pair after another.
template <class Subject>
void run_pairs(benchmark::State& state, Subject& subject) {
    for ([[maybe_unused]] const auto turn : state) {
        const pid_nr nr = subject.alloc();
        if (nr == 0) {
            state.SkipWithError("no pid was found");
            break;
        }
        subject.free(nr);
    }
    state.SetItemsProcessed(state.iterations());
}

/// The same, for counting instructions.
template <class Subject>
void make_pairs(Subject& subject, int count) {
    for (int i = 0; i < count; ++i) subject.free(subject.alloc());
}

}  // namespace pidmap_stress::benchmarking
