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
    /// Whether all of this is in `other`.
    [[nodiscard]] bool within(const clock& other) const noexcept {
        half more{};
        for (std::size_t i = 0; i < halves_.size(); ++i) more |= halves_[i] > other.halves_[i];
        return is_zero(more);
    }
    friend bool operator==(const clock& a, const clock& b) noexcept {
        half differ{};
        for (std::size_t i = 0; i < a.halves_.size(); ++i) differ |= a.halves_[i] ^ b.halves_[i];
        return is_zero(differ);
    }

    /// No thread may have more events than this in one execution.
    static constexpr unsigned every = INT16_MAX;

private:
    static constexpr unsigned lanes = 8;
    using half = std::int16_t __attribute__((vector_size(lanes * sizeof(std::int16_t))));
    [[nodiscard]] static bool is_zero(half h) noexcept {
        using words = std::int64_t __attribute__((vector_size(sizeof(half))));
        const auto w = reinterpret_cast<words>(h);
        return (w[0] | w[1]) == 0;
    }
    std::array<half, max_threads / lanes> halves_{};
};

}  // namespace pidmap_stress::explore
