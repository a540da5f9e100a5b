#include "harness/explorer/replay/pinned.hpp"

#include <cctype>
#include <stdexcept>

#include "harness/explorer/replay/token.hpp"

namespace pidmap_stress::explore {
namespace {

/// "use_after_free" as "UseAfterFree".
[[nodiscard]] std::string in_camel_case(std::string_view name) {
    std::string made;
    bool begins = true;
    for (const char c : name) {
        if (c == '_' || c == ' ') {
            begins = true;
            continue;
        }
        made += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        begins = false;
    }
    return made;
}

/// The options that decide what choices mean, as far as they are not the usual ones.
[[nodiscard]] std::string in_braces(const options& how) {
    const options usual;
    std::string text;
    const auto add = [&text](const std::string& member) {
        text += (text.empty() ? "" : ", ") + member;
    };
    if (how.model != usual.model) add(".model = model::" + std::string(to_string(how.model)));
    if (how.on_failure != usual.on_failure) add(".on_failure = cas_failure_order::as_success");
    std::string limits;
    const auto add_limit = [&limits](std::string_view name, unsigned is, unsigned usually) {
        if (is != usually)
            limits +=
                (limits.empty() ? "." : ", .") + std::string(name) + " = " + std::to_string(is);
    };
    add_limit("steps", how.limits.steps, usual.limits.steps);
    add_limit("spurious_failures", how.limits.spurious_failures, 0);
    add_limit("spurious_wakeups", how.limits.spurious_wakeups, 0);
    add_limit("failed_allocations", how.limits.failed_allocations, 0);
    if (!limits.empty()) add(".limits = {" + limits + "}");
    return "{" + text + "}";
}

}  // namespace

std::string to_word(const schedule& choices) {
    return to_string(schedule_token{.configuration = 0, .choices = choices});
}

schedule pinned(std::string_view word) {
    auto read = parse_token(word);
    if (!read || read->configuration != 0)
        throw std::invalid_argument(
            "'" + std::string(word) +
            "' is no schedule: it was damaged, or is another kind of token");
    return std::move(read->choices);
}

std::string to_test(const finding& f, const options& how, const test_names& names) {
    options of = how;
    if (f.frozen_thread != 0) of.freeze = {.thread = f.frozen_thread, .after = f.frozen_after};
    std::string braces = in_braces(of);
    if (of.freeze.thread != 0) {
        const std::string frozen = ".freeze = {.thread = " + std::to_string(of.freeze.thread) +
                                   ", .after = " + std::to_string(of.freeze.after) + "}";
        braces.insert(braces.size() - 1, braces == "{}" ? frozen : ", " + frozen);
    }
    const std::string name = names.name.empty() ? in_camel_case(to_string(f.kind)) : names.name;
    return "// " + std::string(to_string(f.kind)) + ": " + f.what + "\n" + "TEST(" + names.suite +
           ", " + name + ") {\n" + "    const auto again = replay(" + names.program +
           ",\n                              pinned(\"" + to_word(f.schedule) + "\"), " + braces +
           ");\n" + "    EXPECT_THAT(again, shows_nothing());\n" + "}\n";
}

}  // namespace pidmap_stress::explore
