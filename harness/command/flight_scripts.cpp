#include "harness/command/flight_scripts.hpp"

#include <algorithm>
#include <functional>
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

/// Whether a call is about objects, and not only about numbers.
[[nodiscard]] bool is_of_objects(const flight_event& one) noexcept {
    return one.call() == kind::find || one.call() == kind::drop;
}

[[nodiscard]] std::vector<flight_event> calls_in(const flight_log& log, std::uint16_t ns) {
    std::vector<flight_event> calls;
    for (const flight_event& one : log.events) {
        if (one.ns() != ns || one.call() == kind::none || one.call() == kind::round) continue;
        if (one.call() == kind::create)
            calls.clear();  // Another namespace of the same number.
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

/// A thread whose pids have yet to be given small numbers.
struct draft {
    std::vector<pid_nr> holds{};  ///< At the start, oldest first; by the numbers that they had.
    std::vector<script_call> does{};
};

/// The last `most` calls of a worker, with pids by their place among those that it has.
[[nodiscard]] draft to_draft(const flight& from, std::size_t most, bool has_objects) {
    const std::size_t skipped = from.calls.size() - std::min(most, from.calls.size());
    const std::span calls = std::span(from.calls).subspan(skipped);
    // A pid that is freed and was not allocated here was held before.
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
    draft made{.holds = own};
    const auto add = [&made](script_call::kind what, std::ptrdiff_t which = 0) {
        made.does.push_back({.what = what, .which = static_cast<unsigned>(which)});
    };
    for (const flight_event& call : calls) {
        const auto at = std::ranges::find(own, call.pid());
        switch (call.call()) {
            case kind::alloc:
                add(has_objects ? script_call::kind::make : script_call::kind::alloc);
                if (call.pid() > 0) own.push_back(call.pid());
                break;
            case kind::free:
                if (at == own.end()) break;
                add(script_call::kind::free, at - own.begin());
                own.erase(at);
                break;
            case kind::get:
                add(script_call::kind::get);
                break;
            case kind::put:
                add(script_call::kind::put);
                break;
            case kind::disable:
                add(script_call::kind::close);
                break;
            case kind::find:
                // A pid that another thread has is named by its number, which has yet to be given.
                if (at != own.end())
                    add(script_call::kind::find_own, at - own.begin());
                else
                    add(script_call::kind::find, call.pid());
                break;
            case kind::drop:
                add(script_call::kind::put_object);
                break;
            case kind::none:
            case kind::create:
            case kind::round:
                break;
        }
    }
    return made;
}

/// What the map may have looked like.
struct guess {
    unsigned bits;
    bool full;            ///< No pid behind the last one, as pid_max has it.
    bool closes = false;  ///< In the end, threads free what they have: the trial may have ended.
};

[[nodiscard]] unsigned pids_left(const draft& one) {
    auto left = static_cast<unsigned>(one.holds.size());
    for (const script_call& call : one.does) {
        if (call.what == script_call::kind::alloc || call.what == script_call::kind::make) ++left;
        if (call.what == script_call::kind::free && left > 0) --left;
    }
    return left;
}

/// There is one pid more, which is the oldest.
void shift(draft& one) {
    for (script_call& call : one.does)
        if (call.what == script_call::kind::free || call.what == script_call::kind::find_own)
            ++call.which;
}

/// Gives numbers to pids. \return nothing if there is no room.
[[nodiscard]] std::optional<script> to_script(discipline how, std::vector<draft> drafts,
                                              bool on_page_zero, guess state) {
    const auto page_one = static_cast<pid_nr>(state.bits);
    script s{.how = how, .bits = state.bits, .last = 0};
    pid_nr next_here = on_page_zero ? 1 : page_one;
    pid_nr next_anchor = page_one;
    bool anyone = std::ranges::any_of(drafts, [](const draft& one) { return !one.holds.empty(); });
    for (draft& one : drafts) {
        script_thread thread;
        // The set-up leaves a pid behind; otherwise a namespace that is found in a table would be
        // gone.
        if (how == discipline::lookup && !anyone) {
            shift(one);
            one.does.push_back({.what = script_call::kind::free});
            one.holds = {0};
            anyone = true;
        }
        // A member has a pid for as long as it calls, and page 0 empties while others are in use.
        const bool anchored =
            how == discipline::member ||
            (how == discipline::reference && on_page_zero && &one == &drafts.front());
        std::vector<pid_nr> own;
        for (std::size_t i = 0; i < one.holds.size(); ++i) own.push_back(next_here++);
        if (on_page_zero && next_here > page_one) return std::nullopt;
        if (anchored) {
            pid_nr& next = on_page_zero ? next_anchor : next_here;
            thread.holds.push_back({.nr = next++});
            shift(one);
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
            if (!has_number(call.what)) call.which = 0;
    for (const script_thread& one : s.threads)
        for (const explore::script_pid& pid : one.holds) s.last = std::max(s.last, pid.nr);
    if (!on_page_zero) s.last = std::max(s.last, page_one);
    s.pid_max = state.full ? s.last + 1 : s.highest_pid_max();
    if (why_not(s)) return std::nullopt;
    return s;
}

/// The same where pids are those of objects: each thread has one from the start, as members have,
/// or has a reference. An object that is looked up belongs to some thread, or did.
[[nodiscard]] std::optional<script> to_object_script(discipline how, std::vector<draft> drafts,
                                                     guess state) {
    using enum script_call::kind;
    script s{.how = how, .bits = state.bits, .last = 0};
    std::map<pid_nr, unsigned> numbers;
    unsigned next = 1;
    for (draft& one : drafts) {
        script_thread thread;
        if (how == discipline::member) {
            thread.holds.push_back({.nr = static_cast<pid_nr>(next++)});
            shift(one);
        }
        for (const pid_nr was : one.holds) {
            numbers.emplace(was, next);
            thread.holds.push_back({.nr = static_cast<pid_nr>(next++)});
        }
        thread.does = one.does;
        s.threads.push_back(std::move(thread));
    }
    s.before.assign(next - 1, {.what = make});
    for (script_thread& one : s.threads) {
        std::erase_if(one.does, [&](const script_call& call) {
            return call.what == find && !numbers.contains(static_cast<pid_nr>(call.which));
        });
        for (script_call& call : one.does) {
            if (call.what == find) call.which = numbers.at(static_cast<pid_nr>(call.which));
            if (!has_number(call.what)) call.which = 0;
        }
        if (state.closes)
            for (std::size_t n = 0; n <= one.holds.size(); ++n) one.does.push_back({.what = free});
    }
    s.pid_max = state.full ? static_cast<pid_nr>(std::max(next, 2U)) : s.highest_pid_max();
    if (why_not(s)) return std::nullopt;
    return s;
}

// --- Children
// -------------------------------------------------------------------------------------

/// What a worker did in a namespace and in those that it created below it, in its last `most`
/// calls. A task in a child has a number at each level, and they were recorded one after another.
[[nodiscard]] script_thread to_family(const flight_log& log, std::uint16_t root, std::size_t most,
                                      bool has_own, unsigned& next) {
    using enum script_call::kind;
    struct child {
        unsigned in = 0;
        unsigned level = 0;
    };
    std::map<std::uint16_t, child> known{{root, {}}};
    std::vector<std::pair<std::uint16_t, pid_nr>> own;
    if (has_own) own.emplace_back(root, 0);
    script_thread made;
    std::vector<flight_event> calls;
    for (const flight_event& one : log.events)
        if (one.call() != kind::none && one.call() != kind::round) calls.push_back(one);
    // From a creation on: what was made before has no beginning here.
    std::size_t from = calls.size() - std::min(most, calls.size());
    while (from < calls.size() && calls[from].call() != kind::create) ++from;
    for (std::size_t i = from; i < calls.size(); ++i) {
        const flight_event& one = calls[i];
        if (one.call() == kind::create) {
            const auto above = known.find(static_cast<std::uint16_t>(one.pid() - 1));
            if (one.pid() == 0 || above == known.end() || above->second.level + 1 >= 3) continue;
            made.does.push_back({.what = create, .in = above->second.in});
            known[one.ns()] = {.in = next++, .level = above->second.level + 1};
            continue;
        }
        const auto at = known.find(one.ns());
        if (at == known.end()) continue;
        const child& in = at->second;
        const auto mine = std::ranges::find(own, std::pair(one.ns(), one.pid()));
        if (one.call() == kind::alloc) {
            made.does.push_back({.what = alloc, .in = in.in});
            if (one.pid() <= 0) continue;
            own.emplace_back(one.ns(), one.pid());
            i += in.level;  // Its numbers above.
        } else if (one.call() == kind::free && mine != own.end()) {
            made.does.push_back({.what = free, .which = static_cast<unsigned>(mine - own.begin())});
            own.erase(mine);
            i += in.level;
        } else if (one.call() == kind::get) {
            made.does.push_back({.what = get, .in = in.in});
        } else if (one.call() == kind::put) {
            made.does.push_back({.what = put, .in = in.in});
        } else if (one.call() == kind::disable) {
            made.does.push_back({.what = close, .in = in.in});
        }
    }
    return made;
}

/// Programs in which workers create children of `root`; empty if no worker did.
void add_families(discipline how, const std::vector<flight_log>& flights, std::uint16_t root,
                  std::vector<script>& to) {
    using enum script_call::kind;
    for (std::size_t threads = 1; threads <= 2; ++threads)
        for (const std::size_t calls : {6U, 10U, 16U})
            for (const bool ends : {false, true}) {
                script s{.how = how, .bits = 4, .pid_max = 8, .last = 0};
                unsigned next = 1;
                for (const flight_log& log : flights) {
                    if (s.threads.size() == threads) break;
                    unsigned after = next;
                    script_thread one =
                        to_family(log, root, calls, how == discipline::member, after);
                    if (after == next) continue;
                    next = after;
                    if (how == discipline::member)
                        one.holds = {{.nr = static_cast<pid_nr>(s.threads.size()) + 1}};
                    for (std::size_t n = 0; ends && n < 3; ++n) one.does.push_back({.what = free});
                    if (ends && how == discipline::reference) one.does.push_back({.what = put});
                    s.threads.push_back(std::move(one));
                }
                if (how == discipline::member) s.last = static_cast<pid_nr>(s.threads.size());
                if (next > 1 && !why_not(s) && std::ranges::find(to, s) == to.end())
                    to.push_back(std::move(s));
            }
}

}  // namespace

std::vector<std::uint16_t> busiest_namespaces(const std::vector<flight_log>& flights,
                                              std::size_t most) {
    constexpr std::size_t newest = 8;
    std::map<std::uint16_t, unsigned> times;
    for (const flight_log& log : flights) {
        const std::size_t skipped = log.events.size() - std::min(newest, log.events.size());
        for (const flight_event& one : std::span(log.events).subspan(skipped))
            if (one.call() != kind::none && one.call() != kind::round) ++times[one.ns()];
    }
    std::vector<std::uint16_t> all;
    for (const auto& [ns, count] : times) all.push_back(ns);
    std::ranges::sort(all, std::greater{},
                      [&](std::uint16_t ns) { return std::pair(times[ns], ns); });
    all.resize(std::min(most, all.size()));
    return all;
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

    const bool has_objects = std::ranges::any_of(
        all, [](const flight& one) { return std::ranges::any_of(one.calls, is_of_objects); });
    std::vector<script> made;
    for (std::size_t threads = 1; threads <= std::min<std::size_t>(3, all.size()); ++threads)
        for (const std::size_t calls : {2U, 3U, 4U, 6U})
            for (const guess state :
                 {guess{2, true}, guess{4, true}, guess{2, false}, guess{4, false},
                  guess{2, true, true}, guess{4, true, true}, guess{4, false, true}}) {
                std::vector<draft> drafts;
                for (std::size_t t = 0; t < threads; ++t)
                    drafts.push_back(to_draft(all[t], calls, has_objects));
                auto one = has_objects ? to_object_script(how, std::move(drafts), state)
                                       : to_script(how, std::move(drafts), page == 0, state);
                if (one && std::ranges::find(made, *one) == made.end())
                    made.push_back(std::move(*one));
            }
    add_families(how, flights, ns, made);
    return made;
}

}  // namespace pidmap_stress
