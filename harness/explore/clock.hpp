#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pidmap_stress::explore {

/// The main thread (set-up and the final check) is thread 0; a program's threads are 1 and up.
inline constexpr unsigned max_threads = 16;

/// A set of events that is closed under program order: for each thread, how many of its events
/// are in it. Two SSE registers, so that joins, of which an exploration makes many, are cheap.
class clock {
public:
    /// What every event follows: all of the set-up, and nothing of any thread.
    [[nodiscard]] static clock after_set_up() noexcept {
        clock c;
        c.set(0, every);
        return c;
    }

    [[nodiscard]] std::int16_t of(unsigned thread) const noexcept {
        return halves_[thread / lanes][thread % lanes];
    }
    void set(unsigned thread, unsigned events) noexcept {
        halves_[thread / lanes][thread % lanes] = static_cast<std::int16_t>(events);
    }
    /// Whether the event with index `po` of `thread` is in the set.
    [[nodiscard]] bool contains(unsigned thread, unsigned po) const noexcept {
        return static_cast<unsigned>(of(thread)) > po;
    }
    void join(const clock& other) noexcept {
        for (std::size_t i = 0; i < halves_.size(); ++i)
            halves_[i] = halves_[i] > other.halves_[i] ? halves_[i] : other.halves_[i];
    }
    friend bool operator==(const clock& a, const clock& b) noexcept {
        for (unsigned t = 0; t < max_threads; ++t)
            if (a.of(t) != b.of(t)) return false;
        return true;
    }

    /// No thread may have more events than this in one execution.
    static constexpr unsigned every = INT16_MAX;

private:
    static constexpr unsigned lanes = 8;
    using half = std::int16_t __attribute__((vector_size(lanes * sizeof(std::int16_t))));
    std::array<half, max_threads / lanes> halves_{};
};

}  // namespace pidmap_stress::explore
