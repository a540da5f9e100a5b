#include "harness/command/confirm_fix.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/duration.hpp"
#include "harness/base/statistics.hpp"

namespace pidmap_stress {
namespace {

template <class Number>
[[nodiscard]] std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A rate, which must be above 0.
[[nodiscard]] std::optional<double> rate_of(std::string_view text) {
    const auto value = number<double>(text);
    if (!value || !std::isfinite(*value) || *value <= 0) return std::nullopt;
    return value;
}

[[nodiscard]] double needed(const bug_rate& bug) {
    if (bug.per == bug_rate::unit::run)
        return static_cast<double>(statistics::runs_to_exclude(bug.rate));
    return statistics::exposure_to_exclude(bug.rate);
}

[[nodiscard]] std::string amount(bug_rate::unit per, double much) {
    switch (per) {
        case bug_rate::unit::run:
            return fmt::format("{:.0f} clean run{}", much, much == 1 ? "" : "s");
        case bug_rate::unit::cpu_hour:
            return fmt::format("{:.3g} CPU hours", much);
        case bug_rate::unit::operation:
            break;
    }
    return fmt::format("{} operations", to_human(much));
}

}  // namespace

std::optional<bug_rate> parse_bug_rate(std::string_view text) {
    bug_rate bug{.given = std::string(text)};
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) {
        const bool percent = text.ends_with('%');
        const auto rate = rate_of(percent ? text.substr(0, text.size() - 1) : text);
        if (!rate) return std::nullopt;
        bug.rate = percent ? *rate / 100 : *rate;
        if (bug.rate > 1) return std::nullopt;
        return bug;
    }
    const std::string_view of = text.substr(slash + 1);
    if (of == "h" || of == "op") {
        const auto rate = rate_of(text.substr(0, slash));
        if (!rate) return std::nullopt;
        bug.per = of == "h" ? bug_rate::unit::cpu_hour : bug_rate::unit::operation;
        bug.rate = *rate;
        return bug;
    }
    const auto k = number<std::uint64_t>(text.substr(0, slash));
    const auto n = number<std::uint64_t>(of);
    if (!k || !n || *k == 0 || *k > *n) return std::nullopt;
    bug.rate = statistics::proportion(*k, *n).low;
    return bug;
}

std::string describe_plan(const bug_rate& bug, unsigned at_once) {
    std::string text = fmt::format("to be 95 % sure that a bug of rate {} is gone takes {}",
                                   bug.given, amount(bug.per, needed(bug)));
    switch (bug.per) {
        case bug_rate::unit::run:
            text += fmt::format(" (--repeat {:.0f})", needed(bug));
            break;
        case bug_rate::unit::cpu_hour: {
            const double minutes = std::ceil(needed(bug) * 60 / at_once);
            text += fmt::format(
                " of the same cells (--duration {:.0f}m, if {} worker{} can run all the time)",
                minutes, at_once, at_once == 1 ? "" : "s");
            break;
        }
        case bug_rate::unit::operation:
            text +=
                fmt::format(" of the same cells (--ops {:.0f} for one)", std::ceil(needed(bug)));
            break;
    }
    return text;
}

std::string describe_confirmation(const bug_rate& bug, const clean_exposure& clean) {
    const double there = bug.per == bug_rate::unit::run        ? static_cast<double>(clean.runs)
                         : bug.per == bug_rate::unit::cpu_hour ? clean.cpu_hours
                                                               : clean.operations;
    if (there >= needed(bug))
        return fmt::format("a bug of rate {} is gone, with 95 % confidence: {}, and {} were needed",
                           bug.given, amount(bug.per, there), amount(bug.per, needed(bug)));
    return fmt::format("not enough to say that a bug of rate {} is gone: {} of {}", bug.given,
                       amount(bug.per, there), amount(bug.per, needed(bug)));
}

}  // namespace pidmap_stress
