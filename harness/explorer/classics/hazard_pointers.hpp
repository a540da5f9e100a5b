#pragma once

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// Hazard pointers: a reader says what it reads, and nobody destroys that.
/// \source M. M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", IEEE
///         TPDS 15(6), 2004
namespace pidmap_stress::explore::classics {

/// \tparam Rechecks  Whether a reader, once it has said so, looks whether the object is still
/// there.
template <class World, bool Rechecks>
class hazard_pointer {
public:
    struct object {
        typename World::template plain<int> value{0};
    };

    explicit hazard_pointer(object* first) : object_(first) {}

    [[nodiscard]] int read() {
        object* seen = object_.load(acquire);  // From the exchange: the object is seen as made.
        for (;;) {
            // seq_cst, with the writer's exchange and load: one of the two sees the other.
            hazard_.store(seen, seq_cst);
            if constexpr (!Rechecks) break;
            object* const now = object_.load(seq_cst);
            if (now == seen) break;
            seen = now;
        }
        const int value = seen->value.get();
        hazard_.store(nullptr, release);  // Read by the writer's wait: it destroys after the read.
        return value;
    }
    void replace(object* next) {
        object* const old = object_.exchange(next, seq_cst);
        (void)await(hazard_, [=](object* in_use) { return in_use != old; }, seq_cst);
        World::destroy(old);
    }
    /// \pre No thread uses it.
    void clear() { World::destroy(object_.exchange(nullptr, relaxed)); }  // Nobody is there.

private:
    using enum std::memory_order;
    typename World::template atomic<object*> object_;
    typename World::template atomic<object*> hazard_{nullptr};
};

template <class World, bool Rechecks>
struct hazard_state {
    using pointer_type = hazard_pointer<World, Rechecks>;
    pointer_type shared{World::template create<typename pointer_type::object>()};
};
template <class World, bool Rechecks>
[[nodiscard]] auto hazard_users() {
    using state = hazard_state<World, Rechecks>;
    using object = typename state::pointer_type::object;
    return over<state>()
        .thread([](state& s) {
            object* const next = World::template create<object>();
            next->value.set(1);
            s.shared.replace(next);
        })
        .thread([](state& s) {
            const int value = s.shared.read();
            check(value == 0 || value == 1);
            tell_outcome(value == 0 ? "old" : "new");
        })
        .finally([](state& s) { s.shared.clear(); });
}

}  // namespace pidmap_stress::explore::classics
