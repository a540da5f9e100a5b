#include "harness/explore/pidmap_setting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace pidmap_stress::explore {
namespace {

/// Cuts the text up to `end`, which must be there.
[[nodiscard]] std::optional<std::string_view> cut(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at + 1);
    return part;
}

[[nodiscard]] std::optional<unsigned> to_number(std::optional<std::string_view> text) {
    unsigned number = 0;
    if (!text || text->empty()) return std::nullopt;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

}  // namespace

const explored_scenario* find_explored_scenario(std::string_view name) noexcept {
    for (const explored_scenario* const one : explored_scenarios())
        if (one->name == name) return one;
    return nullptr;
}

std::optional<std::string> why_not(const pidmap_setting& s) {
    const explored_scenario& scenario = *s.scenario;
    if (!scenario.disciplines.contains(s.how))
        return fmt::format("--scenario {} is not for --discipline {}", scenario.name,
                           to_string(s.how));
    if (s.threads < 1 || s.threads > scenario.most_threads)
        return fmt::format("--threads {} is out of range; for {} it must be 1 to {}", s.threads,
                           scenario.name, scenario.most_threads);
    if (s.rounds < 1 || s.rounds > scenario.most_rounds)
        return fmt::format("--ops {} is out of range; for {} it must be 1 to {}", s.rounds,
                           scenario.name, scenario.most_rounds);
    if (s.pages != 2 && s.pages != 3)
        return fmt::format("--pages {} is not built; there are 2 and 3", s.pages);
    if (s.bits != 4 && s.bits != 8)
        return fmt::format("--bits {} is not built; there are 4 and 8", s.bits);
    return scenario.refuses == nullptr ? std::nullopt : scenario.refuses(s);
}

std::string to_string(const pidmap_setting& s) {
    std::string text = fmt::format("{}/{}/{}x{}/{}x{}", to_string(s.how), s.scenario->name,
                                   s.threads, s.rounds, s.pages, s.bits);
    if (s.variation != 0) text += fmt::format("/{}", s.scenario->variations[s.variation]);
    return text;
}

std::optional<pidmap_setting> parse_pidmap_setting(std::string_view text) {
    pidmap_setting s;
    const auto how = parse_discipline(cut(text, '/').value_or(""));
    s.scenario = find_explored_scenario(cut(text, '/').value_or(""));
    const auto threads = to_number(cut(text, 'x'));
    const auto rounds = to_number(cut(text, '/'));
    const auto pages = to_number(cut(text, 'x'));
    const std::size_t at = text.find('/');
    const auto bits = to_number(text.substr(0, at));
    if (!how || s.scenario == nullptr || !threads || !rounds || !pages || !bits)
        return std::nullopt;
    if (at != std::string_view::npos) {
        const auto& known = s.scenario->variations;
        const auto found = std::ranges::find(known, text.substr(at + 1));
        if (found == known.end() || found == known.begin()) return std::nullopt;
        s.variation = static_cast<unsigned>(found - known.begin());
    }
    s.how = *how;
    s.threads = *threads;
    s.rounds = *rounds;
    s.pages = *pages;
    s.bits = *bits;
    if (why_not(s)) return std::nullopt;
    return s;
}

}  // namespace pidmap_stress::explore
