#include "harness/programs/replayable.hpp"

#include <fmt/format.h>

#include <utility>

#include "harness/explorer/search/token.hpp"

namespace pidmap_stress::explore {
namespace {

[[nodiscard]] std::uint32_t configuration(const script_case& what, std::string_view build) {
    return hash_configuration(hash_configuration(0, to_string(what)), build);
}

/// Cuts what stands behind the last '/'.
[[nodiscard]] std::string_view cut_last(std::string_view& text) {
    const std::size_t at = text.rfind('/');
    if (at == std::string_view::npos) return std::exchange(text, {});
    const std::string_view part = text.substr(at + 1);
    text = text.substr(0, at);
    return part;
}

[[nodiscard]] std::optional<script_case> parse_script_case(std::string_view text) {
    const auto shows = parse_defect(cut_last(text));
    const auto under = parse_model(cut_last(text));
    const std::size_t at = text.find('/');
    if (at == std::string_view::npos) return std::nullopt;
    const auto* const variant = find_explored_variant(text.substr(0, at));
    const auto calls = parse_script(text.substr(at + 1));
    if (!shows || variant == nullptr || !calls || !under || why_not(*variant, *calls))
        return std::nullopt;
    return script_case{.variant = variant, .script = *calls, .model = *under, .shows = *shows};
}

[[nodiscard]] std::string describe(const pidmap_setting& s) {
    return fmt::format(
        "{} thread{}, each of which allocates and frees {} time{}; {}, {} pages of {} pids.",
        s.threads, s.threads == 1 ? "" : "s", s.turns, s.turns == 1 ? "" : "s", s.scenario->name,
        s.pages, s.bits);
}

}  // namespace

std::string to_string(const script_case& what) {
    return fmt::format("{}/{}/{}/{}", what.variant->info->name, to_string(what.script),
                       to_string(what.model), to_string(what.shows));
}

std::string make_token(const script_case& what, const schedule& choices, std::string_view build) {
    return to_string(what) + ":" +
           to_string(
               schedule_token{.configuration = configuration(what, build), .choices = choices});
}

replay_result replayable::replay() const {
    return explore::replay(*runs, choices, {.model = model, .freeze = freeze});
}

std::optional<replayable> open_token(std::string_view token, std::string_view build) {
    const std::size_t at = token.find(':');
    if (at == std::string_view::npos) return std::nullopt;
    replayable opened{.name = std::string(token.substr(0, at)), .token = std::string(token)};
    if (const auto of = parse_script_case(token.substr(0, at))) {
        auto parsed = parse_token(token.substr(at + 1));
        if (!parsed) return std::nullopt;
        opened.in_words = describe(of->script);
        opened.variant = of->variant->info;
        opened.how = of->script.how;
        opened.model = of->model;
        opened.shows = of->shows;
        opened.runs = of->variant->make(of->script);
        opened.choices = std::move(parsed->choices);
        opened.same_build = parsed->configuration == configuration(*of, build);
        return opened;
    }
    auto of = parse_case_token(token, build);
    if (!of) return std::nullopt;
    opened.in_words = describe(of->of.setting);
    opened.variant = of->of.variant->info;
    opened.how = of->of.setting.how;
    opened.model = of->of.model;
    opened.freeze = of->of.freeze;
    opened.shows = of->of.shows;
    opened.runs = of->of.variant->make(of->of.setting);
    opened.choices = std::move(of->choices);
    opened.same_build = of->same_build;
    return opened;
}

}  // namespace pidmap_stress::explore
