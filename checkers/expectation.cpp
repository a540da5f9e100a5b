#include "checkers/expectation.hpp"

#include <fmt/format.h>

namespace pidmap_stress {
namespace {

std::string names(invariant_set set) {
    std::string list;
    for (int i = 0; i < invariant_count; ++i) {
        const auto which = static_cast<invariant>(i);
        if (!set.contains(which)) continue;
        if (!list.empty()) list += ", ";
        list += to_string(which);
    }
    return list;
}

}  // namespace

bool assessment::as_expected() const noexcept {
    // A variant that must break and ended otherwise has something in `missing`.
    return (kind == verdict_kind::holds || kind == verdict_kind::violated) && unexpected.empty() &&
           missing.empty();
}

invariant_set missing_from(invariant_set broken, const variant_info& info, discipline how,
                           std::string_view scenario) noexcept {
    invariant_set missing;
    for (const breakage& known : info.breaks) {
        // An empty `shown_by` names no scenario, not the scenario without a name.
        const bool required = !known.shown_by.empty() && known.shown_by == scenario;
        if (!required || !known.where.contains(how)) continue;
        if (broken.contains(known.broken)) return {};
        missing.insert(known.broken);
    }
    return missing;
}

assessment assess(const verdict& seen, const variant_info& info, discipline how,
                  std::string_view scenario) noexcept {
    assessment result{.kind = seen.kind()};
    const invariant_set broken = seen.broken();
    for (int i = 0; i < invariant_count; ++i) {
        const auto which = static_cast<invariant>(i);
        if (broken.contains(which) && !info.breaks.expects(which, how))
            result.unexpected.insert(which);
    }
    result.missing = missing_from(broken, info, how, scenario);
    return result;
}

std::string to_string(const assessment& what) {
    if (what.as_expected()) return "as expected";
    std::string text;
    const auto clause = [&text](const std::string& one) {
        if (!text.empty()) text += "; ";
        text += one;
    };
    if (what.kind != verdict_kind::holds && what.kind != verdict_kind::violated)
        clause(std::string{to_string(what.kind)});
    if (!what.unexpected.empty()) clause("unexpected: " + names(what.unexpected));
    if (!what.missing.empty()) clause("none was shown of: " + names(what.missing));
    return text;
}

}  // namespace pidmap_stress
