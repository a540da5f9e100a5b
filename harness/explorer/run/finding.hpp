#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"

namespace pidmap_stress::explore {

enum class finding_kind : std::uint8_t {
    assertion,          ///< A check of the program failed.
    data_race,          ///< Two unordered accesses, one a write, one not atomic.
    use_after_free,     ///< An access that does not happen before the release of its memory.
    double_free,        ///< Memory released twice, or memory that was never created.
    leak,               ///< Memory that nobody released.
    deadlock,           ///< Every thread that is left waits for a write that nobody will make.
    livelock,           ///< The threads that are left may loop forever, writing, in all fairness.
    progress,           ///< One thread stopped, and others could not complete.
    exception,          ///< One left a thread of the program.
    crash,              ///< A signal that would have ended the process: a null pointer, say.
    not_deterministic,  ///< The program did something else when it ran again on the same choices.
};

[[nodiscard]] std::string_view to_string(finding_kind kind) noexcept;

/// What a finding shows: an invariant that broke, or a crash of the code under test.
class defect {
public:
    constexpr defect(invariant which) noexcept : broken_(which) {}
    [[nodiscard]] static constexpr defect crash() noexcept { return {}; }

    [[nodiscard]] constexpr bool is_crash() const noexcept { return !broken_; }
    /// Nothing if it is a crash.
    [[nodiscard]] constexpr std::optional<invariant> broken() const noexcept { return broken_; }
    /// Crashes first, then invariants in the order of the enum.
    friend constexpr auto operator<=>(const defect&, const defect&) noexcept = default;

private:
    constexpr defect() noexcept = default;
    std::optional<invariant> broken_;
};
/// The invariant's name, or "crash".
[[nodiscard]] std::string_view to_string(defect what) noexcept;
[[nodiscard]] std::optional<defect> parse_defect(std::string_view name) noexcept;

/// What choose(n) answered, each time that it was asked: an interleaving, exactly.
using schedule = std::vector<std::uint16_t>;

/// One side of a finding that has several: a race, a use after a release, a deadlock.
struct party {
    unsigned thread = 0;      ///< 0: the set-up.
    std::string_view does{};  ///< "uses".
    std::string what{};  ///< The name of the cell, or "memory 1.0": the first block of thread 1.
    // Of a replay:
    std::optional<unsigned> step{};
    std::string call{};          ///< As finding::call.
    const void* site = nullptr;  ///< As step::site.
};

/// Something that must not happen, and how to make it happen again.
struct finding {
    finding_kind kind = finding_kind::assertion;
    std::string what;                   ///< One line.
    std::optional<invariant> broken{};  ///< If the program named one.
    unsigned thread = 0;                ///< Whose step showed it; 0 is the final check.
    std::string call{};                 ///< Of a replay: what that thread was about, "free 3".
    const void* site = nullptr;      ///< Of a crash: behind its instruction, as source_line() asks.
    unsigned at_step = 0;            ///< How many steps of a replay came before it.
    std::vector<party> parties{};    ///< All sides, of what has several.
    explore::schedule schedule{};    ///< For replay().
    unsigned frozen_thread = 0;      ///< finding_kind::progress: who stopped ...
    unsigned frozen_after = 0;       ///< ... after how many of its steps.
    bool replayed = false;           ///< Whether it was found again on that schedule.
    std::uint64_t at_execution = 0;  ///< Its number in the search that found it.

    /// Whether two findings are the same defect, however they came about.
    [[nodiscard]] bool same_as(const finding& other) const noexcept {
        return kind == other.kind && what == other.what && broken == other.broken &&
               site == other.site;
    }
};

}  // namespace pidmap_stress::explore
