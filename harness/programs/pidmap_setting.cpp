#include "harness/programs/pidmap_setting.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <vector>

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

/// What is wrong with a setting, and the valid range where no other number decides it.
[[nodiscard]] std::optional<std::string> refusal_of(const pidmap_setting& s) {
    const explored_scenario& scenario = *s.scenario;
    if (!scenario.disciplines.contains(s.how))
        return fmt::format("--scenario {} does not run under --discipline {}", scenario.name,
                           to_string(s.how));
    const auto out_of_range = [&scenario](std::string_view option, unsigned value, unsigned most) {
        return fmt::format("{} {} is out of range for --scenario {}; it must be 1 to {}", option,
                           value, scenario.name, most);
    };
    if (s.threads < 1 || s.threads > scenario.most_threads)
        return out_of_range("--threads", s.threads, scenario.most_threads);
    if (s.turns < 1 || s.turns > scenario.most_turns)
        return out_of_range("--turns", s.turns, scenario.most_turns);
    if (s.pages != 2 && s.pages != 3) return fmt::format("--pages {} is not built", s.pages);
    if (s.bits != 4 && s.bits != 8) return fmt::format("--bits {} is not built", s.bits);
    return scenario.refuses == nullptr ? std::nullopt : scenario.refuses(s);
}

/// "; it must be --threads 1 to 3, or --turns 1": the values of each number that would do if
/// everything else stayed as it is. Nothing if no single change is enough.
[[nodiscard]] std::string what_would_do(const pidmap_setting& s) {
    constexpr unsigned most = 8;
    std::string text;
    const auto try_all = [&](std::string_view option, unsigned pidmap_setting::* number) {
        std::vector<unsigned> good;
        for (unsigned n = 1; n <= most; ++n) {
            pidmap_setting other = s;
            other.*number = n;
            if (!refusal_of(other)) good.push_back(n);
        }
        if (good.empty()) return;
        const bool is_range = good.back() - good.front() + 1 == good.size();
        text += fmt::format("{} {} {}", text.empty() ? "; it must be" : ", or", option,
                            good.size() == 1 ? fmt::format("{}", good.front())
                            : is_range       ? fmt::format("{} to {}", good.front(), good.back())
                                             : fmt::format("{}", fmt::join(good, " or ")));
    };
    try_all("--threads", &pidmap_setting::threads);
    try_all("--turns", &pidmap_setting::turns);
    try_all("--pages", &pidmap_setting::pages);
    try_all("--bits", &pidmap_setting::bits);
    return text;
}

}  // namespace

const explored_scenario* find_explored_scenario(std::string_view name) noexcept {
    for (const explored_scenario* const one : explored_scenarios())
        if (one->name == name) return one;
    return nullptr;
}

std::optional<std::string> why_not(const pidmap_setting& s) {
    auto wrong = refusal_of(s);
    if (wrong && wrong->find("; it must be ") == std::string::npos) *wrong += what_would_do(s);
    return wrong;
}

std::string to_string(const pidmap_setting& s) {
    std::string text = fmt::format("{}/{}/{}x{}/{}x{}", to_string(s.how), s.scenario->name,
                                   s.threads, s.turns, s.pages, s.bits);
    if (s.variation != 0) text += fmt::format("/{}", s.scenario->variations[s.variation]);
    return text;
}

std::optional<pidmap_setting> parse_pidmap_setting(std::string_view text) {
    pidmap_setting s;
    const auto how = parse_discipline(cut(text, '/').value_or(""));
    s.scenario = find_explored_scenario(cut(text, '/').value_or(""));
    const auto threads = to_number(cut(text, 'x'));
    const auto turns = to_number(cut(text, '/'));
    const auto pages = to_number(cut(text, 'x'));
    const std::size_t at = text.find('/');
    const auto bits = to_number(text.substr(0, at));
    if (!how || s.scenario == nullptr || !threads || !turns || !pages || !bits) return std::nullopt;
    if (at != std::string_view::npos) {
        const auto& known = s.scenario->variations;
        const auto found = std::ranges::find(known, text.substr(at + 1));
        if (found == known.end() || found == known.begin()) return std::nullopt;
        s.variation = static_cast<unsigned>(found - known.begin());
    }
    s.how = *how;
    s.threads = *threads;
    s.turns = *turns;
    s.pages = *pages;
    s.bits = *bits;
    if (why_not(s)) return std::nullopt;
    return s;
}

}  // namespace pidmap_stress::explore
