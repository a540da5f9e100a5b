#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace pidmap_stress::explore {

/// The main thread (set-up and the final check) is thread 0; a program's threads are 1 and up.
inline constexpr unsigned max_threads = 16;

/// A set of events that is closed under program order: for each thread, how many of its events
/// are in it. Two SSE registers, so that joins, of which an exploration makes many, are cheap.
class vector_clock {
public:
    /// What every event follows: all of the set-up, and nothing of any thread.
    [[nodiscard]] static vector_clock after_set_up() noexcept {
        vector_clock c;
        c.set(0, every);
        return c;
    }

    [[nodiscard]] std::int16_t of(unsigned thread) const noexcept {
        return halves_[thread / lanes][thread % lanes];
    }
    /// In registers: a short store to memory, and a join that loads the whole, would stall.
    void set(unsigned thread, unsigned events) noexcept {
        for (std::size_t i = 0; i < halves_.size(); ++i)
            halves_[i] = set_lane(halves_[i], lane_of[thread].halves_[i], events);
    }
    /// Whether the event with index `po` of `thread` is in the set.
    [[nodiscard]] bool contains(unsigned thread, unsigned po) const noexcept {
        return static_cast<unsigned>(of(thread)) > po;
    }
    void join(const vector_clock& other) noexcept {
        for (std::size_t i = 0; i < halves_.size(); ++i)
            halves_[i] = halves_[i] > other.halves_[i] ? halves_[i] : other.halves_[i];
    }
    /// Whether all of this is in `other`.
    [[nodiscard]] bool within(const vector_clock& other) const noexcept {
        half more{};
        for (std::size_t i = 0; i < halves_.size(); ++i) more |= halves_[i] > other.halves_[i];
        return is_zero(more);
    }
    friend bool operator==(const vector_clock& a, const vector_clock& b) noexcept {
        half differ{};
        for (std::size_t i = 0; i < a.halves_.size(); ++i) differ |= a.halves_[i] ^ b.halves_[i];
        return is_zero(differ);
    }

    /// No thread may have more events than this in one execution.
    static constexpr unsigned every = INT16_MAX;

private:
    friend class clock_table;
    friend class narrow_clock;
    static constexpr unsigned lanes = 8;
    using half = std::int16_t __attribute__((vector_size(lanes * sizeof(std::int16_t))));
    [[nodiscard]] static bool is_zero(half h) noexcept {
        using words = std::int64_t __attribute__((vector_size(sizeof(half))));
        const auto w = reinterpret_cast<words>(h);
        return (w[0] | w[1]) == 0;
    }
    [[nodiscard]] static half set_lane(half in, half lane, unsigned events) noexcept {
        const auto n = static_cast<std::int16_t>(events);
        const half all{n, n, n, n, n, n, n, n};
        return (in & ~lane) | (all & lane);
    }
    std::array<half, max_threads / lanes> halves_{};
    static const std::array<vector_clock, max_threads> lane_of;  // Ones for one thread.
};

inline constexpr std::array<vector_clock, max_threads> vector_clock::lane_of = [] {
    std::array<vector_clock, max_threads> made{};
    for (unsigned t = 0; t < max_threads; ++t) {
        half one{};
        one = half{t % lanes == 0 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 1 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 2 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 3 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 4 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 5 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 6 ? std::int16_t{-1} : std::int16_t{0},
                   t % lanes == 7 ? std::int16_t{-1} : std::int16_t{0}};
        made[t].halves_[t / lanes] = one;
    }
    return made;
}();

/// A clock of the first threads only, in one register; or, of something that they come to one by
/// one, by thread the first of its events that did.
class narrow_clock {
public:
    static constexpr unsigned lanes = vector_clock::lanes;

    /// As vector_clock::after_set_up().
    [[nodiscard]] static narrow_clock after_set_up() noexcept {
        return narrow_clock(half{vector_clock::every});
    }
    /// No thread has come to it.
    [[nodiscard]] static narrow_clock never() noexcept {
        return narrow_clock(all(vector_clock::every));
    }
    /// Only the set-up has, so that everything follows that.
    [[nodiscard]] static narrow_clock in_set_up() noexcept {
        return narrow_clock(never().half_ & ~lane(0).half_);
    }
    /// Ones in the lane of `thread`.
    [[nodiscard]] static narrow_clock lane(unsigned thread) noexcept {
        return narrow_clock(vector_clock::lane_of[thread].halves_[0]);
    }
    narrow_clock() noexcept = default;

    /// One more event of the thread whose lane it is.
    void count(const narrow_clock& lane) noexcept { half_ -= lane.half_; }
    [[nodiscard]] unsigned of(unsigned thread) const noexcept {
        return static_cast<unsigned>(half_[thread]);
    }
    void join(const narrow_clock& other) noexcept {
        half_ = half_ > other.half_ ? half_ : other.half_;
    }
    /// Only the thread whose lane it is has come to it, by its next event.
    [[nodiscard]] static narrow_clock first_of(const narrow_clock& lane,
                                               const narrow_clock& now) noexcept {
        return narrow_clock((now.half_ & lane.half_) | (never().half_ & ~lane.half_));
    }
    /// What came first.
    void meet(const narrow_clock& other) noexcept {
        half_ = half_ < other.half_ ? half_ : other.half_;
    }
    /// Whether an event by which some thread came to `other` is in this.
    [[nodiscard]] bool has_any(const narrow_clock& first) const noexcept {
        return !vector_clock::is_zero(half_ > first.half_);
    }
    [[nodiscard]] vector_clock widened() const noexcept {
        vector_clock c;
        c.halves_[0] = half_;
        return c;
    }

private:
    using half = vector_clock::half;
    explicit narrow_clock(half h) noexcept : half_(h) {}
    [[nodiscard]] static half all(unsigned events) noexcept {
        const auto n = static_cast<std::int16_t>(events);
        return half{n, n, n, n, n, n, n, n};
    }
    half half_{};
};

/// Many clocks, in half the memory as long as only the first half of the threads is in them.
class clock_table {
public:
    [[nodiscard]] vector_clock operator[](std::size_t i) const noexcept {
        vector_clock c;
        if (!wide_) [[likely]] {
            c.halves_[0] = halves_[i];
        } else {
            c.halves_[0] = halves_[2 * i];
            c.halves_[1] = halves_[2 * i + 1];
        }
        return c;
    }
    /// A copy of (*this)[i] after set(thread, events).
    [[nodiscard]] vector_clock with(std::size_t i, unsigned thread,
                                    unsigned events) const noexcept {
        vector_clock c = (*this)[i];
        if (!wide_) [[likely]]
            c.halves_[0] = vector_clock::set_lane(c.halves_[0],
                                                  vector_clock::lane_of[thread].halves_[0], events);
        else
            c.set(thread, events);
        return c;
    }
    void put(std::size_t i, const vector_clock& c) noexcept {
        if (!wide_) [[likely]] {
            halves_[i] = c.halves_[0];
        } else {
            halves_[2 * i] = c.halves_[0];
            halves_[2 * i + 1] = c.halves_[1];
        }
    }
    /// As (*this)[i].contains(thread, po).
    [[nodiscard]] bool contains(std::size_t i, unsigned thread, unsigned po) const noexcept {
        const auto* const lane = reinterpret_cast<const std::int16_t*>(halves_.data());
        return static_cast<unsigned>(
                   lane[i * (wide_ ? max_threads : vector_clock::lanes) + thread]) > po;
    }
    [[nodiscard]] bool is_wide() const noexcept { return wide_; }
    static constexpr unsigned narrow_threads = vector_clock::lanes;
    void resize(std::size_t n) { halves_.resize(wide_ ? 2 * n : n); }
    /// Makes room for all threads. What is in it stays.
    void widen() {
        if (wide_) return;
        std::vector<vector_clock::half> wider(2 * halves_.size());
        for (std::size_t i = 0; i < halves_.size(); ++i) wider[2 * i] = halves_[i];
        halves_ = std::move(wider);
        wide_ = true;
    }
    /// Takes the first `n` over.
    /// \pre  Both are as wide.
    void copy(const clock_table& from, std::size_t n) noexcept {
        std::copy_n(from.halves_.begin(), wide_ ? 2 * n : n, halves_.begin());
    }

private:
    std::vector<vector_clock::half> halves_;
    bool wide_ = false;
};

}  // namespace pidmap_stress::explore
