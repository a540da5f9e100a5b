// A trace as a sequence diagram of Mermaid, which issue trackers draw.

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "harness/programs/trace/trace.hpp"

namespace pidmap_stress::explore {
namespace {

/// Text as Mermaid takes it: what would end a statement, begin a comment or an entity, or be HTML,
/// is spelled as an entity.
[[nodiscard]] std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '#':
            case ';':
            case '<':
            case '>':
            case '&':
            case '%':
            case '"':
            case '{':
            case '}':
                out += fmt::format("#{};", static_cast<int>(c));
                break;
            case '\n':
                out += "<br/>";
                break;
            default:
                out += c;
        }
    }
    return out;
}

}  // namespace

std::string to_mermaid(const trace& seen, bool full) {
    // A line that begins with %% is a comment; it must hold no braces.
    std::string text = "sequenceDiagram\n";
    text += fmt::format("    %% {}\n", escaped(seen.command));
    for (unsigned t = 1; t <= seen.threads; ++t)
        text += fmt::format("    participant T{} as thread {}\n", t, t);
    text += "    participant N as namespace\n";
    constexpr std::string_view all = "T1,N";  // From the first to the last.
    text += fmt::format("    Note over {}: {}<br/>{}\n", all, escaped(seen.headline),
                        escaped(seen.in_words));
    for (const std::string& one : seen.broken_at_first)
        text += fmt::format("    Note over {}: BROKEN before any step: {}\n", all, escaped(one));
    for (const trace_row& row : seen.rows) {
        if (!row.matters && !full) continue;
        const step& s = row.what;
        const std::string label = s.label.empty() ? "" : s.label + ": ";
        const std::string from =
            s.read_from ? fmt::format(", from step {}", *s.read_from) : std::string{};
        text += fmt::format("    T{}->>N: {}. {}{}{}\n", s.thread, s.number, escaped(label),
                            escaped(row.text), from);
        for (const std::string& one : row.broken)
            text += fmt::format("    Note over T{},N: BROKEN {}\n", s.thread, escaped(one));
    }
    for (const std::string& one : seen.broken_in_the_end(full))
        text += fmt::format("    Note over {}: when all is done, BROKEN {}\n", all, escaped(one));
    return text;
}

}  // namespace pidmap_stress::explore
