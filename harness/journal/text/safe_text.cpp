#include "harness/journal/text/safe_text.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pidmap_stress::journal::safe_text {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

[[nodiscard]] bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

[[nodiscard]] std::string valid_utf8(std::string_view text) {
    // Most text is, and then there is nothing to repair.
    if (std::ranges::all_of(text, is_ascii)) return std::string(text);
    // The library replaces what is not valid when it writes a string, and only then.
    const nlohmann::json quoted = std::string(text);
    const std::string repaired =
        quoted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return nlohmann::json::parse(repaired).get<std::string>();
}

[[nodiscard]] bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7F;
}

/// How many bytes at the beginning are a character that may not be shown; 0: it may.
/// \pre `text` is valid UTF-8 and not empty.
[[nodiscard]] std::size_t forbidden_at_start(std::string_view text) {
    if (is_control(text[0])) return 1;
    // U+0080 to U+009F are control characters too, and U+FFFE and U+FFFF no characters.
    if (text[0] == '\xC2' && static_cast<unsigned char>(text[1]) < 0xA0) return 2;
    if (text.substr(0, 3) == "\xEF\xBF\xBE" || text.substr(0, 3) == "\xEF\xBF\xBF") return 3;
    return 0;
}

[[nodiscard]] bool is_inside_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// The most that can be kept of a text without cutting a character.
[[nodiscard]] std::string_view whole_characters(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && is_inside_character(text[most])) --most;
    return text.substr(0, most);
}

}  // namespace

std::string readable(std::string_view text) {
    const std::string valid = valid_utf8(text);
    std::string out;
    out.reserve(valid.size());
    for (std::string_view rest = valid; !rest.empty();) {
        std::size_t length = 1;
        if (const std::size_t forbidden = forbidden_at_start(rest); forbidden != 0) {
            out += replacement;
            length = forbidden;
        } else if (rest[0] != '\r') {
            out += rest[0];
        } else if (rest.substr(0, 2) != "\r\n") {
            out += '\n';
        }
        rest.remove_prefix(length);
    }
    return out;
}

std::string one_line(std::string_view text, std::size_t most) {
    assert(most >= 3);
    std::string line;
    for (const char c : readable(text)) {
        const bool is_space = c == ' ' || c == '\n' || c == '\t';
        if (!is_space)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    if (!line.empty() && line.back() == ' ') line.pop_back();
    if (line.size() <= most) return line;
    return std::string(whole_characters(line, most - 3)) + "...";
}

std::string clipped(std::string_view text, std::size_t most) {
    assert(most >= 128);
    constexpr std::size_t room_for_note = 80;
    std::string lines = readable(text);
    while (!lines.empty() && lines.back() == '\n') lines.pop_back();
    if (lines.size() <= most) return lines;
    std::string_view kept = whole_characters(lines, most - room_for_note);
    if (const std::size_t end = kept.rfind('\n');
        end != std::string_view::npos && end > kept.size() / 2)
        kept = kept.substr(0, end);
    return fmt::format("{}\n(cut here: {} of {} bytes are left out)", kept,
                       lines.size() - kept.size(), lines.size());
}

}  // namespace pidmap_stress::journal::safe_text
