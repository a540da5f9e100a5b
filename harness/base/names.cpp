#include "harness/base/names.hpp"

#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pidmap_stress {
namespace {

/// Without the differences that people overlook.
[[nodiscard]] std::string folded(std::string_view name) {
    std::string text(name);
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '-' || c == ' ') c = '_';
    }
    return text;
}

/// How many letters are to be added, left out, changed, or swapped with their neighbour.
[[nodiscard]] std::size_t slips_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, changed});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

[[nodiscard]] bool is_among(std::string_view name, std::span<const std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

}  // namespace

std::vector<std::string_view> names_of(std::span<const named_choice> choices) {
    std::vector<std::string_view> names;
    for (const named_choice& one : choices) names.push_back(one.name);
    return names;
}

bool known_names::contains(std::string_view name) const noexcept {
    return is_among(name, names) || is_among(name, by_name_only);
}

std::optional<std::string_view> nearest_name(std::string_view wanted,
                                             std::span<const std::string_view> names) {
    const std::string meant = folded(wanted);
    std::optional<std::string_view> best;
    std::size_t fewest = 1 + std::max<std::size_t>(1, meant.size() / 3);
    for (const std::string_view name : names) {
        // A short name is not a slip of another one: every letter of it would be.
        const std::size_t slips = slips_between(meant, folded(name));
        if (slips >= fewest || slips >= name.size()) continue;
        fewest = slips;
        best = name;
    }
    if (best || meant.size() < 3) return best;
    for (const std::string_view name : names) {
        if (!folded(name).starts_with(meant)) continue;
        if (best) return std::nullopt;
        best = name;
    }
    return best;
}

std::optional<std::string> unknown_name(const known_names& known, std::string_view wanted) {
    if (known.contains(wanted) || (known.all && wanted == "all")) return std::nullopt;
    std::string text = fmt::format("{} '{}' is unknown; ", known.option, wanted);
    std::vector<std::string_view> candidates = known.names;
    candidates.insert(candidates.end(), known.by_name_only.begin(), known.by_name_only.end());
    if (known.all) candidates.emplace_back("all");
    const auto home = std::ranges::find_if(
        known.elsewhere, [wanted](const other_names& one) { return is_among(wanted, one.names); });
    const auto meant = nearest_name(wanted, candidates);
    if (home != known.elsewhere.end())
        text += fmt::format("it is {} {}; choose", home->what, wanted);
    else
        text += meant ? fmt::format("did you mean {}? Choose", *meant) : std::string("choose");
    text += fmt::format(" from: {}", fmt::join(known.names, ", "));
    if (known.all) text += ", all";
    if (!known.by_name_only.empty())
        text += fmt::format(", or a {} (see pidmap-stress list)", known.called);
    else if (!known.called.empty())
        text += fmt::format("; {}s are in pidmap-stress-mutants", known.called);
    return text;
}

std::optional<std::string> unknown_name(const known_names& known,
                                        std::span<const std::string> wanted) {
    for (const std::string& one : wanted)
        if (auto wrong = unknown_name(known, std::string_view(one))) return wrong;
    return std::nullopt;
}

}  // namespace pidmap_stress
