#include "harness/programs/regression/regression.hpp"

#include <fmt/format.h>

#include <cctype>

#include "harness/explorer/replay/token.hpp"

namespace pidmap_stress::explore {
namespace {

/// Text as comment lines of at most this width.
[[nodiscard]] std::string commented(std::string_view text) {
    constexpr std::size_t width = 97;
    std::string out;
    std::string line;
    const auto end_line = [&] {
        if (!line.empty()) out += "//" + line + "\n";
        line.clear();
    };
    std::string word;
    const auto end_word = [&] {
        if (word.empty()) return;
        if (line.size() + 1 + word.size() > width) end_line();
        line += " " + word;
        word.clear();
    };
    for (const char c : text) {
        if (c != ' ' && c != '\n') {
            word += c;
            continue;
        }
        end_word();
        if (c == '\n') end_line();
    }
    end_word();
    end_line();
    return out;
}

/// "AsPostedLookupNoUnderflow1a2b3c4d": letters and digits, and different for each case.
[[nodiscard]] std::string test_name(const explored_case& what) {
    std::string words = fmt::format("{} {} {}", what.variant->info->name, to_string(what.how()),
                                    what.shows ? to_string(*what.shows) : "holds");
    std::string name;
    bool upper = true;
    for (const char c : words) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            upper = true;
            continue;
        }
        name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        upper = false;
    }
    return name + fmt::format("{:08x}", hash_configuration(0, to_string(what)));
}

}  // namespace

std::string what_breaks(std::string_view name, std::uint64_t budget) {
    const auto what = parse_case(name);
    if (!what) return fmt::format("'{}' is not a case of this build", name);
    const auto p = what->variant->make(what->program());
    const result seen = explore(*p, options_of(*what, {.budget = budget}));
    if (!seen.findings.empty()) {
        const finding& first = seen.findings.front();
        const auto which = broken_by(first);
        return fmt::format("{}{}{}; replay {}", which ? to_string(*which) : "", which ? ": " : "",
                           first.what, make_token(*what, first.schedule, build_identity()));
    }
    if (!seen.complete)
        return fmt::format("{} executions were not all: nothing broke in these", seen.executions);
    return "";
}

std::string regression_test(const explored_case& what, std::string_view headline) {
    return fmt::format(
        "{}//\n{}\n#include <gtest/gtest.h>\n\n#include "
        "\"harness/programs/regression/regression.hpp\"\n\n"
        "TEST(Regression, {}) {{\n    EXPECT_EQ(pidmap_stress::explore::what_breaks(\n"
        "                  \"{}\"),\n              \"\");\n}}\n",
        commented(headline), commented(describe(what.program())), test_name(what), to_string(what));
}

}  // namespace pidmap_stress::explore
