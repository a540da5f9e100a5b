#include "harness/world/board.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <vector>

#include <fmt/format.h>

namespace pidmap_stress {
namespace {

board* the_board = nullptr;

/// After these, memory cannot be trusted: what follows would be noise, or a crash.
[[nodiscard]] bool ends_the_trial(invariant broken) noexcept {
    return broken == invariant::unique_pid || broken == invariant::released_once ||
           broken == invariant::no_use_after_release ||
           broken == invariant::live_pid_pins_namespace || broken == invariant::nothing_leaked;
}

[[nodiscard]] std::string_view name(flight_event::kind what) noexcept {
    constexpr std::array<std::string_view, flight_event::kinds> names{
        "none", "alloc", "free", "get", "put", "create", "round", "disable", "find", "drop"};
    return names[static_cast<std::size_t>(what)];
}

}  // namespace

void board_unmapper::operator()(board* mapped) const noexcept {
    ::munmap(mapped, sizeof(board));
}

board_ptr map_board() noexcept {
    void* const memory = ::mmap(nullptr, sizeof(board), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    // The memory is zero, and a fresh board is all zero; so the pages stay untouched.
    return board_ptr(static_cast<board*>(memory));
}

void use_board(board* here) noexcept {
    the_board = here;
}
board* current_board() noexcept {
    return the_board;
}

void report(invariant broken, std::string_view text) noexcept {
    board* const here = the_board;
    if (here == nullptr) return;
    const auto times = here->times_broken[static_cast<std::size_t>(broken)].fetch_add(
        1, std::memory_order::relaxed);
    // A few examples of each invariant are enough, and leave room for those of the others.
    if (times < 4) {
        const auto index = here->findings_reported.fetch_add(1, std::memory_order::relaxed);
        if (index < board::findings_kept) {
            board_finding& entry = here->findings[index];
            entry.broken = broken;
            const std::size_t length = std::min(text.size(), entry.text.size() - 1);
            std::memcpy(entry.text.data(), text.data(), length);
            // Release: the supervisor acquires it, and so sees the whole text.
            entry.ready.store(true, std::memory_order::release);
        }
    }
    if (ends_the_trial(broken)) here->stop.store(board::end_trial, std::memory_order::relaxed);
}

void report(const finding& what) {
    std::string text = what.what;
    for (const operation& one : what.witness) text += "\n" + to_string(one);
    report(what.broken, text);
}

std::string last_events(const board& seen, unsigned workers, std::size_t per_worker) {
    std::string text;
    for (unsigned i = 0; i <= workers; ++i) {
        const bool main_thread = i == workers;
        const flight_recorder& recorder = seen.workers[main_thread ? max_workers : i];
        const std::uint64_t recorded = recorder.recorded.load(std::memory_order::relaxed);
        const std::uint64_t count =
            std::min<std::uint64_t>({recorded, per_worker, flight_recorder::events});
        if (count == 0) continue;
        text += main_thread ? std::string("setup:") : fmt::format("worker {}:", i);
        for (std::uint64_t back = count; back > 0; --back) {
            const flight_event& event = recorder.ring[(recorded - back) % flight_recorder::events];
            text += fmt::format(" {}", name(event.call()));
            if (event.call() == flight_event::kind::round) continue;
            text += fmt::format("@{}", event.ns());
            if (event.call() == flight_event::kind::create) {
                if (event.pid() > 0) text += fmt::format(" below {}", event.pid() - 1);
            } else if (event.pid() < 0)
                text += fmt::format("={}", to_string(static_cast<alloc_error>(-1 - event.pid())));
            else if (event.pid() > 0)
                text += fmt::format("={}", event.pid());
        }
        text += '\n';
    }
    return text;
}

}  // namespace pidmap_stress
