#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/contract.hpp"
#include "harness/programs/pidmap_setting.hpp"

/// A program over a variant, call by call: what shrinking ends with, and what the last calls of a
/// native run become.
namespace pidmap_stress::explore {

struct script_call {
    enum class kind : std::uint8_t { alloc, free, get, put };

    kind what = kind::alloc;
    unsigned which = 0;  ///< free: which one of the thread's own pids, oldest first.

    friend bool operator==(const script_call&, const script_call&) = default;
};

struct script_thread {
    std::vector<pid_nr> holds{};  ///< At the start.
    bool is_creator = false;      ///< It has the creator's reference, which nobody has put.
    std::vector<script_call> does{};

    friend bool operator==(const script_thread&, const script_thread&) = default;
};

/// What each thread calls, and from which state.
///
/// Before they start, pids 1 to `last` were allocated one after another, all but those that a
/// thread holds were freed again, and the creator has put its reference, unless a thread is the
/// creator. Under `reference`, each thread has a reference of its own. What threads still hold in
/// the end is given back after the audit, one by one.
///
/// A call that the discipline does not allow at that moment is left out: under `member`, all of a
/// thread that has neither a pid nor a reference, so that no script misuses the allocator.
struct script {
    discipline how = discipline::member;
    unsigned bits = 2;   ///< Pids of a page, of which there are two.
    pid_nr pid_max = 4;  ///< First pid that is never handed out.
    pid_nr last = 2;
    std::vector<script_thread> threads{};

    [[nodiscard]] std::size_t calls() const noexcept {
        std::size_t sum = 0;
        for (const script_thread& one : threads) sum += one.does.size();
        return sum;
    }
    friend bool operator==(const script&, const script&) = default;
};
inline constexpr unsigned script_pages = 2;
inline constexpr pid_nr script_reserved_pids = 1;
inline constexpr unsigned most_script_threads = 4;
inline constexpr std::size_t most_script_calls = 24;  ///< Of one thread.

/// What is wrong with a script, in one line; nothing if it can be explored.
[[nodiscard]] std::optional<std::string> why_not(const script& s);

/// "member/calls/2x4/max8/last4/4=af0+=a": two pages of 4 pids; thread 1 holds pid 4, allocates and
/// frees the oldest pid that it has then; thread 2 holds nothing and allocates. `g` is get, `p`
/// put, and `c` among what a thread holds makes it the creator.
[[nodiscard]] std::string to_string(const script& s);
/// The inverse. \return nothing if the text is none, or names what cannot be explored.
[[nodiscard]] std::optional<script> parse_script(std::string_view text);

/// What a setting's threads do, call by call.
/// \pre !why_not(setting), and its scenario is of this kind: else there is nothing.
[[nodiscard]] std::optional<script> to_script(const pidmap_setting& setting);

/// The same, but from a namespace that is new: the set-up is made of calls, by thread 1, which is
/// the creator. What other threads held, it holds.
/// \return nothing if there is no room.
[[nodiscard]] std::optional<script> from_nothing(const script& s);

/// The same on smaller pages: pids keep their pages and their order.
/// \return nothing if there is no room.
[[nodiscard]] std::optional<script> on_smaller_pages(const script& s, unsigned bits);

/// The setting in words, a sentence for the state and one for each thread.
[[nodiscard]] std::string describe(const script& s);

}  // namespace pidmap_stress::explore
