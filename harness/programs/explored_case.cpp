#include "harness/programs/explored_case.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "harness/explorer/replay/token.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr char separator = ':';

/// "stopped-1-after-5".
[[nodiscard]] std::optional<freeze_point> parse_freeze_point(std::string_view text) {
    constexpr std::string_view stopped = "stopped-";
    constexpr std::string_view after = "-after-";
    const std::size_t at = text.find(after);
    if (!text.starts_with(stopped) || at == std::string_view::npos) return std::nullopt;
    const auto number = [](std::string_view digits) -> std::optional<unsigned> {
        unsigned n = 0;
        const char* const end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, n);
        if (error != std::errc{} || stop != end) return std::nullopt;
        return n;
    };
    const auto thread = number(text.substr(stopped.size(), at - stopped.size()));
    const auto steps = number(text.substr(at + after.size()));
    if (!thread || !steps || *thread == 0) return std::nullopt;
    return freeze_point{.thread = *thread, .after = *steps};
}

/// Takes the text behind the last '/', or all of it.
[[nodiscard]] std::string_view take_last(std::string_view& text) {
    const std::size_t at = text.rfind('/');
    if (at == std::string_view::npos) return std::exchange(text, {});
    const std::string_view part = text.substr(at + 1);
    text = text.substr(0, at);
    return part;
}

}  // namespace

std::optional<explored_case> parse_case(std::string_view text) {
    explored_case what;
    std::string_view last = take_last(text);
    what.shows = parse_defect(last);
    if (what.shows) last = take_last(text);
    if (last.starts_with("stopped-")) {
        const auto stops = parse_freeze_point(last);
        if (!stops) return std::nullopt;
        what.freeze = *stops;
        last = take_last(text);
    }
    const auto under = parse_model(last);
    const std::size_t at = text.find('/');
    if (!under || at == std::string_view::npos) return std::nullopt;
    what.model = *under;
    what.variant = find_explored_variant(text.substr(0, at));
    if (what.variant == nullptr) return std::nullopt;
    text.remove_prefix(at + 1);
    if (auto calls = parse_script(text)) {
        what.calls = std::move(calls);
    } else {
        const auto setting = parse_pidmap_setting(text);
        if (!setting) return std::nullopt;
        what.setting = *setting;
    }
    if (why_not(what)) return std::nullopt;
    return what;
}

namespace {

[[nodiscard]] std::uint32_t configuration(const explored_case& what, std::string_view build) {
    return hash_configuration(hash_configuration(0, to_string(what)), build);
}

}  // namespace

std::optional<defect> broken_by(const finding& f) noexcept {
    if (f.broken) return *f.broken;
    switch (f.kind) {
        case finding_kind::data_race:
            return invariant::reuse_happens_after;
        case finding_kind::use_after_free:
            return invariant::no_use_after_release;
        case finding_kind::double_free:
            return invariant::released_once;
        case finding_kind::leak:
            return invariant::nothing_leaked;
        case finding_kind::deadlock:
        case finding_kind::livelock:
        case finding_kind::progress:
            return invariant::progress;
        case finding_kind::crash:
            return defect::crash();
        case finding_kind::assertion:
        case finding_kind::exception:
        case finding_kind::not_deterministic:
            break;
    }
    return std::nullopt;
}

std::string to_string(const explored_case& what) {
    std::string text = fmt::format("{}/{}/{}", what.variant->info->name,
                                   what.calls ? to_string(*what.calls) : to_string(what.setting),
                                   to_string(what.model));
    if (what.freeze.thread != 0)
        text += fmt::format("/stopped-{}-after-{}", what.freeze.thread, what.freeze.after);
    if (what.shows) text += fmt::format("/{}", to_string(*what.shows));
    return text;
}

options options_of(const explored_case& what, options how) {
    how.model = what.model;
    how.freeze = what.freeze;
    return how;
}

std::optional<std::string> why_not(const explored_case& what) {
    if (auto wrong =
            what.calls ? why_not(*what.variant, *what.calls) : why_not(*what.variant, what.setting))
        return wrong;
    if (what.freeze.thread > what.program().threads.size())
        return fmt::format("there is no thread {} to stop", what.freeze.thread);
    return std::nullopt;
}

std::string make_token(const explored_case& what, const schedule& choices, std::string_view build) {
    return to_string(what) + separator +
           to_string(
               schedule_token{.configuration = configuration(what, build), .choices = choices});
}

std::optional<case_token> parse_case_token(std::string_view text, std::string_view build) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    const auto of = parse_case(text.substr(0, at));
    auto token = parse_token(text.substr(at + 1));
    if (!of || !token) return std::nullopt;
    return case_token{.of = *of,
                      .choices = std::move(token->choices),
                      .same_build = token->configuration == configuration(*of, build)};
}

}  // namespace pidmap_stress::explore
