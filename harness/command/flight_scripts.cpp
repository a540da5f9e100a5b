#include "harness/command/flight_scripts.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

namespace pidmap_stress {
namespace {

using explore::script;
using explore::script_call;
using explore::script_thread;
using kind = flight_event::kind;

/// What one worker did in the namespace, since it was made, on one page.
struct flight {
    std::size_t worker = 0;
    std::vector<flight_event> calls{};
};

[[nodiscard]] bool has_pid(const flight_event& one) noexcept {
    return (one.call() == kind::alloc || one.call() == kind::free) && one.pid() > 0;
}

[[nodiscard]] std::vector<flight_event> calls_in(const flight_log& log, std::uint16_t ns) {
    std::vector<flight_event> calls;
    for (const flight_event& one : log.events) {
        if (one.ns() != ns || one.call() == kind::none || one.call() == kind::round) continue;
        if (one.call() == kind::create)
            calls.clear();  // Another one, of the same number.
        else
            calls.push_back(one);
    }
    return calls;
}

[[nodiscard]] unsigned busiest_page(const std::vector<flight>& flights, unsigned bits_per_page) {
    std::map<unsigned, unsigned> times;
    for (const flight& one : flights)
        for (const flight_event& call : one.calls)
            if (has_pid(call)) ++times[static_cast<unsigned>(call.pid()) / bits_per_page];
    const auto most = std::ranges::max_element(
        times, [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == times.end() ? 0 : most->first;
}

/// A thread whose pids are yet to be given small numbers.
struct draft {
    unsigned holds = 0;  ///< So many pids of the page at the start.
    std::vector<script_call> does{};
};

/// The last `most` calls of a worker, with pids by their place among those that it has.
[[nodiscard]] draft to_draft(const flight& from, std::size_t most) {
    const std::size_t skipped = from.calls.size() - std::min(most, from.calls.size());
    const std::span calls = std::span(from.calls).subspan(skipped);
    // What is freed and was not allocated here, was held before.
    std::vector<pid_nr> own;
    std::vector<pid_nr> came;
    for (const flight_event& call : calls) {
        if (!has_pid(call)) continue;
        const auto at = std::ranges::find(came, call.pid());
        if (call.call() == kind::alloc)
            came.push_back(call.pid());
        else if (at != came.end())
            came.erase(at);
        else
            own.push_back(call.pid());
    }
    draft made{.holds = static_cast<unsigned>(own.size())};
    for (const flight_event& call : calls) {
        switch (call.call()) {
            case kind::alloc:
                made.does.push_back({.what = script_call::kind::alloc});
                if (call.pid() > 0) own.push_back(call.pid());
                break;
            case kind::free: {
                const auto at = std::ranges::find(own, call.pid());
                made.does.push_back({.what = script_call::kind::free,
                                     .which = static_cast<unsigned>(at - own.begin())});
                own.erase(at);
                break;
            }
            case kind::get:
                made.does.push_back({.what = script_call::kind::get});
                break;
            case kind::put:
                made.does.push_back({.what = script_call::kind::put});
                break;
            // Scripts are of one namespace, and know no objects.
            case kind::none:
            case kind::create:
            case kind::round:
            case kind::disable:
            case kind::find:
            case kind::drop:
                break;
        }
    }
    return made;
}

/// How the map may have looked.
struct guess {
    unsigned bits;
    bool full;            ///< No pid behind the last one, as pid_max has it.
    bool closes = false;  ///< In the end, threads free what they have: the trial may have ended.
};

[[nodiscard]] unsigned pids_left(const draft& one) {
    unsigned left = one.holds;
    for (const script_call& call : one.does) {
        if (call.what == script_call::kind::alloc) ++left;
        if (call.what == script_call::kind::free && left > 0) --left;
    }
    return left;
}

/// Gives pids numbers. \return nothing if there is no room.
[[nodiscard]] std::optional<script> to_script(discipline how, std::vector<draft> drafts,
                                              bool on_page_zero, guess state) {
    const auto page_one = static_cast<pid_nr>(state.bits);
    script s{.how = how, .bits = state.bits, .last = 0};
    pid_nr next_here = on_page_zero ? 1 : page_one;
    pid_nr next_anchor = page_one;
    bool anyone = std::ranges::any_of(drafts, [](const draft& one) { return one.holds != 0; });
    for (draft& one : drafts) {
        script_thread thread;
        // The set-up leaves a pid behind, or a namespace that is found in a table would be gone.
        if (how == discipline::lookup && !anyone) {
            for (script_call& call : one.does) ++call.which;
            one.does.push_back({.what = script_call::kind::free});
            one.holds = 1;
            anyone = true;
        }
        // A member has a pid for as long as it calls, and page 0 empties while others are in use.
        const bool anchored =
            how == discipline::member ||
            (how == discipline::reference && on_page_zero && &one == &drafts.front());
        std::vector<pid_nr> own;
        for (unsigned i = 0; i < one.holds; ++i) own.push_back(next_here++);
        if (on_page_zero && next_here > page_one) return std::nullopt;
        if (anchored) {
            pid_nr& next = on_page_zero ? next_anchor : next_here;
            thread.holds.push_back({.nr = next++});
            for (script_call& call : one.does) ++call.which;
        }
        for (const pid_nr nr : own) thread.holds.push_back({.nr = nr});
        thread.does = one.does;
        for (unsigned left = state.closes ? pids_left(one) + (anchored ? 1 : 0) : 0; left > 0;
             --left)
            thread.does.push_back({.what = script_call::kind::free});
        s.threads.push_back(std::move(thread));
    }
    for (script_thread& one : s.threads)
        for (script_call& call : one.does)
            if (call.what != script_call::kind::free) call.which = 0;
    for (const script_thread& one : s.threads)
        for (const explore::script_pid& pid : one.holds) s.last = std::max(s.last, pid.nr);
    if (!on_page_zero) s.last = std::max(s.last, page_one);
    s.pid_max = state.full ? s.last + 1 : s.highest_pid_max();
    if (why_not(s)) return std::nullopt;
    return s;
}

}  // namespace

std::uint16_t busiest_namespace(const std::vector<flight_log>& flights) {
    constexpr std::size_t newest = 8;
    std::map<std::uint16_t, unsigned> times;
    for (const flight_log& log : flights) {
        const std::size_t skipped = log.events.size() - std::min(newest, log.events.size());
        for (const flight_event& one : std::span(log.events).subspan(skipped))
            if (one.call() != kind::none && one.call() != kind::round) ++times[one.ns()];
    }
    const auto most = std::ranges::max_element(
        times, [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == times.end() ? std::uint16_t{0} : most->first;
}

std::vector<script> to_scripts(discipline how, const std::vector<flight_log>& flights,
                               std::uint16_t ns, unsigned bits_per_page) {
    std::vector<flight> all;
    for (const flight_log& log : flights)
        all.push_back({.worker = all.size(), .calls = calls_in(log, ns)});
    const unsigned page = busiest_page(all, bits_per_page);
    for (flight& one : all)
        std::erase_if(one.calls, [&](const flight_event& call) {
            return has_pid(call) && static_cast<unsigned>(call.pid()) / bits_per_page != page;
        });
    std::erase_if(all, [](const flight& one) { return one.calls.empty(); });
    std::ranges::sort(all, {}, [](const flight& one) {  // The busiest ones first.
        return std::pair(-static_cast<std::ptrdiff_t>(one.calls.size()), one.worker);
    });

    std::vector<script> made;
    for (std::size_t threads = 1; threads <= std::min<std::size_t>(3, all.size()); ++threads)
        for (const std::size_t calls : {2U, 3U, 4U, 6U})
            for (const guess state :
                 {guess{2, true}, guess{4, true}, guess{2, false}, guess{4, false},
                  guess{2, true, true}, guess{4, true, true}, guess{4, false, true}}) {
                std::vector<draft> drafts;
                for (std::size_t t = 0; t < threads; ++t) drafts.push_back(to_draft(all[t], calls));
                auto one = to_script(how, std::move(drafts), page == 0, state);
                if (one && std::ranges::find(made, *one) == made.end())
                    made.push_back(std::move(*one));
            }
    return made;
}

}  // namespace pidmap_stress
