#include "harness/programs/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace pidmap_stress::explore {
namespace {

constexpr std::string_view letters = "afgp";  // In the order of script_call::kind.

[[nodiscard]] std::string to_text(const script_thread& thread) {
    std::string text;
    if (thread.is_creator) text += 'c';
    for (const pid_nr nr : thread.holds) text += fmt::format("{}{}", text.empty() ? "" : ",", nr);
    text += '=';
    for (const script_call& call : thread.does) {
        text += letters[static_cast<std::size_t>(call.what)];
        if (call.what == script_call::kind::free) text += fmt::format("{}", call.which);
    }
    return text;
}

/// Takes the text up to `end`, or all of it if there is none.
[[nodiscard]] std::string_view next_part(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

[[nodiscard]] std::optional<int> to_number(std::string_view text) {
    int number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc{} || stop != end || number < 0) return std::nullopt;
    return number;
}
[[nodiscard]] std::optional<int> to_number(std::string_view text, std::string_view before) {
    if (!text.starts_with(before)) return std::nullopt;
    return to_number(text.substr(before.size()));
}

[[nodiscard]] std::optional<script_thread> parse_thread(std::string_view text) {
    const std::size_t at = text.find('=');
    if (at == std::string_view::npos) return std::nullopt;
    script_thread thread;
    for (std::string_view pids = text.substr(0, at); !pids.empty();) {
        const std::string_view part = next_part(pids, ',');
        if (part == "c" && !thread.is_creator && thread.holds.empty()) {
            thread.is_creator = true;
            continue;
        }
        const auto nr = to_number(part);
        if (!nr) return std::nullopt;
        thread.holds.push_back(*nr);
    }
    std::string_view calls = text.substr(at + 1);
    while (!calls.empty()) {
        const std::size_t kind = letters.find(calls.front());
        if (kind == std::string_view::npos) return std::nullopt;
        calls.remove_prefix(1);
        script_call call{.what = static_cast<script_call::kind>(kind)};
        if (call.what == script_call::kind::free) {
            const auto which = to_number(calls.substr(0, 1));
            if (!which) return std::nullopt;
            call.which = static_cast<unsigned>(*which);
            calls.remove_prefix(1);
        }
        thread.does.push_back(call);
    }
    return thread;
}

[[nodiscard]] std::optional<std::string> why_not(const script_thread& thread, unsigned number) {
    if (thread.does.size() > most_script_calls)
        return fmt::format("thread {} makes {} calls; {} are the most", number, thread.does.size(),
                           most_script_calls);
    for (const script_call& call : thread.does)
        if (call.which > 9)
            return fmt::format("thread {} frees pid {} of its own; they are 0 to 9", number,
                               call.which);
    return std::nullopt;
}

[[nodiscard]] std::string in_words(const script_call& call) {
    switch (call.what) {
        case script_call::kind::alloc:
            return "allocates";
        case script_call::kind::free:
            return call.which == 0 ? std::string("frees its oldest pid")
                                   : fmt::format("frees its pid number {}", call.which + 1);
        case script_call::kind::get:
            return "takes a reference";
        case script_call::kind::put:
            return "puts a reference";
    }
    return "?";
}

[[nodiscard]] std::string pids_in_words(const std::vector<pid_nr>& pids) {
    std::string text = pids.size() == 1 ? "pid " : "pids ";
    for (std::size_t i = 0; i < pids.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : i + 1 == pids.size() ? " and " : ", ", pids[i]);
    return text;
}

}  // namespace

std::optional<std::string> why_not(const script& s) {
    if (s.bits != 2 && s.bits != 4 && s.bits != 8)
        return fmt::format("pages of {} pids are not built; there are 2, 4 and 8", s.bits);
    const auto end = static_cast<pid_nr>(script_pages * s.bits);
    if (s.pid_max < 2 || s.pid_max > end)
        return fmt::format("pid_max {} is out of range; it must be 2 to {}", s.pid_max, end);
    if (s.last < 0 || s.last >= s.pid_max)
        return fmt::format("last {} is out of range; it must be 0 to {}", s.last, s.pid_max - 1);
    if (s.threads.empty() || s.threads.size() > most_script_threads)
        return fmt::format("{} threads are out of range; there are 1 to {}", s.threads.size(),
                           most_script_threads);
    if (std::ranges::count(s.threads, true, &script_thread::is_creator) > 1)
        return "two threads are the creator; at most one is";
    std::set<pid_nr> held;
    for (unsigned t = 0; t < s.threads.size(); ++t) {
        if (auto wrong = why_not(s.threads[t], t + 1)) return wrong;
        for (const pid_nr nr : s.threads[t].holds) {
            if (nr < 1 || nr > s.last)
                return fmt::format("pid {} is held and was never handed out; those are 1 to {}", nr,
                                   s.last);
            if (!held.insert(nr).second) return fmt::format("pid {} is held twice", nr);
        }
    }
    return std::nullopt;
}

std::string to_string(const script& s) {
    std::string text = fmt::format("{}/calls/{}x{}/max{}/last{}/", to_string(s.how), script_pages,
                                   s.bits, s.pid_max, s.last);
    for (const script_thread& thread : s.threads)
        text += (&thread == &s.threads.front() ? "" : "+") + to_text(thread);
    return text;
}

std::optional<script> parse_script(std::string_view text) {
    const auto how = parse_discipline(next_part(text, '/'));
    const std::string_view kind = next_part(text, '/');
    const std::string_view pages = next_part(text, 'x');
    const auto bits = to_number(next_part(text, '/'));
    const auto pid_max = to_number(next_part(text, '/'), "max");
    const auto last = to_number(next_part(text, '/'), "last");
    if (!how || kind != "calls" || to_number(pages) != static_cast<int>(script_pages) || !bits ||
        !pid_max || !last)
        return std::nullopt;
    script s{.how = *how, .bits = static_cast<unsigned>(*bits), .pid_max = *pid_max, .last = *last};
    for (bool more = true; more;) {
        more = text.find('+') != std::string_view::npos;
        const auto thread = parse_thread(next_part(text, '+'));
        if (!thread) return std::nullopt;
        s.threads.push_back(*thread);
    }
    if (why_not(s)) return std::nullopt;
    return s;
}

std::optional<script> to_script(const pidmap_setting& setting) {
    using enum script_call::kind;
    if (setting.pages != script_pages || setting.bits > 8) return std::nullopt;
    const bool zero = setting.scenario->name == "page_zero";
    if (!zero && setting.scenario->name != "page_boundary") return std::nullopt;
    const auto first = static_cast<pid_nr>(setting.bits);  // Of page 1.
    script s{.how = setting.how,
             .bits = setting.bits,
             .pid_max = static_cast<pid_nr>(script_pages * setting.bits),
             .last = first};
    s.threads.resize(setting.threads);
    if (setting.how == discipline::member) {
        s.last = first + static_cast<pid_nr>(setting.threads) - 1;
        for (unsigned t = 0; t < setting.threads; ++t)
            s.threads[t].holds = {first + static_cast<pid_nr>(t)};
    } else if (setting.how == discipline::lookup) {
        if (zero) s.last = 1;
        const bool apart = setting.scenario->variations[setting.variation] == "resident_apart";
        s.threads[0].holds = {apart ? 1 : s.last};
    } else if (zero) {
        s.threads[0].holds = {first};
    }
    if (zero && setting.how != discipline::lookup) s.pid_max = s.last + 1;
    for (script_thread& one : s.threads) {
        // A resident's own pid is the oldest one: it goes first, or after all others.
        const bool resident = !one.holds.empty();
        const bool first_out =
            resident && (setting.how == discipline::member ||
                         (setting.how == discipline::lookup && setting.variation == 0));
        const bool goes_first = first_out && setting.how == discipline::lookup;
        if (goes_first) one.does.push_back({.what = free});  // That is its first turn.
        for (unsigned turn = goes_first ? 1 : 0; turn < setting.turns; ++turn) {
            one.does.push_back({.what = alloc});
            one.does.push_back({.what = free, .which = resident && !first_out ? 1U : 0U});
        }
        if (resident && (!first_out || setting.how == discipline::member))
            one.does.push_back({.what = free});
        if (setting.how == discipline::reference) one.does.push_back({.what = put});
    }
    return s;
}

std::optional<script> from_nothing(const script& s) {
    if (std::ranges::any_of(s.threads, &script_thread::is_creator)) return std::nullopt;
    std::set<pid_nr> held;
    for (const script_thread& one : s.threads) held.insert(one.holds.begin(), one.holds.end());
    script all = s;
    all.last = 0;
    for (script_thread& one : all.threads) one.holds.clear();
    std::vector<script_call> before(static_cast<std::size_t>(s.last));
    unsigned kept = 0;
    for (pid_nr nr = 1; nr <= s.last; ++nr) {
        if (held.contains(nr))
            ++kept;  // It is older than the next ones that go.
        else
            before.push_back({.what = script_call::kind::free, .which = kept});
    }
    before.push_back({.what = script_call::kind::put});
    script_thread& first = all.threads.front();
    first.is_creator = true;
    first.does.insert(first.does.begin(), before.begin(), before.end());
    if (why_not(all)) return std::nullopt;
    return all;
}

std::optional<script> on_smaller_pages(const script& s, unsigned bits) {
    script small = s;
    small.bits = bits;
    const auto old_page = static_cast<pid_nr>(s.bits);
    const auto new_page = static_cast<pid_nr>(bits);
    std::set<pid_nr> held;
    for (const script_thread& one : s.threads) held.insert(one.holds.begin(), one.holds.end());
    const auto to_small = [&](pid_nr nr) {
        const bool behind = nr >= old_page;
        const auto before = std::ranges::count_if(
            held, [&](pid_nr other) { return other < nr && (other >= old_page) == behind; });
        return static_cast<pid_nr>(before) + (behind ? new_page : 1);
    };
    small.last = s.last >= old_page ? new_page : std::min(s.last, 1);
    for (script_thread& one : small.threads)
        for (pid_nr& nr : one.holds) {
            const bool on_page_zero = nr < old_page;
            nr = to_small(nr);
            if (on_page_zero && nr >= new_page) return std::nullopt;
            small.last = std::max(small.last, nr);
        }
    const bool full = s.pid_max == s.last + 1;
    small.pid_max = full ? small.last + 1 : static_cast<pid_nr>(script_pages * bits);
    if (small.bits >= s.bits || why_not(small)) return std::nullopt;
    return small;
}

std::string describe(const script& s) {
    std::string text = fmt::format(
        "{} pages of {} pids, pid_max {}; {}.", script_pages, s.bits, s.pid_max,
        s.last == 0   ? std::string("no pid was ever handed out")
        : s.last == 1 ? std::string("pid 1 was handed out, and freed again if nobody holds it")
                      : fmt::format("pids 1 to {} were handed out, and those that nobody holds "
                                    "freed again",
                                    s.last));
    for (unsigned t = 0; t < s.threads.size(); ++t) {
        const script_thread& one = s.threads[t];
        text += fmt::format(" Thread {}", t + 1);
        if (!one.holds.empty()) text += fmt::format(", which holds {},", pids_in_words(one.holds));
        if (one.is_creator) text += " has the creator's reference, and";
        if (s.how == discipline::reference) text += " has a reference of its own, and";
        for (std::size_t i = 0; i < one.does.size(); ++i)
            text += fmt::format("{} {}",
                                i == 0                     ? ""
                                : i + 1 == one.does.size() ? " and"
                                                           : ",",
                                in_words(one.does[i]));
        text += one.does.empty() ? " does nothing." : ".";
    }
    return text;
}

}  // namespace pidmap_stress::explore
