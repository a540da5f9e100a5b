#include "harness/explore/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "harness/explore/token.hpp"

namespace pidmap_stress::explore {
namespace {

constexpr char separator = ':';

[[nodiscard]] std::string_view to_string(model which) noexcept {
    return which == model::rc11 ? "rc11" : "sc";
}

[[nodiscard]] std::optional<matrix_case> parse_matrix_case(std::string_view text) {
    const std::size_t first = text.find('/');
    const std::size_t last = text.rfind('/');
    if (first == std::string_view::npos || last <= first) return std::nullopt;
    const std::string_view model_name = text.substr(last + 1);
    const explored_variant* const variant = find_explored_variant(text.substr(0, first));
    const auto setting = parse_pidmap_setting(text.substr(first + 1, last - first - 1));
    if (variant == nullptr || !setting || (model_name != "rc11" && model_name != "sc"))
        return std::nullopt;
    return matrix_case{.variant = variant,
                       .setting = *setting,
                       .model = model_name == "sc" ? model::sc : model::rc11};
}

[[nodiscard]] std::uint32_t configuration(const matrix_case& what, std::string_view build) {
    return hash_configuration(hash_configuration(0, to_string(what)), build);
}

/// How much of all executions were seen.
[[nodiscard]] std::string extent(const result& r) {
    if (r.complete) return "complete";
    std::string text = r.bound ? fmt::format("up to {} preemptions", *r.bound) : "sampled";
    if (r.truncated) text = "truncated" + (r.bound ? ", " + text : std::string{});
    return text;
}

}  // namespace

std::optional<invariant> broken_by(const finding& f) noexcept {
    if (f.broken) return f.broken;
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
        case finding_kind::assertion:
        case finding_kind::exception:
        case finding_kind::not_deterministic:
            break;
    }
    return std::nullopt;
}

std::string to_string(const matrix_case& what) {
    return fmt::format("{}/{}/{}", what.variant->info->name, to_string(what.setting),
                       to_string(what.model));
}

bool cell_verdict::as_expected() const noexcept {
    const bool sane = std::ranges::all_of(
        broken, [](const broken_invariant& one) { return one.which && one.finding.replayed; });
    return sane && assessed.unexpected.empty() && assessed.missing.empty();
}

cell_verdict explore_cell(const matrix_case& what, options how) {
    how.model = what.model;
    const auto p = what.variant->make(what.setting);
    cell_verdict seen{.of = what, .explored = explore(*p, how)};
    verdict judged;
    judged.operations = seen.explored.runs();
    for (const finding& f : seen.explored.findings) {
        const std::optional<invariant> which = broken_by(f);
        const bool known = std::ranges::any_of(
            seen.broken, [&](const broken_invariant& one) { return one.which == which; });
        if (known) continue;
        if (which) judged.add({.broken = *which, .what = f.what});
        seen.broken.push_back({.which = which,
                               .finding = f,
                               .token = make_token(what, f.schedule, build_identity())});
    }
    std::ranges::sort(seen.broken, {}, &broken_invariant::which);
    // Where a scenario of a native run must show a breakage, a partial search need not.
    const bool all = seen.explored.complete || !seen.broken.empty();
    seen.assessed = assess(judged, *what.variant->info, what.setting.how,
                           all ? what.setting.scenario->name : std::string_view{"none"});
    return seen;
}

std::string to_string(const cell_verdict& seen) {
    const pidmap_setting& s = seen.of.setting;
    std::string text = fmt::format("holds, {}", extent(seen.explored));
    if (!seen.broken.empty()) {
        text = "fails: ";
        for (const broken_invariant& one : seen.broken)
            text += fmt::format("{}{}", &one == &seen.broken.front() ? "" : ", ",
                                one.which ? to_string(*one.which) : to_string(one.finding.kind));
        text += fmt::format("; {}", extent(seen.explored));
    }
    return text + fmt::format(": {} thread{} x {} round{}, {} pages of {} pids, {}, {} executions",
                              s.threads, s.threads == 1 ? "" : "s", s.rounds,
                              s.rounds == 1 ? "" : "s", s.pages, s.bits, to_string(seen.of.model),
                              seen.explored.runs());
}

std::string make_token(const matrix_case& what, const schedule& choices, std::string_view build) {
    return to_string(what) + separator +
           to_string(
               schedule_token{.configuration = configuration(what, build), .choices = choices});
}

std::optional<case_token> parse_case_token(std::string_view text, std::string_view build) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    const auto of = parse_matrix_case(text.substr(0, at));
    auto token = parse_token(text.substr(at + 1));
    if (!of || !token) return std::nullopt;
    return case_token{.of = *of,
                      .choices = std::move(token->choices),
                      .same_build = token->configuration == configuration(*of, build)};
}

const std::string& build_identity() {
    static const std::string identity = [] {
        std::ifstream self("/proc/self/exe", std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(self), {}};
        return fmt::format("{:08x}", hash_configuration(0, bytes));
    }();
    return identity;
}

}  // namespace pidmap_stress::explore
