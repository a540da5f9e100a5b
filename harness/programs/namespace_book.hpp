#pragma once

#include <array>
#include <cassert>

#include "harness/programs/judge.hpp"

namespace pidmap_stress::explore {

/// What an explored program knows of one namespace: who has which pid, and how often it was
/// released. What does not fit is a finding.
class namespace_book {
    /// Programs of several namespaces use two pages of each.
    static constexpr std::size_t most_pids = 2 * most_explored_bits;

public:
    /// Who freed a pid when the namespace had been closed before.
    static constexpr unsigned nobody_any_more = ~0U;

    /// \param limit  pid_max.
    void open(const explored_namespace& ns, pid_nr limit) noexcept {
        assert(static_cast<std::size_t>(limit) <= most_pids);
        ns_ = ns;
        limit_ = limit;
    }
    [[nodiscard]] const explored_namespace& ns() const noexcept { return ns_; }
    [[nodiscard]] bool is_of(const void* ns) const noexcept { return ns_.object() == ns; }
    void released() noexcept { ++releases_; }

    /// A thread has got a pid. `nr` must be a pid, and nobody's.
    void take(unsigned thread, pid_nr nr) noexcept {
        check(nr >= 1 && nr < limit_, invariant::pid_in_range);
        plain<unsigned>& tenant = tenants_[static_cast<unsigned>(nr)];
        const unsigned before = tenant.get();
        expect(before == 0 || before == nobody_any_more, invariant::unique_pid);
        expect(before != nobody_any_more, invariant::linearizable,
               "a pid that was freed after the closing is handed out again");
        tenant.set(thread + 1);
    }
    /// A thread is about to free its pid.
    void leave(unsigned thread, pid_nr nr, unsigned successor = 0) noexcept {
        plain<unsigned>& tenant = tenants_[static_cast<unsigned>(nr)];
        expect(tenant.get() == thread + 1, invariant::unique_pid);
        tenant.set(successor);
    }

    /// All threads have left, and nothing is to be left.
    void finish() const {
        if (!ns_) return;
        expect(releases_ <= 1, invariant::released_once, "released more than once");
        judge_quiescent(ns_, {.pid_max = limit_, .releases = releases_});
    }

private:
    explored_namespace ns_;
    pid_nr limit_ = 0;
    unsigned releases_ = 0;
    std::array<tenant_cell, most_pids> tenants_;
};

}  // namespace pidmap_stress::explore
