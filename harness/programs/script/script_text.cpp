// A script as text, and text as a script.

#include <fmt/format.h>

#include <charconv>

#include "harness/programs/script/script.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr std::string_view letters = "afgpnxbolikdm";  // In the order of script_call::kind.
static_assert(letters.size() == script_call::kinds);

constexpr char creator = 'c';

[[nodiscard]] std::string at(unsigned in) {
    return in == 0 ? "" : fmt::format("@{}", in);
}

/// This many equal calls in a row, or more, are written as one.
constexpr std::size_t many = 4;

[[nodiscard]] std::string to_text(const script_call& call) {
    std::string text(1, letters[static_cast<std::size_t>(call.what)]);
    if (has_number(call.what)) text += fmt::format("{}", call.which);
    return text + at(call.in);
}

/// "aaf0", and "a*15" for 15 equal calls.
[[nodiscard]] std::string to_text(const std::vector<script_call>& calls) {
    std::string text;
    for (std::size_t i = 0; i < calls.size();) {
        std::size_t same = i + 1;
        while (same < calls.size() && calls[same] == calls[i]) ++same;
        const std::size_t times = same - i;
        if (times >= many)
            text += fmt::format("{}*{}", to_text(calls[i]), times);
        else
            for (; i < same; ++i) text += to_text(calls[i]);
        i = same;
    }
    return text;
}

[[nodiscard]] std::string to_text(const script_thread& thread) {
    std::string text;
    if (thread.is_creator) text += creator;
    for (const script_pid& one : thread.holds)
        text += fmt::format("{}{}{}", text.empty() ? "" : ",", one.nr, at(one.in));
    text += '=';
    if (thread.failures != 0) text += fmt::format("~{}", thread.failures);
    return text + to_text(thread.does);
}

/// Takes the text up to `end`, or all of it if `end` does not occur.
[[nodiscard]] std::string_view next_part(std::string_view& text, char end) {
    const std::size_t where = text.find(end);
    const std::string_view part = text.substr(0, where);
    text.remove_prefix(where == std::string_view::npos ? text.size() : where + 1);
    return part;
}

/// Takes the digits at the start of the text. \return nothing if there are none, or too many.
[[nodiscard]] std::optional<unsigned> next_number(std::string_view& text) {
    unsigned number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    return number;
}

/// Takes `before` and a number behind it, which must be all there is.
[[nodiscard]] std::optional<pid_nr> to_number(std::string_view text, std::string_view before = "") {
    if (!text.starts_with(before)) return std::nullopt;
    text.remove_prefix(before.size());
    const auto number = next_number(text);
    if (!number || !text.empty() || *number > 1000) return std::nullopt;
    return static_cast<pid_nr>(*number);
}

/// Takes a namespace, "@1"; without one, it is namespace 0.
[[nodiscard]] std::optional<unsigned> next_namespace(std::string_view& text) {
    if (!text.starts_with('@')) return 0;
    text.remove_prefix(1);
    const auto number = next_number(text);
    return number == 0U ? std::nullopt : number;  // That is written without.
}

[[nodiscard]] std::optional<std::vector<script_call>> parse_calls(std::string_view text) {
    std::vector<script_call> calls;
    while (!text.empty()) {
        const std::size_t kind = letters.find(text.front());
        if (kind == std::string_view::npos) return std::nullopt;
        text.remove_prefix(1);
        script_call call{.what = static_cast<script_call::kind>(kind)};
        if (has_number(call.what)) {
            const auto which = next_number(text);
            if (!which) return std::nullopt;
            call.which = *which;
        }
        const auto in = next_namespace(text);
        if (!in) return std::nullopt;
        call.in = *in;
        std::size_t times = 1;
        if (text.starts_with('*')) {
            text.remove_prefix(1);
            const auto given = next_number(text);
            if (!given || *given < many || *given > most_set_up_calls) return std::nullopt;
            times = *given;
        }
        calls.insert(calls.end(), times, call);
    }
    return calls;
}

[[nodiscard]] std::optional<script_thread> parse_thread(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    script_thread thread;
    for (std::string_view pids = text.substr(0, equals); !pids.empty();) {
        std::string_view part = next_part(pids, ',');
        if (part == std::string_view(&creator, 1) && !thread.is_creator && thread.holds.empty()) {
            thread.is_creator = true;
            continue;
        }
        const auto nr = next_number(part);
        const auto in = next_namespace(part);
        if (!nr || !in || !part.empty()) return std::nullopt;
        thread.holds.push_back({.nr = static_cast<pid_nr>(*nr), .in = *in});
    }
    text.remove_prefix(equals + 1);
    if (text.starts_with('~')) {
        text.remove_prefix(1);
        const auto failures = next_number(text);
        if (!failures || *failures == 0) return std::nullopt;
        thread.failures = *failures;
    }
    auto calls = parse_calls(text);
    if (!calls) return std::nullopt;
    thread.does = std::move(*calls);
    return thread;
}

}  // namespace

std::string to_string(const script& s) {
    std::string text = fmt::format("{}/calls/{}x{}", to_string(s.how), s.pages, s.bits);
    if (s.reserved != 1) text += fmt::format("r{}", s.reserved);
    text += fmt::format("/max{}/last{}", s.pid_max, s.last);
    if (!s.before.empty()) text += "!" + to_text(s.before);
    text += '/';
    for (const script_thread& thread : s.threads)
        text += (&thread == &s.threads.front() ? "" : "+") + to_text(thread);
    return text;
}

std::optional<script> parse_script(std::string_view text) {
    const auto how = parse_discipline(next_part(text, '/'));
    if (!how || next_part(text, '/') != "calls") return std::nullopt;
    std::string_view size = next_part(text, '/');
    const auto pages = to_number(next_part(size, 'x'));
    const auto bits = to_number(next_part(size, 'r'));
    const auto reserved = size.empty() ? std::optional<pid_nr>(1) : to_number(size);
    const auto pid_max = to_number(next_part(text, '/'), "max");
    std::string_view start = next_part(text, '/');
    const auto last = to_number(next_part(start, '!'), "last");
    auto before = parse_calls(start);
    if (!pages || !bits || !reserved || !pid_max || !last || !before) return std::nullopt;
    script s{.how = *how,
             .pages = static_cast<unsigned>(*pages),
             .bits = static_cast<unsigned>(*bits),
             .reserved = *reserved,
             .pid_max = *pid_max,
             .last = *last,
             .before = std::move(*before)};
    for (bool more = true; more;) {
        more = text.find('+') != std::string_view::npos;
        auto thread = parse_thread(next_part(text, '+'));
        if (!thread) return std::nullopt;
        s.threads.push_back(std::move(*thread));
    }
    if (why_not(s)) return std::nullopt;
    return s;
}

}  // namespace pidmap_stress::explore
