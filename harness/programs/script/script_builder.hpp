#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/programs/pidmap_setting.hpp"
#include "harness/programs/script/script.hpp"

/// What the small scripts of scenarios share.
namespace pidmap_stress::explore {

/// A script of the setting's size and threads, which call nothing yet.
/// \param last     See script.
/// \param pid_max  0: as high as pages go.
[[nodiscard]] inline script begin_script(const pidmap_setting& s, pid_nr last, pid_nr pid_max = 0) {
    script made{.how = s.how,
                .pages = s.pages,
                .bits = s.bits,
                .reserved = s.scenario->reserved_pids,
                .last = last};
    made.pid_max = pid_max != 0 ? pid_max : made.highest_pid_max();
    made.threads.resize(s.threads);
    return made;
}

/// Each thread holds a pid of its own, from `first` on.
inline void seat_members(script& s, pid_nr first, unsigned in = 0) {
    for (unsigned t = 0; t < s.threads.size(); ++t)
        s.threads[t].holds = {{.nr = first + static_cast<pid_nr>(t), .in = in}};
}

/// Calls of one thread, one after another.
class calls_of_thread {
public:
    explicit calls_of_thread(script_thread& of) : does_(of.does) {}

    calls_of_thread& add(script_call::kind what, unsigned which = 0, unsigned in = 0) {
        does_.push_back({.what = what, .which = which, .in = in});
        return *this;
    }
    /// Allocates a pid and frees it, `times` over. \param kept  Pids that it has all the while.
    calls_of_thread& turns(unsigned times, unsigned kept, unsigned in = 0) {
        using enum script_call::kind;
        for (unsigned n = 0; n < times; ++n) add(alloc, 0, in).add(free, kept);
        return *this;
    }

private:
    std::vector<script_call>& does_;
};

/// When the resident of `lookup` leaves, and when the threads that hold something under `member`
/// and `reference` drop it. By default, the resident leaves first, and each holder drops it after
/// its last turn.
inline constexpr std::array<std::string_view, 4> who_leaves{"usual", "resident_last",
                                                            "holders_stay", "resident_apart"};
inline constexpr unsigned resident_last = 1;
/// The order in which three threads give up what they hold multiplies the executions by about
/// a thousand, and two threads show all there is to it: the last put against that of a page.
inline constexpr unsigned holders_stay = 2;
/// The resident is not on the page that empties and refills, and is freed last. So when a thread
/// reaches the empty page, the count is exactly 1.
inline constexpr unsigned resident_apart = 3;

/// What is wrong with a variation under a discipline, in one line.
[[nodiscard]] inline std::optional<std::string> refuses_leaving(const pidmap_setting& s) {
    const bool is_lookup = s.how == discipline::lookup;
    if (s.variation == resident_last && !is_lookup)
        return "--variation resident_last is for --discipline lookup";
    if (s.variation == resident_apart && !is_lookup)
        return "--variation resident_apart is for --discipline lookup";
    if (s.variation == holders_stay && is_lookup)
        return "--variation holders_stay is for --discipline member and reference";
    return std::nullopt;
}

/// Turns of alloc and free, in which each thread is protected as the discipline requires.
///
/// `member`: a thread holds its own pid, from the start to after its last turn. `reference`: it has
/// a reference for as long. `lookup`: it has nothing, and finds the namespace in a table. One pid,
/// the resident, keeps the namespace at first; thread 1 frees it, as its first turn or after its
/// last. No other reference is left, so the last one out releases the namespace. Only in the
/// variation `holders_stay` are a thread's own pid and reference given up after all threads have
/// ended.
inline void take_turns(script& s, const pidmap_setting& setting) {
    using enum script_call::kind;
    for (script_thread& one : s.threads) {
        calls_of_thread does(one);
        const bool holds = !one.holds.empty();
        const bool stays = setting.variation == holders_stay && setting.how != discipline::lookup;
        switch (setting.how) {
            case discipline::member:
                does.turns(setting.turns, 1);
                if (!stays) does.add(free);
                break;
            case discipline::reference:
                does.turns(setting.turns, 0);
                if (!stays) does.add(put);
                break;
            case discipline::lookup:
                if (!holds) {
                    does.turns(setting.turns, 0);
                } else if (setting.variation == resident_last ||
                           setting.variation == resident_apart) {
                    does.turns(setting.turns, 1).add(free);
                } else {
                    does.add(free).turns(setting.turns - 1, 0);
                }
                break;
        }
    }
}

}  // namespace pidmap_stress::explore
