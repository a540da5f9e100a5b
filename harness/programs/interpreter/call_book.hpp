#pragma once

#include <span>
#include <vector>

#include "allocator/pid_allocator.hpp"
#include "checkers/linearization/ordered_linearization.hpp"
#include "harness/explorer/run/explored.hpp"

namespace pidmap_stress::explore {

/// The calls of an execution of one namespace: what was called, what it returned, and which calls
/// had returned when it was called. Clients that share nothing except the explored memory can tell
/// no more than that, which is happens-before. It is less than time would say.
class call_book {
public:
    /// What is not recorded.
    static constexpr std::size_t none = ~std::size_t{0};

    /// What a namespace is like before the first call.
    struct beginning {
        unsigned references = 0;
        std::vector<pid_nr> held{};
    };
    void begin(beginning with) { before_ = std::move(with); }

    /// Notes a call of the calling thread. Not recorded are calls made when no thread runs, and
    /// calls where executions are explored by state: they have no past there.
    /// \return whatever returned() is to be told.
    [[nodiscard]] std::size_t called(operation_kind kind, pid_nr nr = 0) {
        if (this_thread() == 0 || by_state()) return none;
        calls_.push_back(
            {.what = {.kind = kind, .worker = this_thread() - 1, .pid = nr}, .from = now()});
        return calls_.size() - 1;
    }
    void returned(std::size_t which) {
        if (which == none) return;
        calls_[which].until = now();
        calls_[which].what.returned = 0;  // It did, at an unknown time.
    }
    void returned(std::size_t which, const alloc_result& got) {
        if (which == none) return;
        if (got)
            calls_[which].what.pid = got.nr();
        else
            calls_[which].what.error = got.error();
        returned(which);
    }

    /// For use when all threads have ended.
    void judge() const {
        if (calls_.size() > most_ordered_calls) return;
        std::vector<ordered_call> ordered;
        for (const call& one : calls_) {
            std::uint64_t after = 0;
            for (std::size_t i = 0; i < calls_.size(); ++i)
                if (returned_before(i, one)) after |= std::uint64_t{1} << i;
            ordered.push_back({.what = one.what, .after = after});
        }
        const auto broken = judge_ordered(
            ordered, {.initial_references = before_.references, .initially_held = before_.held});
        if (broken) expect(false, broken->broken, broken->what);
    }

private:
    struct call {
        operation what{};
        moment from{};
        moment until{};
    };
    [[nodiscard]] bool returned_before(std::size_t i, const call& one) const {
        const call& other = calls_[i];
        if (other.what.pending() || &other == &one) return false;
        // Calls of one thread are in program order, and may have no step between them.
        if (other.what.worker == one.what.worker) return &other < &one;
        return happens_before(other.until, one.from);
    }

    beginning before_{};
    std::vector<call> calls_;
};

}  // namespace pidmap_stress::explore
