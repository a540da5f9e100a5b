#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "checkers/history.hpp"
#include "checkers/verdict.hpp"
#include "harness/world/clock.hpp"

/// What a trial tells its supervisor, in memory that both processes map: it is there however the
/// trial ends. The trial's workers write, each to lines of its own; nothing here orders one
/// worker's steps against another's.
namespace pidmap_stress {

inline constexpr unsigned max_workers = 256;

/// What a worker did, for its flight recorder: one word, so that recording it is one store.
class flight_event {
public:
    enum class kind : std::uint8_t {
        none,
        alloc,
        free,
        get,
        put,
        create,
        round,
        disable,
        find,  ///< An object, by number.
        drop,  ///< The reference on an object.
    };
    static constexpr std::size_t kinds = 10;

    constexpr flight_event() noexcept = default;
    /// \param pid  Or -1 - alloc_error. Of a creation, one more than the number of the namespace
    ///             above, or 0 for a root.
    constexpr flight_event(kind what, std::uint16_t ns, pid_nr pid) noexcept
        : word_((std::uint64_t{ns} << 40) | (static_cast<std::uint64_t>(what) << 32) |
                static_cast<std::uint32_t>(pid)) {}

    [[nodiscard]] constexpr kind call() const noexcept {
        return static_cast<kind>(word_ >> 32 & 0xff);
    }
    [[nodiscard]] constexpr std::uint16_t ns() const noexcept {
        return static_cast<std::uint16_t>(word_ >> 40);
    }
    [[nodiscard]] constexpr pid_nr pid() const noexcept {
        return static_cast<pid_nr>(word_ & 0xffffffff);
    }

private:
    std::uint64_t word_ = 0;
};

/// One worker's lines: its ring of recent events.
struct alignas(64) flight_recorder {
    static constexpr std::size_t events = 512;
    static constexpr std::size_t events_per_stamp = 128;

    /// The thread that was this worker most recently, by the system's number. Relaxed: for readers.
    std::atomic<int> thread{0};
    /// Events so far. Written by the worker, read by the supervisor to see that it lives.
    std::atomic<std::uint64_t> recorded{0};
    /// When the first event of each group was.
    std::array<ticks, events / events_per_stamp> stamps{};
    alignas(64) std::array<flight_event, events> ring{};

    void record(flight_event what) noexcept {
        // Relaxed, and no RMW: one writer.
        const std::uint64_t n = recorded.load(std::memory_order::relaxed);
        if (n % events_per_stamp == 0) [[unlikely]]
            stamps[n / events_per_stamp % stamps.size()] = rough_time();
        ring[n % events] = what;
        recorded.store(n + 1, std::memory_order::relaxed);
    }
};

/// A finding as it was reported, in fixed memory.
struct board_finding {
    static constexpr std::size_t text_size = 1000;

    std::atomic<bool> ready{false};
    invariant broken{};
    std::array<char, text_size> text{};
};

/// A sanitizer's report as its callback wrote it. Addresses are of this program's code: a reader
/// that was started from the same file finds their places in the source.
struct board_sanitizer_report {
    static constexpr std::size_t kind_size = 64;
    static constexpr std::size_t frames_kept = 12;

    /// One side: an access, or what freed the memory.
    struct side {
        std::array<std::uintptr_t, frames_kept> frames{};  ///< Innermost first; 0: no more.
        int thread = 0;  ///< By the system's number; 0: not known.
        int size = 0;    ///< In bytes; 0: it was no access.
        bool write = false;
        bool atomic = false;
    };

    std::atomic<bool> ready{false};
    invariant broken{};
    std::array<char, kind_size> kind{};  ///< In the sanitizer's words: "data-race".
    std::array<side, 2> sides{};
};

struct board {
    /// A few examples of each invariant.
    static constexpr std::size_t findings_kept = 4 * invariant_count;

    std::atomic<std::uint64_t> operations{0};       ///< Of finished rounds.
    std::atomic<std::uint64_t> cpu_nanoseconds{0};  ///< Of workers, in finished rounds.
    std::atomic<std::uint64_t> rounds{0};
    std::atomic<std::uint64_t> marks{0};  ///< Bit i: the scenario's i-th mark was hit.
    /// How often a worker came near to what a bug needs: see near_misses.
    std::atomic<std::uint64_t> lost_exchanges{0};
    std::atomic<std::uint64_t> raised_from_one{0};
    /// The shortest of the timed ones, rounded up; 0: none was timed.
    std::atomic<std::uint64_t> clear_to_put_nanoseconds{0};
    /// From the fault handler: a signal that is not a finding's, and where it was raised. By then
    /// the process has stopped itself, for the supervisor to look at its threads. Relaxed, except
    /// the signal, which is stored last, by release, and read by acquire.
    std::atomic<int> fatal_signal{0};
    /// Whether a supervisor waits for that. Set before the process begins.
    bool supervised = false;
    std::atomic<unsigned> fatal_slot{0};
    std::atomic<std::uintptr_t> fatal_address{0};
    /// Workers check it before each step. The supervisor sets `end_round` when time is up; report()
    /// sets `end_trial` once memory can no longer be trusted.
    enum : int { go_on, end_round, end_trial };
    std::atomic<int> stop{go_on};
    /// Histories whose judge gave up: they are not evidence.
    std::atomic<std::uint64_t> undecided{0};
    /// The trial could not be set up.
    std::atomic<bool> out_of_resources{false};
    std::atomic<std::uint32_t> findings_reported{0};
    std::array<std::atomic<std::uint64_t>, invariant_count> times_broken{};
    /// How many reports of a sanitizer break an invariant, and the first ones of them.
    std::atomic<std::uint32_t> sanitizer_reports_made{0};
    std::array<board_sanitizer_report, 32> sanitizer_reports{};
    std::array<board_finding, findings_kept> findings{};
    std::array<flight_recorder, max_workers + 1> workers{};  ///< The last one is the main thread's.
};

struct board_unmapper {
    void operator()(board* mapped) const noexcept;
};
using board_ptr = std::unique_ptr<board, board_unmapper>;

/// A fresh board in shared memory, or nullptr if that could not be mapped.
[[nodiscard]] board_ptr map_board() noexcept;

/// Sets the board that report() writes to, in this process.
void use_board(board* here) noexcept;
[[nodiscard]] board* current_board() noexcept;

/// Reports a broken invariant. Takes effect at once and survives the death of the process; may be
/// called by any worker and in a signal handler. Texts for which the board has no room are only
/// counted.
void report(invariant broken, std::string_view text) noexcept;
void report(const finding& what);

/// The last events of every worker, one line each, newest last, for a reader.
[[nodiscard]] std::string last_events(const board& seen, unsigned workers, std::size_t per_worker);

}  // namespace pidmap_stress
