#include "harness/explore/pidmap_setting.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace pidmap_stress::explore {
namespace {

constexpr std::array<std::string_view, pidmap_scenario_count> scenario_names{"page_zero",
                                                                             "page_boundary"};

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

std::string_view to_string(pidmap_scenario which) noexcept {
    return scenario_names[static_cast<std::size_t>(which)];
}

std::optional<pidmap_scenario> parse_pidmap_scenario(std::string_view name) noexcept {
    for (std::size_t i = 0; i < scenario_names.size(); ++i)
        if (scenario_names[i] == name) return static_cast<pidmap_scenario>(i);
    return std::nullopt;
}

std::optional<std::string> why_not(const pidmap_setting& s) {
    if (s.threads < 1 || s.threads > most_pidmap_threads)
        return fmt::format("--threads {} is out of range; it must be 1 to {}", s.threads,
                           most_pidmap_threads);
    if (s.rounds < 1 || s.rounds > most_pidmap_rounds)
        return fmt::format("--ops {} is out of range; it must be 1 to {}", s.rounds,
                           most_pidmap_rounds);
    if (s.pages != 2 && s.pages != 3)
        return fmt::format("--pages {} is not built; there are 2 and 3", s.pages);
    if (s.bits != 4 && s.bits != 8 && s.bits != 16)
        return fmt::format("--bits {} is not built; there are 4, 8 and 16", s.bits);
    // Page 0 must stay out of it, so the pids of the pages behind it must do.
    const unsigned needed = s.threads * (s.rounds + 1);
    const unsigned there = (s.pages - 1) * s.bits;
    if (s.scenario == pidmap_scenario::page_boundary && needed > there)
        return fmt::format("--threads {} --ops {} need {} pids behind page 0, and there are {}",
                           s.threads, s.rounds, needed, there);
    if (s.scenario == pidmap_scenario::page_zero && s.threads > s.bits - 1)
        return fmt::format("--threads {} need a larger page than --bits {}", s.threads, s.bits);
    return std::nullopt;
}

std::optional<std::string> why_not(const explored_variant& variant, const pidmap_setting& s) {
    const pidmap_setting usual;
    if (variant.usual_size_only && (s.pages != usual.pages || s.bits != usual.bits))
        return fmt::format(
            "--pages {} --bits {} are not built for {}, a mutant; there are {} and {}", s.pages,
            s.bits, variant.info->name, usual.pages, usual.bits);
    return why_not(s);
}

std::string to_string(const pidmap_setting& s) {
    return fmt::format("{}/{}/{}x{}/{}x{}{}", to_string(s.how), to_string(s.scenario), s.threads,
                       s.rounds, s.pages, s.bits,
                       s.resident == resident_leaves::last ? "/last" : "");
}

std::optional<pidmap_setting> parse_pidmap_setting(std::string_view text) {
    pidmap_setting s;
    if (text.ends_with("/last")) {
        s.resident = resident_leaves::last;
        text.remove_suffix(5);
    }
    const auto how = cut(text, '/');
    const auto scenario = cut(text, '/');
    const auto threads = to_number(cut(text, 'x'));
    const auto rounds = to_number(cut(text, '/'));
    const auto pages = to_number(cut(text, 'x'));
    const auto bits = to_number(text);
    if (!how || !scenario || !threads || !rounds || !pages || !bits) return std::nullopt;
    const auto known_how = parse_discipline(*how);
    const auto known_scenario = parse_pidmap_scenario(*scenario);
    if (!known_how || !known_scenario) return std::nullopt;
    s.how = *known_how;
    s.scenario = *known_scenario;
    s.threads = *threads;
    s.rounds = *rounds;
    s.pages = *pages;
    s.bits = *bits;
    if (why_not(s)) return std::nullopt;
    return s;
}

const explored_variant* find_explored_variant(std::string_view name) noexcept {
    for (const std::span<const explored_variant> list : {explored_variants(), explored_mutants()})
        for (const explored_variant& one : list)
            if (one.info->name == name) return &one;
    return nullptr;
}

}  // namespace pidmap_stress::explore
