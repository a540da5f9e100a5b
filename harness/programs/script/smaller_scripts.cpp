#include "harness/programs/script/smaller_scripts.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace pidmap_stress::explore {
namespace {

using enum script_call::kind;

/// Where a call stands: thread 0 is the set-up.
using call_place = std::pair<std::size_t, std::size_t>;

[[nodiscard]] std::vector<script_call>& calls_of(script& s, std::size_t thread) {
    return thread == 0 ? s.before : s.threads[thread - 1].does;
}
[[nodiscard]] const std::vector<script_call>& calls_of(const script& s, std::size_t thread) {
    return thread == 0 ? s.before : s.threads[thread - 1].does;
}

/// A script without some of its calls. A namespace goes with all calls in it, and with everything
/// below it; the remaining ones are numbered anew.
[[nodiscard]] script without(const script& s, const std::set<call_place>& gone) {
    script left = s;
    std::vector<std::optional<unsigned>> number{0U};  // By the number that it had.
    unsigned next = 1;
    for (std::size_t t = 0; t <= s.threads.size(); ++t) {
        std::vector<script_call>& kept = calls_of(left, t);
        kept.clear();
        const std::vector<script_call>& calls = calls_of(s, t);
        for (std::size_t c = 0; c < calls.size(); ++c) {
            const auto in = number[calls[c].in];
            const bool stays = in && !gone.contains({t, c});
            if (calls[c].what == create)
                number.push_back(stays ? std::optional(next++) : std::nullopt);
            if (!stays) continue;
            kept.push_back(calls[c]);
            kept.back().in = *in;
        }
    }
    for (script_thread& one : left.threads) {
        std::erase_if(one.holds, [&](const script_pid& pid) { return !number[pid.in]; });
        for (script_pid& pid : one.holds) pid.in = *number[pid.in];
    }
    return left;
}

/// A script in which pids of some namespaces are pids of those above: what breaks there often
/// breaks without a child too. A thread's references on what it has created go; those that the
/// set-up gave it are on the namespace above.
[[nodiscard]] script without_spaces(const script& s, const std::set<unsigned>& gone) {
    const std::vector<script_namespace> spaces = namespaces_of(s);
    script left = s;
    // By the number that it had: its own, or that of the one above.
    std::vector<unsigned> number{0};
    unsigned next = 1;
    for (std::size_t t = 0; t <= s.threads.size(); ++t) {
        std::vector<script_call>& kept = calls_of(left, t);
        kept.clear();
        for (const script_call& call : calls_of(s, t)) {
            const bool goes = gone.contains(call.in);
            const unsigned in = number[call.in];
            if (call.what == create) {
                const bool stays = !gone.contains(static_cast<unsigned>(number.size()));
                number.push_back(stays ? next++ : in);
                if (!stays) continue;
            }
            const bool is_about_it =
                call.what == get || call.what == put || call.what == close || call.what == abandon;
            if (goes && is_about_it && spaces[call.in].maker != 0) continue;
            kept.push_back(call);
            kept.back().in = in;
        }
    }
    for (script_thread& one : left.threads)
        for (script_pid& pid : one.holds) pid.in = number[pid.in];
    return left;
}

[[nodiscard]] script without_thread(const script& s, std::size_t thread) {
    std::set<call_place> gone;
    for (std::size_t c = 0; c < s.threads[thread].does.size(); ++c) gone.insert({thread + 1, c});
    script left = without(s, gone);
    left.threads.erase(left.threads.begin() + static_cast<std::ptrdiff_t>(thread));
    return left;
}

/// Makes threads free their oldest pid wherever they can: the pid that a call freed may have gone
/// from the script.
[[nodiscard]] script with_plain_frees(script s) {
    for (script_thread& one : s.threads)
        for (script_call& call : one.does)
            if (call.what == free || call.what == find_own || call.what == get_object)
                call.which = 0;
    return s;
}

[[nodiscard]] std::set<pid_nr> all_held(const script& s) {
    std::set<pid_nr> held;
    for (const script_thread& one : s.threads)
        for (const script_pid& pid : one.holds)
            if (pid.in == 0) held.insert(pid.nr);
    return held;
}

}  // namespace

std::vector<script> smaller_ones(const script& s) {
    std::vector<script> all;
    const auto add = [&](script smaller) {
        // With no call at all there would be no execution to show.
        if (smaller != s && smaller.calls() != 0 && !why_not(smaller))
            all.push_back(std::move(smaller));
    };
    for (std::size_t t = s.threads.size(); t-- > 0;) add(without_thread(s, t));
    const std::vector<script_namespace> spaces = namespaces_of(s);
    std::set<unsigned> children;
    for (unsigned in = 1; in < spaces.size(); ++in) children.insert(in);
    if (!children.empty()) add(without_spaces(s, children));
    for (const unsigned in : children) add(without_spaces(s, {in}));
    if (!s.before.empty()) {
        std::set<call_place> every;
        for (std::size_t c = 0; c < s.before.size(); ++c) every.insert({0, c});
        add(without(s, every));
    }
    for (std::size_t t = s.threads.size(); t > 0; --t)
        for (std::size_t c = calls_of(s, t).size(); c-- > 0;) add(without(s, {{t, c}}));
    for (const unsigned bits : {2U, 4U})
        if (auto one = on_smaller_pages(s, bits)) add(std::move(*one));
    if (s.last != 0 && all_held(s).empty()) {
        script one = s;
        one.last = 0;
        add(std::move(one));
    }
    // Pids that the set-up allocates last and frees, or never frees.
    for (std::size_t c = s.before.size(); c-- > 0;) add(without(s, {{0, c}}));
    for (std::size_t t = s.threads.size(); t-- > 0;) {
        for (std::size_t h = s.threads[t].holds.size(); h-- > 0;) {
            script one = s;
            auto& holds = one.threads[t].holds;
            holds.erase(holds.begin() + static_cast<std::ptrdiff_t>(h));
            add(std::move(one));
        }
        script one = s;
        one.threads[t].failures = 0;
        add(std::move(one));
    }
    // Where one call less does not break, two may; or one, where there is more room.
    for (std::size_t t = s.threads.size(); t > 0; --t)
        for (std::size_t c = calls_of(s, t).size(); c-- > 0;) {
            for (std::size_t other = c; other-- > 0;) add(without(s, {{t, c}, {t, other}}));
            script one = without(s, {{t, c}});
            one.pid_max = one.highest_pid_max();
            if (one.pid_max != s.pid_max) add(std::move(one));
        }
    add(with_plain_frees(s));
    return all;
}

std::optional<script> from_nothing(const script& s) {
    if (!s.before.empty() || std::ranges::any_of(s.threads, &script_thread::is_creator))
        return std::nullopt;
    const std::set<pid_nr> held = all_held(s);
    script all = s;
    all.last = 0;
    for (script_thread& one : all.threads) one.holds.clear();
    std::vector<script_call> first_calls(static_cast<std::size_t>(s.last));
    unsigned kept = 0;
    for (pid_nr nr = 1; nr <= s.last; ++nr) {
        if (held.contains(nr))
            ++kept;  // It is older than the next ones that go.
        else
            first_calls.push_back({.what = free, .which = kept});
    }
    first_calls.push_back({.what = put});
    script_thread& first = all.threads.front();
    first.is_creator = true;
    first.does.insert(first.does.begin(), first_calls.begin(), first_calls.end());
    if (why_not(all)) return std::nullopt;
    return all;
}

std::optional<script> on_smaller_pages(const script& s, unsigned bits) {
    if (!s.before.empty() || bits >= s.bits) return std::nullopt;
    for (const script_thread& one : s.threads)
        for (const script_call& call : one.does)
            if (call.what == find || call.what == set_pid_max) return std::nullopt;
    script small = s;
    small.bits = bits;
    const auto old_page = static_cast<pid_nr>(s.bits);
    const auto new_page = static_cast<pid_nr>(bits);
    const std::set<pid_nr> held = all_held(s);
    const auto to_small = [&](pid_nr nr) {
        const bool behind = nr >= old_page;
        const auto before = std::ranges::count_if(
            held, [&](pid_nr other) { return other < nr && (other >= old_page) == behind; });
        return static_cast<pid_nr>(before) + (behind ? new_page : 1);
    };
    small.last = s.last >= old_page ? new_page : std::min(s.last, 1);
    for (script_thread& one : small.threads)
        for (script_pid& pid : one.holds) {
            const bool on_page_zero = pid.nr < old_page;
            pid.nr = to_small(pid.nr);
            if (on_page_zero && pid.nr >= new_page) return std::nullopt;
            small.last = std::max(small.last, pid.nr);
        }
    const bool full = s.pid_max == s.last + 1;
    small.pid_max = full ? small.last + 1 : small.highest_pid_max();
    if (small.pid_max <= small.reserved || why_not(small)) return std::nullopt;
    return small;
}

}  // namespace pidmap_stress::explore
