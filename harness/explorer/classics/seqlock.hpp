#pragma once

#include <array>

#include "harness/explorer/native/worlds.hpp"
#include "harness/explorer/run/program.hpp"

/// A sequence lock: a reader keeps what it has read only if no writer came between.
/// \source H.-J. Boehm, "Can Seqlocks Get Along With Programming Language Memory Models?", MSPC
/// 2012
namespace pidmap_stress::explore::classics {

/// \tparam Fenced  Whether a reader looks at the version again only after it has read the data. Its
///                 data are atomic, as they must be.
template <class World, bool Fenced>
class seqlock {
public:
    void write(int value) {
        const unsigned version = version_.load(relaxed);  // There is one writer.
        version_.store(version + 1, relaxed);             // Ordered by the fence.
        World::fence(
            release);  // Read by the reader's fence: a reader that sees data sees the odd version.
        for (auto& one : data_) one.store(value, relaxed);
        version_.store(version + 2, release);  // Read by the reader's acquire: it sees all data.
    }
    struct seen {
        bool valid;
        int first;
        int second;
    };
    [[nodiscard]] seen read() const {
        const unsigned before = version_.load(acquire);
        const int first = data_[0].load(relaxed);
        const int second = data_[1].load(relaxed);
        if constexpr (Fenced) World::fence(acquire);  // From the writer's fence: see there.
        return {.valid = version_.load(relaxed) == before && before % 2 == 0,
                .first = first,
                .second = second};
    }

private:
    using enum std::memory_order;
    typename World::template atomic<unsigned> version_{0};
    std::array<typename World::template atomic<int>, 2> data_;
};

template <class World, bool Fenced>
[[nodiscard]] auto seqlock_users() {
    using state = seqlock<World, Fenced>;
    return over<state>().thread([](state& s) { s.write(1); }).threads(2, [](state& s, unsigned) {
        const auto seen = s.read();
        check(!seen.valid || seen.first == seen.second, "a torn read");
    });
}

}  // namespace pidmap_stress::explore::classics
