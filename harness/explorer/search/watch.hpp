#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

namespace pidmap_stress::explore {

/// Watches an exploration from outside: counts what it runs, and ends it early. All jobs of the
/// exploration share it.
class watch {
public:
    using clock = std::chrono::steady_clock;

    /// \param runs   Counts on, for whoever shows progress.
    /// \param until  When to end; nothing: never.
    /// \param asked  Whether somebody wants it to end. Called by any job.
    watch(std::atomic<std::uint64_t>& runs, std::optional<clock::time_point> until,
          bool (*asked)() noexcept)
        : runs_(runs), until_(until), asked_(asked) {
        look();
    }

    /// Some more executions were run. Looks whether to end.
    void ran(std::uint64_t more) noexcept {
        // Relaxed, here and below: these are numbers, and nothing follows from them.
        runs_.fetch_add(more, std::memory_order::relaxed);
        look();
    }
    /// Whether the exploration is to end, with what it has.
    [[nodiscard]] bool ends() const noexcept { return ends_.load(std::memory_order::relaxed); }

private:
    void look() noexcept {
        if (asked_() || (until_ && clock::now() >= *until_))
            ends_.store(true, std::memory_order::relaxed);
    }

    std::atomic<std::uint64_t>& runs_;
    std::optional<clock::time_point> until_;
    bool (*asked_)() noexcept;
    std::atomic<bool> ends_{false};
};

}  // namespace pidmap_stress::explore
